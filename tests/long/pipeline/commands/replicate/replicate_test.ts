/** @file Published cells made again by the real command, on a small pipeline whose numbers a test moves. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseCommand } from "../../../../../pipeline/commands/options.ts";
import { command } from "../../../../../pipeline/commands/run.ts";
import type { Replicated } from "../../../../../pipeline/commands/replicate/report.ts";
import { machineInfo } from "../../../../../pipeline/run/machine.ts";
import { call, makeProbe } from "../../../../pipeline/helpers.ts";

/** Two models on three seeds: the value of a run is the seed, plus ten for the second. */
function makeTable() {
  const demo = makeProbe(`
    const runs = [];
    for (const [model, at] of [["one", 0], ["two", 10]]) {
      for (const seed of [0, 1, 2]) {
        runs.push({ tags: { model, seed }, job: g.job("measure", { value: at + seed }, {}, model + seed) });
      }
    }
    return g.table(runs);`);
  const any = `export const params = { safeParse: (data) => ({ success: true, data }) };\n`;
  demo.write(
    "pipeline/stages/measure.ts",
    `${any}const OFFSET = 0;
export function run(ctx) { return { files: {}, scalars: { loss: ctx.params.value + OFFSET } }; }\n`,
  );
  demo.write(
    "pipeline/stages/aggregate.ts",
    `${any}
export function run(ctx) {
  const names = Object.keys(ctx.inputs);
  const rows = ["one", "two"].map((model) => {
    const runs = names.filter((name) => name.startsWith("model=" + model));
    const values = runs.map((name) => ctx.inputs[name].scalars.loss);
    const value = values.reduce((a, b) => a + b) / 3;
    return { model, loss: { value, low: value - 2, high: value + 2, n: 3, runs, terms: [{ coefficient: 1, metric: "loss", runs }] } };
  });
  const summary = {
    columns: [{ id: "model", label: "model" }, { id: "loss", label: "loss" }], rows,
    verdict: { outcome: "undecided", rule: "r", reason: "r" }, findings: [], plots: [],
    scores: names.map((run) => ({ run, metric: "loss", value: ctx.inputs[run].scalars.loss })),
    tags: Object.fromEntries(names.map((run, i) => [run, ctx.params.runs[i]])),
  };
  return { files: { "summary.json": JSON.stringify(summary) } };
}\n`,
  );
  demo.edit(
    "pipeline/experiments/probes.ts",
    `{ id: "probes" }`,
    `{ id: "probes", title: "P", question: "?", hypothesis: "h", method: "m" }`,
  );
  return demo;
}

Deno.test("cells come again to the last bit, inside their intervals, or outside, which is exit code 1", async () => {
  using demo = makeTable();
  const options = ["--profile", "quick", "--jobs", "2"];
  const none = await call(demo, "replicate", ...options).catch((error) => error);
  assert.match(none.out ?? none.message, /reports\/quick holds no published results/);
  const publish = ["--root", demo.root, "--profile", "quick", "--jobs", "2"];
  assert.equal(await quietly(async () => await command(await parseCommand("run", publish))), 0);

  const same = await call(demo, "replicate", ...options, "--sample", "2");
  assert.equal(same.code, 0, same.out);
  assert.match(same.out, /^2 cells, 6 jobs, which took .* when they were published /m);
  assert.match(same.out, /2 equal to the last bit, 0 inside their intervals, 0 outside\./);
  assert.ok(same.out.includes(`published on ${machineInfo().description}`));

  const one = await call(demo, "replicate", ...options, "probes/2/loss");
  // The other model's runs are none of this cell's, and are not made.
  assert.match(one.out, /^1 cells?, 3 jobs, which took /m);
  assert.match(
    one.out,
    /probes\/2\/loss: equal to the last bit: 11 \[9, 13\] was published, 11 is/,
  );
  assert.deepEqual(one.ran, ["probes/two0", "probes/two1", "probes/two2"]);

  demo.edit("pipeline/stages/measure.ts", "OFFSET = 0;", "OFFSET = 2;");
  const table = join(demo.root, "reports", "replicated");
  const inside = await call(demo, "replicate", ...options, "--report", table, "probes/1/loss");
  assert.equal(inside.code, 0, inside.out);
  assert.match(inside.out, /inside the interval: 1 \[-1, 3\] was published, 3 is what came/);
  const written = JSON.parse(readFileSync(`${table}.json`, "utf8"));
  assert.deepEqual(
    written.cells.map(({ cell, agreement, again, published }: Replicated) => [
      ...[cell, agreement, again],
      published,
    ]),
    [["probes/1/loss", "inside", 3, { value: 1, low: -1, high: 3 }]],
  );
  assert.deepEqual(written.families, [{ family: "experiments", cells: 2, dear: 0 }]);
  assert.match(
    readFileSync(`${table}.md`, "utf8"),
    /^\| probes\/1\/loss \| 1 \[-1, 3\] \| 3 \| inside the interval \|$/m,
  );
  demo.edit("pipeline/stages/measure.ts", "OFFSET = 2;", "OFFSET = 2.5;");
  const outside = await call(demo, "replicate", ...options, "probes/1/loss");
  assert.equal(outside.code, 1);
  assert.match(outside.out, /OUTSIDE the interval: .* 3\.5 is what came/);
  assert.match(outside.out, /0 inside their intervals, 1 outside\./);

  demo.edit("pipeline/stages/measure.ts", "{ return {", `{ throw new Error("no"); return {`);
  const failed = await call(demo, "replicate", ...options, "probes/1/loss");
  assert.equal(failed.code, 1);
  assert.match(failed.out, /cannot be compared: its job probes\/one0 did not run/);
  demo.edit("pipeline/experiments/probes.ts", "[0, 1, 2]", "[0, 1, 3]");
  const other = await call(demo, "replicate", ...options).catch((error) => error);
  assert.match(other.out ?? other.message, /--sample 3: 0 published cells/);
  const left = readdirSync(join(demo.root, ".store")).filter((name) =>
    name.startsWith("replicate")
  );
  assert.deepEqual(left, [], "no store is left behind");
});

async function quietly<T>(work: () => Promise<T>): Promise<T> {
  const { log } = console;
  console.log = () => {};
  try {
    return await work();
  } finally {
    console.log = log;
  }
}
