/** @file Optimisers by depth: the grid, the table from steps made by hand, and the rule. */
import assert from "node:assert/strict";
import * as experiment from "../../../../pipeline/experiments/deep_linear_networks/optimisers.ts";
import type { Params } from "../../../../pipeline/stages/optimise.ts";
import type { Tags } from "../../../../pipeline/tags.ts";
import { close } from "../close.ts";
import { graphOf, runsOf, tableOf } from "../grids.ts";
import { interval, judged } from "./made_studies.ts";

Deno.test("the grid: five optimisers at four depths, rates by the law or over the depth, tuned on other problems", () => {
  assert.equal(graphOf(experiment, "quick").later.get("optimisers"), "standard");
  const runs = runsOf(experiment, "standard");
  assert.equal(runs.length, 20);
  const names = new Map<string, [string, object]>([
    ["gradient descent", ["sgd", {}]],
    ["momentum", ["sgd", { momentum: 0.9 }]],
    ["Adam", ["adam", {}]],
    ["Muon", ["muon", {}]],
    ["Shampoo", ["shampoo", {}]],
  ]);
  for (const { tags: { optimiser, depth }, job } of runs) {
    const params = job.params as Params;
    const [name, options] = names.get(String(optimiser))!;
    assert.deepEqual(params.optimiser, { name, options });
    assert.deepEqual(params.course, { width: 8, condition: 4, inputs: 10, depth });
    assert.deepEqual([params.tuningSeeds, params.seeds, params.cap], [[0, 1], judged, 1000]);
    assert.equal(params.target, 0.01);
    // Largest singular value 2, largest eigenvalue sqrt 10.
    const limit = 2 / (Math.sqrt(10) * Number(depth) * 2 ** (2 - 2 / Number(depth)));
    const shares = optimiser === "gradient descent"
      ? [0.5, 0.9, 1.25, 1.6, 2.2].map((share) => share * limit)
      : optimiser === "momentum"
      ? [0.05, 0.1, 0.2, 0.5, 1].map((share) => share * limit)
      : [0.5, 0.25, 0.12, 0.06, 0.03].map((rate) => rate / Number(depth));
    params.rates.forEach((rate, i) => close(rate / shares[i], 1));
  }
});

/** Steps by seed, with those of some runs changed. */
function table(change: (tags: Tags, seed: number) => number | undefined = () => undefined) {
  return tableOf(
    experiment,
    runsOf(experiment, "standard").map(({ tags }) => {
      const usual = tags.optimiser === "gradient descent" ? 40 * Number(tags.depth) : 30;
      const steps = judged.map((seed) => change(tags, seed) ?? usual);
      const reached = steps.map((count) => count < 1000 ? 1 : 0);
      const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / 10;
      const scalars = { steps: mean(steps), reached: mean(reached), rate: 0.5, edge: 1 };
      return { tags, scores: { steps, reached, tried: [] }, scalars };
    }).toReversed(),
  );
}

Deno.test("a row is an optimiser at a depth: steps with their interval, who got there, seconds, the rate", async () => {
  const made = await table(({ optimiser, depth }, seed) =>
    optimiser === "Muon" && depth === 8 ? 10 * seed : seed === 10 && depth === 2 ? 1000 : undefined
  );
  assert.equal(made.summary.rows.length, 20);
  const row = { optimiser: "Muon", depth: 8 };
  const steps = made.cell(row, "steps_taken");
  const expected = interval(judged.map((seed) => 10 * seed));
  close(steps.value, 145);
  close(steps.low, expected.low);
  close(steps.high, expected.high);
  close(made.cell({ optimiser: "Adam", depth: 2 }, "reached").value, 0.9);
  close(made.cell(row, "rate").value, 0.5);
  close(made.cell(row, "edge").value, 1);
  const { observed, runs } = made.observed(row, "seconds");
  assert.deepEqual(observed, { name: "step seconds", times: "steps" });
  assert.deepEqual(runs, ["depth=8/optimiser=Muon"]);
  assert.match(
    made.summary.findings[0],
    /from 1 to 64 layers: .*Muon 30, 127, 145, 30; .* 6 of 20 /,
  );
});

Deno.test("each clause can refute, and be open where half of the seeds differ", async () => {
  assert.equal((await table()).outcome, "supported");
  const at = async (optimiser: string, depth: number, steps: number, half = false) =>
    (await table((tags, seed) =>
      tags.optimiser === optimiser && tags.depth === depth && !(half && seed % 2)
        ? steps
        : undefined
    )).outcome;
  const descent = 40 * 64;
  assert.equal(await at("gradient descent", 2, descent / 2 + 1), "refuted");
  assert.equal(await at("gradient descent", 2, descent / 2 - 1), "supported");
  for (const optimiser of ["Adam", "Muon", "Shampoo"]) {
    assert.equal(await at(optimiser, 64, descent + 1), "refuted");
    assert.equal(await at(optimiser, 64, descent - 1), "supported");
    assert.equal(await at(optimiser, 64, 1e7, true), "undecided");
    assert.equal(await at(optimiser, 8, 1e6), "supported");
  }
});
