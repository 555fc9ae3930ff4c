/** @file Forecasters of single fields against dense regressions and loops: ridge toward the last value, HAR, averages, harmonics. */
import assert from "node:assert/strict";
import { Matrix, solve } from "ml-matrix";
import type { Series } from "../../../lib/data/series.ts";
import { forecastingTask } from "../../../lib/tasks/forecasting/forecasting.ts";
import type { Forecaster } from "../../../lib/tasks/forecasting/forecaster.ts";
import { score } from "../../../lib/tasks/forecasting/metrics.ts";
import { windowMoments } from "../../../lib/tasks/forecasting/moments.ts";
import { makeProblem, type Problem } from "../../../lib/tasks/forecasting/problem.ts";
import * as har from "../../../lib/tasks/forecasting/references/heterogeneous_autoregression.ts";
import * as harmonic from "../../../lib/tasks/forecasting/references/harmonic_autoregression.ts";
import * as ridge from "../../../lib/tasks/forecasting/references/ridge.ts";
import * as seasonal from "../../../lib/tasks/forecasting/references/seasonal_average.ts";
import { randomSeries, relativeError, windows } from "./fixtures.ts";

const problemOf = (series: Series, lookback: number, horizon: number) =>
  makeProblem(series, { lookback, horizon, split: "70/10/20" });

/** Forecasts at consecutive origins, [count][horizon]. */
async function forecasts(
  forecaster: Forecaster,
  channel: Float64Array,
  first: number,
  count: number,
) {
  const { horizon } = forecaster;
  const out = new Float64Array(horizon * count).fill(NaN);
  await forecaster.predict(channel, first, count, out);
  return Array.from(
    { length: count },
    (_, i) => Array.from({ length: horizon }, (_, h) => out[h * count + i]),
  );
}

function design({ channels, split, lookback, horizon }: Problem, rows = lookback) {
  const all = windows(channels, split.train, rows + horizon);
  return { X: all.map((z) => z.slice(0, rows)), Y: all.map((z) => z.slice(rows)) };
}

Deno.test("ridge: weights are those of dense ridge regression relative to the last value", () => {
  for (const [lookback, horizon, columns] of [[7, 5, 2], [2, 1, 1], [11, 3, 1]]) {
    const problem = problemOf(randomSeries(211, columns), lookback, horizon);
    const { X, Y } = design(problem);
    const last = X.map((x) => x.at(-1)!);
    const Z = new Matrix(X.map((x, i) => x.slice(0, -1).map((v) => v - last[i])));
    const D = new Matrix(Y.map((y, i) => y.map((v) => v - last[i])));
    const A = Z.transpose().mmul(Z);
    const moments = windowMoments(problem.channels, problem.split.train, lookback, horizon);
    for (const strength of [1e-3, 0.7]) {
      const penalty = Matrix.eye(lookback - 1, lookback - 1, strength * A.trace() / (lookback - 1));
      const W = solve(Matrix.add(A, penalty), Z.transpose().mmul(D)).to2DArray();
      const newest = Array.from(
        { length: horizon },
        (_, h) => 1 - W.reduce((sum, row) => sum + row[h], 0),
      );
      const found = ridge.ridgeWeights(moments, strength);
      assert.ok(relativeError(found, [...W, newest].flat()) < 1e-8, `${lookback} to ${horizon}`);
    }
  }
});

Deno.test("ridge: of one row it is the last value, and an enormous one is, too", () => {
  const problem = problemOf(randomSeries(120, 1), 1, 3);
  const one = ridge.ridgeWeights(windowMoments(problem.channels, problem.split.train, 1, 3), 1e-3);
  assert.deepEqual([...one], [1, 1, 1]);
  const moments = windowMoments(problem.channels, problem.split.train, 4, 2);
  const large = ridge.ridgeWeights(moments, 1e12);
  large.forEach((w, k) => assert.ok(Math.abs(w - (k >= 6 ? 1 : 0)) < 1e-9));
});

Deno.test("ridge: the least validation error of all ridges and of the random walk", async () => {
  const wave = problemOf(randomSeries(300, 1), 12, 4);
  const found = await ridge.fitRidge(wave);
  assert.ok(Number.isFinite(found.ridge), "a season is forecast better than by its last value");
  const { mse } = await score(wave, found.forecaster, wave.split.validation);
  assert.equal(found.validation, mse);
  const moments = windowMoments(wave.channels, wave.split.train, 12, 4);
  for (const strength of ridge.ridges) {
    const weights = ridge.ridgeWeights(moments, strength);
    let sum = 0, n = 0;
    for (
      const z of windows(
        wave.channels,
        [wave.split.validation[0] - 12, wave.split.validation[1]],
        16,
      )
    ) {
      for (let h = 0; h < 4; h++, n++) {
        const forecast = z.slice(0, 12).reduce((total, x, a) => total + weights[a * 4 + h] * x, 0);
        sum += (forecast - z[12 + h]) ** 2;
      }
    }
    assert.ok(sum / n >= found.validation - 1e-12, `${strength}`);
  }
});

Deno.test("ridge: what only the training rows have is not believed", async () => {
  // A zigzag that stops where the validation begins: the random walk is right there, to the last digit.
  const values = Float64Array.from(
    { length: 300 },
    (_, t) => t < 205 ? t % 2 : 0.3,
  );
  const problem = problemOf(
    { file: "x", columns: ["x"], channels: [values], rows: 300, notes: [] },
    3,
    1,
  );
  assert.equal((await ridge.fitRidge(problem)).ridge, Infinity);
  const evaluation = await ridge.reference.score(
    forecastingTask(problem, { loss: "windows", basis: "dct" }),
    ...[0, {}, {}] as [number, object, never],
  );
  assert.equal(evaluation.loss, evaluation.floor);
  const { fit } = evaluation.details as { fit: { ridge: number } };
  assert.equal(JSON.parse(JSON.stringify(fit)).ridge, Number.MAX_VALUE);
});

Deno.test("HAR: least squares on means of 1, 5 and 22 rows, whatever the problem's lookback", async () => {
  const problem = problemOf(randomSeries(260, 2), 3, 4);
  const { X, Y } = design(problem, 22);
  const mean = (x: number[], rows: number) => x.slice(-rows).reduce((a, b) => a + b, 0) / rows;
  const features = (x: number[]) => [1, mean(x, 1), mean(x, 5), mean(x, 22)];
  const beta = solve(new Matrix(X.map(features)), new Matrix(Y), true);
  const { forecaster } = har.fit(problem);
  assert.equal(forecaster.lookback, 22);
  const channel = problem.channels[1];
  const found = await forecasts(forecaster, channel, 230, 3);
  for (const [i, row] of found.entries()) {
    const expected = new Matrix([features([...channel.subarray(208 + i, 230 + i)])]).mmul(beta)
      .to1DArray();
    assert.ok(relativeError(row, expected) < 1e-6, `${row} ${expected}`);
  }
  assert.equal(har.fit(problem, { means: [1, 9] }).forecaster.lookback, 9);
  assert.throws(
    () => har.fit(problem, { means: [0] }),
    /heterogeneous_autoregression options: means\.0 = 0/,
  );
});

Deno.test("seasonal average: the same place of the last seasons, also beyond one season", async () => {
  const problem = problemOf(randomSeries(200, 1), 5, 7);
  const { forecaster } = seasonal.fit(problem, { seasons: 3, season: 4 });
  assert.equal(forecaster.lookback, 12);
  const [channel] = problem.channels;
  const found = await forecasts(forecaster, channel, 150, 2);
  found.forEach((row, i) =>
    row.forEach((value, h) => {
      const at = 150 + i + h % 4;
      const expected = (channel[at - 4] + channel[at - 8] + channel[at - 12]) / 3;
      assert.ok(Math.abs(value - expected) < 1e-12);
    })
  );
  assert.throws(
    () => seasonal.fit(problem, { season: 4 }),
    /seasonal_average options: seasons = undefined/,
  );
});

/** Dense regression on the same curve, and the recursion written out. */
function written(
  values: Float64Array,
  [from, to]: [number, number],
  origin: number,
  horizon: number,
) {
  const curve = (t: number) => [
    ...[1, t, t * t],
    ...[1, 2].flatMap((
      k,
    ) => [Math.cos(2 * Math.PI * k * t / 9.5), Math.sin(2 * Math.PI * k * t / 9.5)]),
  ];
  const rows = Array.from({ length: to - from }, (_, i) => from + i);
  const beta = solve(
    new Matrix(rows.map(curve)),
    Matrix.columnVector(rows.map((t) => values[t])),
    true,
  ).to1DArray();
  const level = (t: number) => curve(t).reduce((sum, f, j) => sum + f * beta[j], 0);
  const left = (t: number) => values[t] - level(t);
  const later = rows.slice(2);
  const phi = solve(
    new Matrix(later.map((t) => [1, left(t - 1), left(t - 2)])),
    Matrix.columnVector(later.map(left)),
    true,
  ).to1DArray();
  const path = [left(origin - 2), left(origin - 1)];
  // The constant of the residuals' regression is left out: they have none.
  for (let h = 0; h < horizon; h++) path.push(phi[1] * path.at(-1)! + phi[2] * path.at(-2)!);
  return path.slice(2).map((r, h) => r + level(origin + h));
}

Deno.test("harmonic regression: dense least squares on the curve, an autoregression by hand", async () => {
  const problem = problemOf(randomSeries(240, 1), 3, 5);
  const options = { trend: 2, harmonics: 2, season: 9.5, order: 2 };
  const { forecaster } = harmonic.fit(problem, options);
  const [channel] = problem.channels;
  for (const origin of [168, 200, 235]) {
    const [found] = await forecasts(forecaster, channel, origin, 1);
    assert.ok(
      relativeError(found, written(channel, problem.split.train, origin, 5)) < 1e-3,
      String(origin),
    );
  }
  // Several origins at once are the same.
  const together = await forecasts(forecaster, channel, 180, 4);
  for (let i = 0; i < 4; i++) {
    const [alone] = await forecasts(forecaster, channel, 180 + i, 1);
    assert.ok(relativeError(together[i], alone) < 1e-9);
  }
});

Deno.test("harmonic regression: a curve of its kind is continued exactly; several columns are refused", async () => {
  const values = Float64Array.from(
    { length: 200 },
    (_, t) => 3 + 0.1 * t + 2 * Math.cos(2 * Math.PI * t / 12 + 1) + 1e-4 * ((t * 31) % 17),
  );
  const problem = problemOf(
    { file: "x", columns: ["x"], channels: [values], rows: 200, notes: [] },
    3,
    12,
  );
  const { forecaster } = harmonic.fit(problem, { trend: 1, harmonics: 1, season: 12, order: 1 });
  const [found] = await forecasts(forecaster, problem.channels[0], 170, 1);
  assert.ok(relativeError(found, problem.channels[0].subarray(170, 182)) < 1e-3);
  assert.throws(
    () =>
      harmonic.fit(problemOf(randomSeries(200, 2), 3, 2), {
        trend: 0,
        harmonics: 0,
        season: 4,
        order: 1,
      }),
    /has one curve, and random\.csv 2 columns/,
  );
  assert.throws(
    () => harmonic.fit(problem, { trend: 9, harmonics: 0, season: 4, order: 1 }),
    /trend = 9/,
  );
});
