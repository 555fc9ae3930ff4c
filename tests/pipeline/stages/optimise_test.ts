/** @file The stage that counts the steps of optimisers, against gradient descent by hand in float64. */
import assert from "node:assert/strict";
import { imbalance } from "../../../lib/dynamics/balancedness.ts";
import { descended, gradients, productOf } from "../../../lib/dynamics/chain.ts";
import { type Course, raceProblem } from "../../../lib/dynamics/race.ts";
import { endGradient, relativeExcess } from "../../../lib/dynamics/regression.ts";
import { singularValues, symmetricEigen } from "../../../lib/linalg/svd.ts";
import { determinant, Matrix } from "ml-matrix";
import { pilot } from "../../../pipeline/estimate/pilots/optimise.ts";
import * as optimise from "../../../pipeline/stages/optimise.ts";
import { runStage } from "./run_stage.ts";

const course: Course = { width: 3, depth: 3, condition: 4, inputs: 9 };

/** Steps of gradient descent to an excess of 10 %, in float64; the cap where it takes more. */
function byHand(seed: number, rate: number, cap: number): number {
  const { regression, sizes, layers } = raceProblem(seed, course);
  let chain = { sizes, layers } as Parameters<typeof productOf>[0];
  for (let step = 0; step < cap; step++) {
    if (relativeExcess(regression, productOf(chain)) <= 0.1) return step;
    chain = descended(chain, gradients(chain, (X) => endGradient(regression, X)), rate);
  }
  return cap;
}

const rates = [0.02, 0.08, 5];
const params = {
  optimiser: { name: "sgd" },
  course,
  rates,
  tuningSeeds: [1, 2],
  seeds: [3, 4, 5, 6, 7, 8],
  target: 0.1,
  cap: 150,
};

Deno.test("the rate that brings the slower of the tuning problems there first is the one that counts", async () => {
  const made = await runStage(optimise, params);
  const { steps, reached, tried } = made.json("scores.json");
  assert.equal(made.scalars.rate, 0.08);
  assert.equal(made.scalars.edge, 0);
  const expected = params.seeds.map((seed) => byHand(seed, 0.08, 150));
  assert.deepEqual(steps, expected);
  assert.ok(new Set(expected).size > 1);
  assert.deepEqual(reached, expected.map((count) => count < 150 ? 1 : 0));
  const mean = expected.reduce((a, b) => a + b) / 6;
  assert.ok(Math.abs(made.scalars.steps - mean) < 1e-9);
  // Trials by rate, then by seed; those that need not go on count the cap, like those that blew up.
  assert.deepEqual(tried.slice(2, 4), [1, 2].map((seed) => byHand(seed, 0.08, 150)));
  assert.deepEqual(tried.slice(4), [150, 150]);
  assert.ok(made.observed["step seconds"] > 0);
  assert.deepEqual(made.progress, [[1, 2], [2, 2]]);
  assert.equal(made.digests.length, 1);
});

Deno.test("where no rate gets there the least is used, and every run is censored", async () => {
  const made = await runStage(optimise, { ...params, cap: 2 });
  assert.deepEqual(made.json("scores.json").steps, Array(6).fill(2));
  const { rate, edge, steps, reached } = made.scalars;
  assert.deepEqual([rate, edge, steps, reached], [0.02, 1, 2, 0]);
});

Deno.test("problems are of the conditions that are asked for, balanced, and of one sign of the determinant", () => {
  for (const seed of [0, 1, 2, 3]) {
    const { regression, sizes, layers } = raceProblem(seed, course);
    const { optimum, covariance, noise } = regression;
    const s = singularValues(optimum, 3, 3);
    [2, 1, 0.5].forEach((value, i) => assert.ok(Math.abs(s[i] - value) < 1e-12));
    const { values } = symmetricEigen(covariance!, 3);
    [1 / 3, 1, 3].forEach((value, i) => assert.ok(Math.abs(values[i] - value) < 1e-12));
    const chain = { sizes, layers: layers as Float64Array<ArrayBuffer>[] };
    const product = productOf(chain);
    for (const u of singularValues(product, 3, 3)) assert.ok(Math.abs(u - 0.25) < 1e-12);
    assert.ok(imbalance(chain) < 1e-12);
    const sign = (A: Float64Array) => Math.sign(determinant(Matrix.from1DArray(3, 3, [...A])));
    assert.equal(sign(product), sign(optimum));
    assert.ok(Math.abs(relativeExcess(regression, new Float64Array(9)) - 1) < 1e-12 && noise! > 0);
  }
});

Deno.test("seeds must fill the program that the trials are run by; a pilot is the job itself", () => {
  const parse = (change: object) => () => optimise.params().parse({ ...params, ...change });
  assert.throws(parse({ seeds: [1, 2] }), /as many seeds as rates times tuningSeeds/);
  assert.throws(parse({ rates: [] }));
  assert.throws(parse({ cap: 0 }));
  assert.throws(parse({ course: { ...course, depth: 0 } }));
  const parsed = optimise.params().parse(params) as optimise.Params;
  assert.deepEqual(optimise.modules(parsed).optimiser.path, "lib/train/optimisers/sgd.ts");
  const { units, of, params: run } = pilot(parsed);
  assert.deepEqual([units, of, run], [1, 1, parsed]);
});
