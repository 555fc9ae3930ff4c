/** @file A real SLURM's limit of time, what `status` says of a run that waits for its tasks, and who is asked for an engine. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { Catalog } from "../../../../../../pipeline/store/catalog.ts";
import { call, makeProbe, start } from "../../../../../pipeline/helpers.ts";
import { addStage, gateOf, openGate } from "../../../../../pipeline/run/helpers.ts";
import { clusterTest, until } from "./cluster.ts";

clusterTest("a job that is longer than its task goes on in the next, from what it has saved", {
  nodes: 2,
}, async () => {
  using demo = makeProbe(`return g.job("hold", {}, {}, "table");`);
  addStage(
    demo,
    "hold",
    `const saved = await ctx.checkpoint.load();
      await ctx.checkpoint.save(Uint8Array.of((saved?.[0] ?? 0) + 1));
      ctx.progress(1, 2);
      while (!existsSync(${JSON.stringify(gateOf(demo, "end"))})) {
        ctx.signal.throwIfAborted();
        await new Promise((go) => setTimeout(go, 20));
      }
      ctx.observe("starts before", saved?.[0] ?? 0);`,
  );
  // The machine that submits is not asked: it may have no GPU where the nodes have one.
  const engine = await call(demo, "run", "--executor", "slurm", "--engine", "auto", "--dry-run");
  assert.equal(engine.code, 0, engine.out);
  assert.match(
    engine.out,
    /^Asking a node of the cluster what it has for ort-webgpu \(srun\)\.$/m,
  );
  assert.match(engine.out, /1 of 1 jobs would run/);

  const run = start(demo, "run", "--executor", "slurm", "--jobs", "1", "--time", "hold=1");
  const status = () => call(demo, "status");
  const line = /^running: probes\/table 1\/2 \(SLURM \d+_0 on node1\)$/m;
  await until(async () => line.test((await status()).out), "the job to run");
  // One minute; it is asked to end somewhat before.
  await run.says("its task ended");
  await until(async () => /queued/.test((await status()).out), "the job to wait again");
  openGate(demo, "end");
  const ended = await run.ended;
  assert.equal(ended.code, 0, ended.out);
  const catalog = await Catalog.read(join(demo.root, ".store"));
  const [row] = await catalog.query("SELECT value FROM observation WHERE name = 'starts before'");
  await catalog.close();
  assert.ok((row.value as number) >= 1, "it went on from its checkpoint");
  assert.match((await status()).out, /^1 of 1 jobs are done/m);
});
