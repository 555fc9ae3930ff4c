/** @file MASE and skill by numbers that can be worked out by hand. */
import assert from "node:assert/strict";
import { evaluate } from "../../../lib/tasks/forecasting/evaluate.ts";
import { makeProblem, type Problem } from "../../../lib/tasks/forecasting/problem.ts";
import * as seasonalNaive from "../../../lib/tasks/forecasting/references/seasonal_naive.ts";
import {
  meanAbsoluteScaledError,
  naiveErrors,
  skillScore,
} from "../../../lib/tasks/forecasting/scaled_errors.ts";

const problem = (season?: number) =>
  ({
    channels: [Float64Array.of(0, 1, 3, 6, 10, 99), Float64Array.of(5, 4, 3, 2, 1, 50)],
    split: { train: [0, 5] },
    season,
  }) as unknown as Problem;

Deno.test("naive errors: mean absolute changes over a row or a season, in the training rows alone", () => {
  assert.deepEqual([...naiveErrors(problem())], [10 / 4, 1]);
  assert.deepEqual([...naiveErrors(problem(2))], [(3 + 5 + 7) / 3, 2]);
  const later = { ...problem(), split: { train: [2, 5] } } as unknown as Problem;
  assert.deepEqual([...naiveErrors(later)], [(3 + 4) / 2, 1]);
});

const scored = (...maes: number[]) => ({
  test: {
    ...{ mse: 0, mae: 0, windows: 1, squaredErrors: new Float64Array(0) },
    channels: maes.map((mae) => ({ mse: 0, mae })),
  },
});

Deno.test("MASE: the mean over columns of MAE over naive error; none where a naive forecast is exact", () => {
  assert.equal(meanAbsoluteScaledError(scored(1, 6), Float64Array.of(2, 3)), 1.25);
  assert.equal(meanAbsoluteScaledError(scored(1, 6), Float64Array.of(2, 0)), undefined);
  assert.equal(meanAbsoluteScaledError(scored(1), Float64Array.of(NaN)), undefined);
});

Deno.test("MASE: of the seasonal naive forecast on a random walk by season it is near 1, whatever the units", async () => {
  // Each season's row wanders by steps of 1 or -1: every forecast of the next season errs by 1.
  const rows = 200, season = 4;
  const x = new Float64Array(rows);
  for (let t = 0; t < rows; t++) x[t] = (t < season ? 0 : x[t - season]) + (t * 7 % 3 ? 1 : -1);
  const series = { file: "f", columns: ["a"], channels: [x.map((v) => 1e6 * v)], rows, notes: [] };
  const made = makeProblem(series, { lookback: 4, horizon: 4, split: "70/10/20", season });
  const tested = await evaluate(made, seasonalNaive.fit(made).forecaster);
  const mase = meanAbsoluteScaledError(tested, naiveErrors(made))!;
  assert.ok(Math.abs(mase - 1) < 1e-9, `${mase}`);
});

Deno.test("skill: the share of the other's MSE that is gone, below 0 where it is worse", () => {
  assert.deepEqual([skillScore(1, 4), skillScore(6, 4), skillScore(0, 4)], [0.75, -0.5, 1]);
  assert.equal(skillScore(1, 0), undefined);
});
