/** @file Ridge in the closed forms, against dense normal equations over every window; training rows that do not start at 0. */
import assert from "node:assert/strict";
import { Matrix, solve } from "ml-matrix";
import { SPREAD_EPSILON } from "../../../lib/tasks/forecasting/linear_map.ts";
import type { Covariances } from "../../../lib/tasks/forecasting/moments.ts";
import * as ols from "../../../lib/tasks/forecasting/references/ols.ts";
import * as olsIn from "../../../lib/tasks/forecasting/references/ols_in.ts";
import { makeProblem, type Problem } from "../../../lib/tasks/forecasting/problem.ts";
import { randomSeries, relativeError, windows } from "./fixtures.ts";

const sizes: [number, number, number][] = [[7, 5, 3], [1, 1, 1], [1, 6, 2], [11, 1, 1]];

/** A problem whose training rows start at row 4, so that a forgotten start is noticed. */
function problemOf(lookback: number, horizon: number, columns: number): Problem {
  const series = randomSeries(101, columns, 2);
  const problem = makeProblem(series, { lookback, horizon, split: "70/10/20" });
  problem.split.train[0] = 4;
  return problem;
}

const average = (values: number[]) => values.reduce((a, b) => a + b) / values.length;

/** The solution of (F'F + ridge I) W = F'Y. */
function ridgeSolution(features: number[][], targets: number[][], ridge: number): Matrix {
  const F = new Matrix(features);
  const A = F.transpose().mmul(F).add(Matrix.eye(F.columns).mul(ridge));
  return solve(A, F.transpose().mmul(new Matrix(targets)));
}

Deno.test("ols: a ridge shrinks the weights of centred windows, and not the intercept", () => {
  for (const ridge of [0.5, 40]) {
    for (const [lookback, horizon, columns] of sizes) {
      const problem = problemOf(lookback, horizon, columns);
      const all = windows(problem.channels, problem.split.train, lookback + horizon);
      const means = all[0].map((_, a) => average(all.map((z) => z[a])));
      const centred = all.map((z) => z.map((v, a) => v - means[a]));
      const W = ridgeSolution(
        centred.map((z) => z.slice(0, lookback)),
        centred.map((z) => z.slice(lookback)),
        ridge,
      );
      const intercept = Array.from({ length: horizon }, (_, h) =>
        means[lookback + h] -
        W.getColumn(h).reduce((sum, w, a) => sum + w * means[a], 0));
      const { tensors, metrics, forecaster } = ols.fit(problem, { ridge });
      const name = `ridge ${ridge}, ${lookback} to ${horizon}`;
      assert.deepEqual(tensors!.weights.shape, [lookback, horizon]);
      assert.deepEqual(tensors!.intercept.shape, [horizon]);
      assert.ok(relativeError(tensors!.weights.data, W.to1DArray()) < 1e-9, name);
      assert.ok(relativeError(tensors!.intercept.data, intercept) < 1e-8, name);
      let squares = 0;
      for (const z of all) {
        const out = new Float64Array(horizon);
        forecaster.predict(Float64Array.from(z), lookback, 1, out);
        out.forEach((value, h) => squares += (value - z[lookback + h]) ** 2);
      }
      assert.ok(Math.abs(metrics.trainingLoss / (squares / all.length / horizon) - 1) < 1e-9, name);
    }
  }
});

Deno.test("ols-in: a ridge shrinks the weights of centred windows and of their deviation alike", () => {
  for (const ridge of [0.5, 40]) {
    for (const [lookback, horizon, columns] of sizes) {
      const problem = problemOf(lookback, horizon, columns);
      const all = windows(problem.channels, problem.split.train, lookback + horizon);
      const rows = all.map((z) => {
        const x = z.slice(0, lookback);
        const mean = average(x);
        const spread = Math.sqrt(average(x.map((v) => (v - mean) ** 2)) + SPREAD_EPSILON);
        return {
          features: [...x.map((v) => v - mean), spread],
          targets: z.slice(lookback).map((v) => v - mean),
        };
      });
      const solution = ridgeSolution(
        rows.map((row) => row.features),
        rows.map((row) => row.targets),
        ridge,
      ).to2DArray();
      const { tensors, forecaster, metrics } = olsIn.fit(problem, { ridge });
      const name = `ridge ${ridge}, ${lookback} to ${horizon}`;
      assert.deepEqual(metrics, {});
      assert.deepEqual(tensors!.weights.shape, [lookback, horizon]);
      assert.deepEqual(tensors!.spread.shape, [horizon]);
      assert.ok(relativeError(tensors!.spread.data, solution[lookback]) < 1e-7, name);
      // The forecasts as the definition has them, from the mean, the centred window and its deviation.
      all.forEach((z, i) => {
        const x = z.slice(0, lookback);
        const out = new Float64Array(horizon);
        forecaster.predict(Float64Array.from(z), lookback, 1, out);
        for (let h = 0; h < horizon; h++) {
          const expected = average(x) +
            rows[i].features.reduce((sum, f, k) => sum + f * solution[k][h], 0);
          assert.ok(Math.abs(out[h] - expected) < 1e-9, `${name}, window ${i}, step ${h}`);
        }
      });
    }
  }
});

Deno.test("ridge: 1e-5 unless asked otherwise, in both closed forms", () => {
  const problem = problemOf(7, 5, 2);
  for (const { fit } of [ols, olsIn]) {
    assert.deepEqual(fit(problem).tensors, fit(problem, { ridge: 1e-5 }).tensors);
    assert.notDeepEqual(fit(problem).tensors, fit(problem, { ridge: 1e-4 }).tensors);
  }
});

Deno.test("ridge: it is divided by the number of windows, as covariances are", () => {
  const covariances = (g: number): Covariances => ({
    lookback: 1,
    horizon: 2,
    count: 4,
    G: Float64Array.of(g),
    C: Float64Array.of(3, -1),
    energy: 0,
    meanX: Float64Array.of(0),
    meanY: Float64Array.of(0, 0),
  });
  const given = covariances(2);
  assert.deepEqual([...ols.solveLeastSquares(given, 8)], [0.75, -0.25]);
  assert.deepEqual([...given.G], [2], "the covariances stay as they are");
  const unseen = ols.solveLeastSquares(covariances(0));
  assert.ok(relativeError(unseen, [12e5, -4e5]) < 1e-12);
});

Deno.test("ridge: never less than the rounding errors of the matrix, and more where it is asked", () => {
  const A = (ridge: number) => {
    const matrix = Float64Array.of(3, 7, 1, 7, 4, 2, 1, 2, 0);
    ols.addRidge(matrix, 3, ridge);
    return [...matrix];
  };
  assert.deepEqual(A(0), [3 + 7e-14, 7, 1, 7, 4 + 7e-14, 2, 1, 2, 1e-14 * 7]);
  assert.equal(A(6e-14)[8], 1e-14 * 7);
  assert.equal(A(8e-14)[8], 8e-14);
  assert.deepEqual(A(2), [5, 7, 1, 7, 6, 2, 1, 2, 2]);
});

Deno.test("the map of centred weights: its intercept is what the mean window leaves of the mean target", () => {
  const covariances: Covariances = {
    lookback: 2,
    horizon: 3,
    count: 1,
    G: new Float64Array(4),
    C: new Float64Array(6),
    energy: 0,
    meanX: Float64Array.of(10, 100),
    meanY: Float64Array.of(1, 2, 3),
  };
  const map = ols.withIntercept(covariances, Float64Array.of(1, 2, 3, 4, 5, 6));
  assert.deepEqual([map.lookback, map.horizon], [2, 3]);
  assert.deepEqual([...map.weights], [1, 2, 3, 4, 5, 6]);
  assert.deepEqual([...map.intercept], [1 - 410, 2 - 520, 3 - 630]);
  assert.deepEqual([...covariances.meanY], [1, 2, 3]);
});

Deno.test("ols-in follows a level that training never saw, ols does not", () => {
  const problem = problemOf(7, 5, 1);
  const origin = 80;
  const forecast = (fit: typeof ols.fit, shift: number) => {
    const out = new Float64Array(5);
    const channel = problem.channels[0].map((v) => v + shift);
    fit(problem).forecaster.predict(channel, origin, 1, out);
    return out.map((value) => value - shift);
  };
  assert.ok(relativeError(forecast(olsIn.fit, 50), forecast(olsIn.fit, 0)) < 1e-9);
  assert.ok(relativeError(forecast(ols.fit, 50), forecast(ols.fit, 0)) > 1e-3);
});
