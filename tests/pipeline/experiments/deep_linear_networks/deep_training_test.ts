/** @file The table of trained depths, its rule in every outcome, and its grid. */
import assert from "node:assert/strict";
import * as experiment from "../../../../pipeline/experiments/deep_linear_networks/deep_training.ts";
import { graphOf, runsOf, tableOf } from "../grids.ts";
import { assertFollows } from "../presented.ts";

type Excess = (depth: number, width: number, seed: number) => number;

/** Runs of the grid with these excesses over least squares; of width 16 the best map has .02. */
const made = (excess: Excess) =>
  runsOf(experiment, "standard").map(({ tags: { depth, width, seed } }) => {
    const [d, w, s] = [depth, width, seed].map(Number);
    const scalars = {
      ...{ excess: excess(d, w, s), reachable: w === 16 ? 0.02 : 0 },
      ...{ startRatio: 1 + d / 100, endRatio: 2 + s, startNorm: 4, norm: 1 + s },
    };
    return { tags: { depth: d, width: w, seed: s }, scalars, scores: {} };
  });
const good: Excess = (depth, width) => (width === 16 ? 0.02 : 0) + (depth > 100 ? 0.009 : 0.0009);
const outcome = async (excess: Excess) => (await tableOf(experiment, made(excess))).outcome;

Deno.test("a row for each depth and width, over the least loss of the width", async () => {
  const found = await tableOf(experiment, made(good));
  assert.deepEqual(
    found.summary.rows.map(({ depth, width }) => `${depth} ${width}`),
    ["10 96", "10 64", "10 16", "50 96", "100 96", "100 64", "100 16", "500 96", "1000 96"],
  );
  const narrow = found.cell({ depth: 10, width: 16 }, "excess");
  assert.ok(Math.abs(narrow.value - (1.0209 / 1.02 - 1)) < 1e-12);
  const at = { depth: 50, width: 96 };
  assert.equal(found.cell(at, "excess").n, 5);
  assert.equal(found.row(at).margin, 0.001);
  assert.equal(found.row({ depth: 500, width: 96 }).margin, 0.01);
  assert.equal(found.cell(at, "start_ratio").value, 1.5);
  assert.equal(found.cell(at, "end_ratio").value, 4); // of 2 to 6
  assert.equal(found.cell(at, "decline").value, 3 / 4); // of 1 to 5, over 4
  assert.deepEqual(found.observed(at, "seconds").observed, {
    ...{ name: "step seconds", scale: 1, stage: "train" },
  });
  assert.match(found.summary.findings[0], /^9 of 9 .* 1,000 layers/);
});

Deno.test("cells follow from what is published", async () => {
  const found = await tableOf(experiment, made(good));
  const { cells } = await assertFollows(new Map([["deep-training", found]]));
  assert.ok(cells > 30, `${cells}`);
});

Deno.test("every run must be within its margin; ten times the margin is failure", async () => {
  const except =
    (own: [depth: number, width: number, seed: number], value: number): Excess =>
    (depth, width, seed) =>
      String([depth, width, seed]) === String(own) ? value : good(depth, width, seed);
  assert.equal(await outcome(good), "supported");
  assert.equal(await outcome(except([100, 96, 3], 0.0011)), "undecided");
  assert.equal(await outcome(except([100, 96, 3], 0.0101)), "refuted");
  assert.equal(await outcome(except([1000, 96, 0], 0.0101)), "undecided");
  assert.equal(await outcome(except([1000, 96, 0], 0.0999)), "undecided");
  assert.equal(await outcome(except([1000, 96, 0], 0.101)), "refuted");
  assert.equal(await outcome(except([10, 16, 0], 0.0212)), "undecided");
  assert.equal(await outcome(except([10, 16, 0], 0.0208)), "supported");
});

Deno.test("the grid: five seeds to 100 layers, one beyond and with a bottleneck; the rate falls as 1 / depth, whatever the width", () => {
  assert.ok(graphOf(experiment, "quick").later.has("deep-training"));
  const seeds = new Map<string, number>();
  for (const { tags: { depth, width, seed }, job } of runsOf(experiment, "standard")) {
    const key = `${depth} ${width}`;
    seeds.set(key, (seeds.get(key) ?? 0) + 1);
    // deno-lint-ignore no-explicit-any -- parameters of any stage
    const training = (job.inputs.model as any).params;
    assert.equal(training.seeds[0].initialisation, seed);
    // deno-lint-ignore no-explicit-any -- parameters of any stage
    assert.equal((job.params as any).initialisation, seed);
    assert.equal(training.learningRate, Math.min(0.03, 4 / (96 * Number(depth))));
    assert.equal(
      training.tolerance,
      width === 96 ? (Number(depth) > 100 ? 0.01 : 0.001) : undefined,
    );
  }
  assert.deepEqual([...seeds.values()], [5, 5, 5, 1, 1, 1, 1, 1, 1]);
});
