/**
 * @file Runs on a real SLURM (cluster.ts), undisturbed and with everything killed that can be: nothing is lost, and the bytes are those of
 * a run on this machine.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { Mailbox } from "../../../../../../pipeline/run/executors/slurm/mailbox.ts";
import { machineInfo } from "../../../../../../pipeline/run/machine.ts";
import { Catalog } from "../../../../../../pipeline/store/catalog.ts";
import { call, type Demo, makeProbe, start } from "../../../../../pipeline/helpers.ts";
import { addStage, gateOf, openGate } from "../../../../../pipeline/run/helpers.ts";
import { clusterTest, until } from "./cluster.ts";

/** Jobs that save a checkpoint and wait for a gate, and what is made from those and another's result. */
function makeJobs(): Demo {
  const demo = makeProbe(`
    const inputs = {};
    for (const id of [1, 2]) inputs["hold" + id] = g.job("hold", { id }, {}, "hold" + id);
    inputs.mean = g.job("fit", { model: "mean" }, { data: g.job("generate", { seed: 1 }, {}, "data") }, "fit");
    return g.job("gather", {}, inputs, "table");`);
  const gate = JSON.stringify(gateOf(demo, "end"));
  addStage(
    demo,
    "hold",
    `const saved = await ctx.checkpoint.load();
    await ctx.checkpoint.save(Uint8Array.of((saved?.[0] ?? 0) + 1));
    ctx.progress(1, 2);
    while (!existsSync(${gate})) {
      ctx.signal.throwIfAborted();
      await new Promise((go) => setTimeout(go, 20));
    }
    ctx.observe("starts before", saved?.[0] ?? 0);`,
  );
  addStage(demo, "gather", "");
  return demo;
}

/** Of every job what it left, and where. */
async function jobsOf({ root }: Demo) {
  const catalog = await Catalog.read(join(root, ".store"));
  try {
    const rows = await catalog.query("SELECT label, content, machine, key FROM job ORDER BY label");
    const observed = await catalog.query("SELECT job_key, name, value FROM observation");
    const machines = await catalog.query("SELECT id FROM machine");
    const of = (key: unknown, name: string) =>
      observed.find((row) => row.job_key === key && row.name === name)?.value as number | undefined;
    return {
      contents: Object.fromEntries(rows.map(({ label, content }) => [label, content])),
      machines: new Set(rows.map(({ machine }) => machine)),
      known: machines.map(({ id }) => id),
      observed: (label: string, name: string) =>
        of(rows.find((row) => row.label === `probes/${label}`)?.key, name),
    };
  } finally {
    await catalog.close();
  }
}

clusterTest(
  "a run that loses controller, node, tasks and coordinator leaves what a run here leaves",
  { nodes: 3 },
  async (cluster, t) => {
    using demo = makeJobs();
    const mailbox = new Mailbox(join(demo.root, ".store"));
    const options = ["--executor", "slurm", "--jobs", "3", "--time", "hold=10"];
    /** Both jobs have saved something and wait. */
    const held = () =>
      until(
        () => ["hold1", "hold2"].every((label) => starts(mailbox, label) !== undefined),
        "tasks for both jobs",
      );
    const endTask = async (label: string) => {
      const { task } = claimOf(mailbox, label)!;
      await cluster.ask("scancel", "--signal=TERM", "--batch", task);
      const isThere = () => mailbox.claims().some((claim) => claim.task === task);
      await until(() => !isThere(), `the task of ${label} to end`);
    };
    openGate(demo, "end");
    const here = await call(demo, "run");
    assert.equal(here.code, 0, here.out);
    const expected = await jobsOf(demo);
    Deno.removeSync(join(demo.root, ".store"), { recursive: true });

    await t.step("what SLURM would refuse is said before anything runs", async () => {
      const refused = await call(demo, "run", ...options, "--partition", "nowhere");
      assert.equal(refused.code, 1);
      assert.match(refused.out, /sbatch .*--partition=nowhere: .*invalid partition/i);
      assert.deepEqual(refused.ran, []);
      const astray = await call(demo, "run", ...options, "--time", "trian=5");
      assert.match(astray.out, /--time trian=5: there is no stage "trian"; the stages are /);
    });

    await t.step("controller, node, tasks and coordinator are killed", async () => {
      const first = start(demo, "run", ...options);
      await held();
      await cluster.killController();
      cluster.startController();
      await until(async () => (await cluster.tasks()).length > 0, "the controller");
      // The node takes its tasks along.
      await cluster.setNode("down");
      await first.says("its task ended");
      await until(() => !mailbox.claims().length, "the end of all tasks");
      await cluster.setNode("resume");
      await held();
      first.kill("SIGKILL");
      await first.ended;
      // Its tasks go on. One ends as at its time limit, while nobody looks; another when somebody does.
      await endTask("hold1");
      const second = start(demo, "run", ...options);
      await held();
      await endTask("hold2");
      await second.says("its task ended");
      openGate(demo, "end");
      const ended = await second.ended;
      assert.equal(ended.code, 0, ended.out);
      const found = await jobsOf(demo);
      assert.deepEqual(found.contents, expected.contents);
      assert.deepEqual([...found.machines], [machineInfo().id]);
      assert.deepEqual(found.known, [machineInfo().id]);
      for (const label of ["hold1", "hold2"]) {
        assert.ok(found.observed(label, "starts before")! >= 2, "it went on from its checkpoint");
      }
      assert.ok(found.observed("data", "cpu seconds")! > 0);
      assert.ok(found.observed("data", "peak memory bytes")! > 2 ** 20);
      // This cluster keeps no accounts, and nobody has to hear of it.
      assert.equal(found.observed("data", "task seconds"), undefined);
      assert.doesNotMatch(ended.out, /accounting|accounts/);
      await until(async () => !(await cluster.tasks()).length, "the end of idle tasks");
      assert.deepEqual([mailbox.claims(), mailbox.delivered(), mailbox.waitingKeys()], [
        [],
        [],
        [],
      ]);
    });

    await t.step(
      "--detach leaves jobs to their tasks, status says where, Ctrl-C stops them",
      async () => {
        for (const path of [".store", "pipeline/stages/hold.ts"]) {
          if (path === ".store") Deno.removeSync(join(demo.root, path), { recursive: true });
          else demo.edit(path, "throwIfAborted();", "throwIfAborted(); // later");
        }
        const left = await call(demo, "run", ...options, "--detach");
        assert.equal(left.code, 0, left.out);
        assert.match(
          left.out,
          /\d jobs are left to SLURM or wait for those; the same command collects/,
        );
        await held();
        const status = await call(demo, "status");
        assert.match(status.out, /running: probes\/hold1 \(SLURM \d+_\d+ on node1\)/);
        // The other two of what was ready or behind it: one wait is over when both tasks are taken.
        const gc = await call(demo, "gc", "--yes");
        assert.match(gc.out, /tasks of SLURM work in/);
        const third = start(demo, "run", ...options);
        // It has collected what was done, and gone on behind that.
        await third.says("fit probes/fit (");
        third.kill("SIGINT");
        const stopped = await third.ended;
        assert.equal(stopped.code, 130, stopped.out);
        await until(async () => !(await cluster.tasks()).length, "the end of all tasks");
        openGate(demo, "end");
        const last = await call(demo, "run", ...options);
        assert.equal(last.code, 0, last.out);
        assert.deepEqual((await jobsOf(demo)).contents, expected.contents);
      },
    );
  },
);

/** A task's claim to a job that it has begun. */
function claimOf(mailbox: Mailbox, label: string) {
  return mailbox.claims().find(({ task, name }) => {
    try {
      const text = Deno.readTextFileSync(join(mailbox.dir, "claimed", task, name));
      return JSON.parse(text).spec.label === `probes/${label}`;
    } catch {
      return false; // It has ended meanwhile.
    }
  });
}

/** What the task has said of a job, once it has. */
function starts(mailbox: Mailbox, label: string) {
  const claim = claimOf(mailbox, label);
  return claim && mailbox.listen(claim.task, 0).messages
    .find((message) => message.key === claim.key && message.type === "progress");
}
