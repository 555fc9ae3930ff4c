/** @file What the tables read of the scores of models and of the two ends, from runs made by hand. */
import assert from "node:assert/strict";
import {
  agreement,
  gap,
  kalmanOf,
  modelOf,
  ratio,
  zeroOf,
} from "../../../../pipeline/experiments/transformer_filters/shared/predictors.ts";
import { type Run, Runs } from "../../../../pipeline/table/runs.ts";
import { nameOf, type Tags } from "../../../../pipeline/tags.ts";

function runsOf(...all: { tags: Tags; scores?: unknown; scalars?: unknown }[]): Runs {
  const runs = all.map(({ tags, scores, scalars }) => ({
    ...{ name: nameOf(tags), tags, scalars, json: () => scores },
  }));
  return new Runs(runs as unknown as Run[]);
}

/** Scores whose fields differ from each other and from those of other starts. */
const score = (at: number) => ({
  ...{ ratio: at + 1, rawRatio: at + 2, zero: at + 3, rawZero: at + 4, gapClosed: at + 5 },
  discrepancy: 0,
});

Deno.test("a model's scores are its own, of the part that is asked for, at the horizon that is asked for", () => {
  const of = (seed: number, model: string, result: string, at: number) => ({
    tags: { seed, model, result },
    scores: {
      overall: score(at),
      aligned: score(at + 10),
      byHorizon: [at + 20, at + 30].map(score),
    },
    scalars: { steps: at },
  });
  const runs = runsOf(
    ...[0, 1].flatMap((seed) =>
      ["a", "b"].flatMap((model, m) =>
        ["training", "one-step", "rollout"].map((result, r) =>
          of(seed, model, result, 10000 * seed + 1000 * m + 100 * r)
        )
      )
    ),
  );
  const model = modelOf(runs, { model: "b" });
  assert.deepEqual(model.oneStep(ratio).values, [1101, 11101]);
  assert.deepEqual(model.aligned(gap).values, [1115, 11115]);
  assert.deepEqual(model.ahead(1, ratio).values, [1231, 11231]);
  assert.deepEqual(model.training!("steps").values, [1000, 11000]);
});

Deno.test("zero has the scores that the data give it and closes nothing; the filter's rollouts close all", () => {
  const scores = (at: number) => ({
    zero: { oneStep: score(at), rollout: [score(at + 10), score(at + 20)] },
    kalman: { oneStep: score(at + 30), rollout: [score(at + 40), score(at + 50)] },
  });
  const runs = runsOf(
    { tags: { lambda: 1, seed: 0, result: "baseline" }, scores: scores(0) },
    { tags: { lambda: 1, seed: 0, result: "baseline-far" }, scores: scores(100) },
    { tags: { lambda: 2, seed: 0, result: "baseline" }, scores: scores(200) },
  );
  const [zero, kalman] = [zeroOf, kalmanOf].map((end) => end(runs, { lambda: 1 }));
  for (const part of [zero.oneStep, zero.aligned]) {
    assert.deepEqual(part(ratio).values, [3]);
    assert.deepEqual(part((s) => s.rawRatio).values, [4]);
    assert.deepEqual(part(gap).values, [0]);
  }
  assert.deepEqual([zero.ahead(1, ratio).values, zero.ahead(1, gap).values], [[123], [0]]);
  assert.deepEqual([kalman.oneStep(ratio).values, kalman.oneStep(gap).values], [[31], [35]]);
  assert.deepEqual([kalman.ahead(0, ratio).values, kalman.ahead(0, gap).values], [[141], [1]]);
  assert.deepEqual([zero.training, kalman.training], [undefined, undefined]);
});

Deno.test("the leak test is over all runs one step ahead, and names those that have seen what they predict", () => {
  const said = (...scores: [leak: number, ratio: number, discrepancy?: number][]) =>
    agreement(runsOf(
      {
        tags: { seed: 9, result: "rollout" },
        scores: { overall: { leak: 9, discrepancy: 9, ratio: 1, sequences: 128 } },
      },
      ...scores.map(([leak, ratio, discrepancy = 0], seed) => ({
        tags: { seed, result: "one-step" },
        scores: { overall: { leak, discrepancy, ratio, sequences: 128 } },
      })),
    ));
  const three = said([1, 1.5], [-2.5, 1.25, -3.5], [2, 1 + 2 ** -20, 3.2]);
  assert.match(
    three,
    /over 3 scored runs: no run has seen .* at most 2\.50 standard errors from 0/,
  );
  // 6 times scipy.stats.t.sf(2.5, 127) = .00685
  assert.match(three, /smallest p, by Bonferroni, 0\.041\)/);
  assert.match(three, /differ by at most 3\.50 standard errors; .* 1 \+ 9\.5e-7/);
  const leak = said([5, 1.5], [0.1, 1.25], [-6, 1.5]);
  assert.match(
    leak,
    /: A LEAK: 2 runs .* \(result=one-step\/seed=0, result=one-step\/seed=2\), so no number here counts/,
  );
  assert.match(said([0, 2]), /over 1 scored .* 0\.00 .* 1 \+ 1\.0e\+0\.$/);
});
