/** @file Paths of regularisation against Cholesky solutions, singular values and scores window by window; the low-rank twin. */
import assert from "node:assert/strict";
import { Matrix as Dense, SVD } from "ml-matrix";
import { cholesky, choleskySolve } from "../../../lib/linalg/cholesky.ts";
import { multiply } from "../../../lib/linalg/matrix.ts";
import { fold, keyOf, normals, uniforms } from "../../../lib/random/random.ts";
import { linearForecaster } from "../../../lib/tasks/forecasting/linear_map.ts";
import { lowRankTwin } from "../../../lib/tasks/forecasting/low_rank_twin.ts";
import { score } from "../../../lib/tasks/forecasting/metrics.ts";
import { centre, trainingLoss, trainingMoments } from "../../../lib/tasks/forecasting/moments.ts";
import { makeProblem } from "../../../lib/tasks/forecasting/problem.ts";
import * as ols from "../../../lib/tasks/forecasting/references/ols.ts";
import * as rankOnValidation from "../../../lib/tasks/forecasting/references/rank_on_validation.ts";
import * as ridgeOnValidation from "../../../lib/tasks/forecasting/references/ridge_on_validation.ts";
import {
  fitOnValidation,
  rankPath,
  ridgePath,
  symmetricEigen,
} from "../../../lib/tasks/forecasting/regularised_path.ts";
import { validationError } from "../../../lib/tasks/forecasting/validation_error.ts";
import { randomSeries } from "./fixtures.ts";

const [lookback, horizon] = [5, 3];
const problem = makeProblem(randomSeries(120, 2), { lookback, horizon, split: "70/10/20" });
const covariances = centre(trainingMoments(problem));

function near(got: ArrayLike<number>, want: ArrayLike<number>, within: number): void {
  assert.equal(got.length, want.length);
  for (let i = 0; i < want.length; i++) {
    assert.ok(Math.abs(got[i] - want[i]) <= within, `${i}: ${got[i]}, ${want[i]}`);
  }
}

Deno.test("the validation error of any map is that of scoring every window", async () => {
  const error = validationError(problem, covariances);
  for (const seed of [1, 2]) {
    const weights = normals(keyOf(seed), lookback * horizon);
    const forecaster = linearForecaster(ols.withIntercept(covariances, weights));
    const { mse } = await score(problem, forecaster, problem.split.validation);
    near([error(weights)], [mse], 1e-10);
  }
  const { train, test } = problem.split;
  const early = { ...problem, split: { train, validation: [4, 20] as [number, number], test } };
  assert.throws(() => validationError(early, covariances), /4 rows precede .* lookback of 5/);
});

Deno.test("eigenvectors of the largest value first", () => {
  const A = Float64Array.of(2, 1, 1, 2);
  const { values, vectors } = symmetricEigen(A, 2);
  near(values, [3, 1], 1e-12);
  near([vectors[0] / vectors[2], vectors[1] / vectors[3]], [1, -1], 1e-12);
});

Deno.test("a ridge is that of the normal equations, in units of the mean eigenvalue", () => {
  const points = [...ridgePath(covariances)];
  assert.equal(points.length, 31);
  near([points[0].strength, points[24].strength, points[30].strength], [1e-8, 1, 100], 1e-9);
  for (const { strength, weights } of [points[0], points[21], points[30]]) {
    const G = covariances.G.slice();
    const mean = [0, 1, 2, 3, 4].reduce((sum, a) => sum + G[a * 6], 0) / 5;
    for (let a = 0; a < lookback; a++) G[a * 6] += strength * mean;
    near(weights, choleskySolve(cholesky(G, 5), covariances.C, 5, 3), 1e-10);
  }
});

Deno.test("a rank loses the squares of the singular values beyond it, and no more", () => {
  const points = [...rankPath(covariances)];
  const X = ols.solveLeastSquares(covariances);
  assert.deepEqual(points.map(({ strength }) => strength), [1, 2, 3]);
  near(points[2].weights, X, 1e-10);
  // Of R'X with G = R R'.
  const R = cholesky(covariances.G, 5);
  const Rt = Float64Array.from({ length: 25 }, (_, k) => R[(k % 5) * 5 + Math.floor(k / 5)]);
  const s = new SVD(Dense.from1DArray(5, 3, multiply(Rt, X, 5, 5, 3))).diagonal;
  points.forEach(({ weights }, k) => {
    const lost = s.slice(k + 1).reduce((sum, value) => sum + value ** 2, 0) / horizon;
    const excess = trainingLoss(covariances, weights) - trainingLoss(covariances, X);
    near([excess], [lost], 1e-6);
    assert.equal(new SVD(Dense.from1DArray(5, 3, weights)).rank, k + 1);
  });
});

Deno.test("the point of least validation error is kept, and whether it is an end of the path", async () => {
  const error = validationError(problem, covariances);
  for (
    const [path, { fit }] of [[ridgePath, ridgeOnValidation], [rankPath, rankOnValidation]] as const
  ) {
    const errors = [...path(covariances)].map(({ weights }) => error(weights));
    const best = errors.indexOf(Math.min(...errors));
    const { forecaster, metrics } = fit(problem);
    assert.equal(metrics.strength, [...path(covariances)][best].strength);
    assert.equal(metrics.edge, best === 0 || best === errors.length - 1 ? 1 : 0);
    assert.equal(metrics.validation, errors[best]);
    near([(await score(problem, forecaster, problem.split.validation)).mse], [errors[best]], 1e-10);
  }
  const X = ols.solveLeastSquares(covariances);
  const scaled = (factors: number[]) => () =>
    factors.map((strength) => ({ strength, weights: X.map((w) => strength * w) }));
  const edge = (factors: number[]) => fitOnValidation(problem, scaled(factors)).metrics;
  const best = edge([1e3, 1, 1e4]);
  assert.deepEqual([best.strength, best.edge], [1, 0]);
  assert.equal(edge([1, 1e3]).edge, 1);
  assert.equal(edge([1e3, 1]).edge, 1);
  near([best.trainingLoss], [trainingLoss(covariances, X)], 1e-12);
});

Deno.test("the twin has the autocovariance of its modes, and noise at lag 0 only", () => {
  const [modes, noise, rows] = [2, 0.5, 40_000];
  const columns = lowRankTwin(keyOf(3), { rows, columns: 2, modes, noise });
  const omegas = Array.from(
    uniforms(fold(keyOf(3), 0), modes),
    (u) => 2 * Math.PI / (6 + 34 * u),
  );
  for (const y of columns) {
    for (const lag of [0, 1, 3, 10]) {
      let sum = 0;
      for (let t = 0; t + lag < rows; t++) sum += y[t] * y[t + lag];
      const want = omegas.reduce((all, w) => all + 0.98 ** lag * Math.cos(w * lag) / modes, 0);
      near([sum / rows], [want + (lag ? 0 : noise ** 2)], 0.06);
    }
  }
  assert.equal(columns.length, 2);
  assert.notDeepEqual(columns[0], columns[1]);
  const options = { rows: 1, columns: 1, modes: 1, noise: 0 };
  assert.deepEqual(lowRankTwin(keyOf(4), options), lowRankTwin(keyOf(4), options));
  assert.equal(lowRankTwin(keyOf(4), options)[0].length, 1);
});
