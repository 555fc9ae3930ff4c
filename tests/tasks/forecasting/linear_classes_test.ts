/** @file Least squares over smaller classes of linear maps, against dense normal equations over every window. */
import assert from "node:assert/strict";
import { Matrix, solve } from "ml-matrix";
import * as multiScale from "../../../lib/tasks/forecasting/references/multi_scale.ts";
import * as ols from "../../../lib/tasks/forecasting/references/ols.ts";
import * as toeplitz from "../../../lib/tasks/forecasting/references/toeplitz.ts";
import { makeProblem, type Problem } from "../../../lib/tasks/forecasting/problem.ts";
import { randomSeries, relativeError, windows } from "./fixtures.ts";

function problemOf(lookback: number, horizon: number): Problem {
  const problem = makeProblem(randomSeries(101, 2, 2), { lookback, horizon, split: "70/10/20" });
  problem.split.train[0] = 4;
  return problem;
}

/**
 * The coefficients of least squares over centred windows, all steps ahead stacked in one regression: column j of `design` is what
 * coefficient j adds to step h of a window.
 */
function stackedSolution(
  { channels, split, lookback, horizon }: Problem,
  columns: number,
  design: (window: number[], h: number) => number[],
  ridge: number,
): { coefficients: number[]; loss: number } {
  const all = windows(channels, split.train, lookback + horizon);
  const means = all[0].map((_, a) => all.reduce((s, z) => s + z[a], 0) / all.length);
  const centred = all.map((z) => z.map((v, a) => v - means[a]));
  const rows = centred.flatMap((z) => Array.from({ length: horizon }, (_, h) => design(z, h)));
  const targets = centred.flatMap((z) => z.slice(lookback));
  const F = new Matrix(rows);
  const A = F.transpose().mmul(F).add(Matrix.eye(columns).mul(ridge));
  const found = solve(A, F.transpose().mmul(Matrix.columnVector(targets)));
  const errors = F.mmul(found).to1DArray().map((v, i) => (v - targets[i]) ** 2);
  return {
    coefficients: found.to1DArray(),
    loss: errors.reduce((a, b) => a + b) / errors.length,
  };
}

for (const [lookback, horizon] of [[5, 3], [1, 1], [1, 4], [6, 1]]) {
  Deno.test(`the best Toeplitz map from ${lookback} to ${horizon}`, () => {
    for (const ridge of [0, 7]) {
      const problem = problemOf(lookback, horizon);
      const lags = lookback + horizon - 1;
      const { coefficients, loss } = stackedSolution(problem, lags, (z, h) => {
        const row = Array(lags).fill(0);
        // Row s is lookback + h - s rows before the one that is predicted.
        for (let s = 0; s < lookback; s++) row[lookback + h - s - 1] = z[s];
        return row;
      }, ridge);
      const { tensors, metrics, forecaster } = toeplitz.fit(problem, { ridge });
      assert.deepEqual(tensors!.kernel.shape, [lags]);
      assert.ok(relativeError(tensors!.kernel.data, coefficients) < 1e-7);
      assert.ok(Math.abs(metrics.trainingLoss / loss - 1) < 1e-9);
      assert.deepEqual([forecaster.lookback, forecaster.horizon], [lookback, horizon]);
      if (ridge === 0) {
        assert.ok(metrics.trainingLoss >= ols.fit(problem, { ridge }).metrics.trainingLoss - 1e-12);
      }
    }
  });
}

Deno.test("the forecaster is its kernel along the lags, with the best intercept", () => {
  const [lookback, horizon] = [4, 3];
  const problem = problemOf(lookback, horizon);
  const { tensors, forecaster } = toeplitz.fit(problem);
  const all = windows(problem.channels, problem.split.train, lookback + horizon);
  const z = Float64Array.from(all[10]);
  const out = new Float64Array(horizon);
  forecaster.predict(z, lookback, 1, out);
  const means = all[0].map((_, a) => all.reduce((s, w) => s + w[a], 0) / all.length);
  out.forEach((value, h) => {
    let want = means[lookback + h];
    for (let s = 0; s < lookback; s++) {
      want += tensors!.kernel.data[lookback + h - s - 1] * (z[s] - means[s]);
    }
    assert.ok(Math.abs(value - want) < 1e-9);
  });
});

Deno.test("the best map of averages at several scales", () => {
  const [lookback, horizon] = [7, 2];
  const scales = [{ every: 1, lags: 2 }, { every: 3, lags: 2 }];
  for (const ridge of [0, 3]) {
    const problem = problemOf(lookback, horizon);
    const { loss } = stackedSolution(problem, 4 * horizon, (z, h) => {
      const x = z.slice(0, lookback);
      const means = [x[6], x[5], (x[6] + x[5] + x[4]) / 3, (x[3] + x[2] + x[1]) / 3];
      return Array.from(
        { length: 4 * horizon },
        (_, j) => j % horizon === h ? means[Math.floor(j / horizon)] : 0,
      );
    }, ridge);
    const { metrics } = multiScale.fit(problem, { scales, ridge });
    assert.ok(Math.abs(metrics.trainingLoss / loss - 1) < 1e-9);
  }
  // Every row by itself is least squares.
  const problem = problemOf(3, 2);
  const whole = multiScale.fit(problem, { scales: [{ every: 1, lags: 3 }], ridge: 0.5 });
  const want = ols.fit(problem, { ridge: 0.5 });
  assert.ok(Math.abs(whole.metrics.trainingLoss / want.metrics.trainingLoss - 1) < 1e-12);
  assert.throws(
    () => multiScale.fit(problem, { scales: [{ every: 2, lags: 2 }] }),
    /reaches back 4 rows, the lookback is 3/,
  );
  assert.throws(
    () => multiScale.fit(problem, { scales: [] }),
    /multi_scale options: scales = \[\]/,
  );
});
