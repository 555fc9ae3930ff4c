/** @file The graph of jobs as a store knows it, on the demonstration pipeline. */
import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readStanding, type StandingJob } from "../../../pipeline/run/standing.ts";
import { call, makeDemo } from "../helpers.ts";

const brief = (jobs: StandingJob[]) =>
  jobs.map(({ label, state, inputs, experiments }) =>
    `${label} ${state} ${inputs.join("+")} ${experiments.join("+")}`
  );

Deno.test("the graph has states, inputs and experiments, and a stale job says which file, parameter or object", async () => {
  using demo = makeDemo();
  const read = (profile: string) => readStanding({ root: demo.root, store: ".store", profile });
  const ask = async () => await (await read("smoke"))?.jobs();
  assert.equal(await ask(), undefined, "there is no store");
  const { code, out } = await call(demo, "run", "--only", "means", "--profile", "smoke");
  assert.equal(code, 0, out);
  const part = (await ask())!;
  assert.deepEqual(brief(part), [
    "slopes/seed=1/data done  slopes+means",
    "slopes/seed=1/fit stale 0 slopes",
    "slopes/seed=2/data stale  slopes",
    "slopes/seed=2/fit waiting 2 slopes",
    "slopes/table waiting 1+3 slopes",
    "means/fit done 0 means",
    "means/table done 5 means",
  ]);
  assert.deepEqual(part[1].why, ["it never ran to its end under this label"]);
  assert.deepEqual([part[0].why, part[3].why], [undefined, undefined]);
  assert.equal(
    (await (await read("paper"))!.jobs()).filter(({ state }) => state === "done").length,
    3,
    "a job of another profile is the same job",
  );
  // A key for each state of things.
  const keys = [(await read("smoke"))!.key, (await read("smoke"))!.key, (await read("paper"))!.key];
  assert.ok(keys[0] === keys[1] && keys[0] !== keys[2]);
  demo.edit("lib/models/mean.ts", "Math.max(1,", "Math.max(2,");
  demo.edit("pipeline/experiments/means.ts", "seed: 1", "seed: 1, length: 17");
  const edited = (await ask())!;
  const data = edited.find(({ label }) => label === "means/data")!;
  assert.deepEqual([data.state, data.why], ["stale", ["parameter: length: 16 -> 17"]]);
  demo.edit("pipeline/experiments/means.ts", "seed: 1, length: 17", "seed: 1");
  // As in a store that may only be read: nothing is kept there between two questions.
  rmSync(join(demo.root, ".store/cache"), { recursive: true });
  writeFileSync(join(demo.root, ".store/cache"), "");
  const fit = (await ask())!.find(({ label }) => label === "means/fit")!;
  assert.equal(fit.state, "stale");
  assert.ok(fit.why!.some((line) => line.startsWith("code: lib/models/mean.ts: ")), `${fit.why}`);
});
