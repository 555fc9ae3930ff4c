/** @file The linear map of a panel against normal equations over every single window, written out. */
import assert from "node:assert/strict";
import { Matrix, solve } from "ml-matrix";
import { fold, keyOf, normals } from "../../../lib/random/random.ts";
import { linearPanelForecaster, pooledWindows, quantile } from "../../../lib/tasks/panel/linear.ts";
import { solveLeastSquares } from "../../../lib/tasks/forecasting/references/ols.ts";
import { fitRidge } from "../../../lib/tasks/panel/references/ridge.ts";
import type { Panel, PanelSeries } from "../../../lib/tasks/panel/series.ts";

/** Series of different lengths, levels and scales. */
function made(lengths: readonly number[]): PanelSeries[] {
  return lengths.map((rows, c) => {
    let level = 0;
    const values = normals(fold(keyOf(5), c), rows)
      .map((e, t) => 50 * c + (c + 1) * ((level = 0.9 * level + e) + 2 * Math.sin(t)));
    return { name: `s${c}`, values };
  });
}
const mean = (x: readonly number[]) => x.reduce((a, b) => a + b, 0) / x.length;
const deviation = (x: readonly number[]) =>
  Math.sqrt(mean(x.map((value) => (value - mean(x)) ** 2)));

/** [lookback + horizon] rows about the mean of their first `lookback`, in deviations of the history; every one of a history. */
function windowsOf({ series, horizon, windows }: Panel, lookback: number, share = 1) {
  return series.flatMap(({ values }) => {
    const known = [...values.subarray(0, values.length - horizon * windows)];
    const end = Math.floor(share * known.length);
    const size = deviation(known);
    return Array.from({ length: end - lookback - horizon + 1 }, (_, i) => {
      const rows = known.slice(i, i + lookback + horizon).map((v) => (v - mean(known)) / size);
      const level = mean(rows.slice(0, lookback));
      return rows.map((row) => row - level);
    });
  });
}

/** Weights and intercept [lookback + 1, horizon] of least squares with a ridge on the weights alone. */
function denseFit(windows: number[][], lookback: number, ridge: number): Matrix {
  const F = new Matrix(windows.map((row) => [...row.slice(0, lookback), 1]));
  const penalty = Matrix.eye(lookback + 1).mul(ridge);
  penalty.set(lookback, lookback, 0);
  const Y = new Matrix(windows.map((row) => row.slice(lookback)));
  return solve(F.transpose().mmul(F).add(penalty), F.transpose().mmul(Y));
}

/** Forecast of one window of raw rows. */
function denseForecast(W: Matrix, rows: number[], size: number): number[] {
  const level = mean(rows);
  const x = new Matrix([[...rows.map((row) => (row - level) / size), 1]]);
  return x.mmul(W).to1DArray().map((value) => level + size * value);
}

for (const [lookback, horizon, windows] of [[5, 3, 2], [2, 1, 1], [1, 4, 1]]) {
  Deno.test(`ridge on a panel, lookback ${lookback}, horizon ${horizon}: dense normal equations`, async () => {
    const panel: Panel = {
      ...{ series: made([61, 80]), season: 2, horizon, windows, levels: [] },
    };
    for (const ridge of [0.5, 30]) {
      const W = denseFit(windowsOf(panel, lookback), lookback, ridge);
      const { forecaster, metrics } = fitRidge(panel, lookback, ridge);
      assert.equal(metrics.lookback, lookback);
      const all = windowsOf(panel, lookback);
      const loss = mean(all.map((rows) => {
        const x = new Matrix([[...rows.slice(0, lookback), 1]]);
        return mean(x.mmul(W).to1DArray().map((v, h) => (v - rows[lookback + h]) ** 2));
      }));
      assert.ok(
        Math.abs(metrics.trainingLoss / loss - 1) < 1e-9,
        `${metrics.trainingLoss} ${loss}`,
      );
      for (const one of panel.series) {
        const known = [...one.values.subarray(0, one.values.length - horizon * windows)];
        for (const origin of [one.values.length - horizon, one.values.length - 2 * horizon]) {
          const { point, quantiles } = await forecaster.forecast(one, origin);
          const rows = [...one.values.subarray(origin - lookback, origin)];
          const want = denseForecast(W, rows, deviation(known));
          point.forEach((value, h) =>
            assert.ok(Math.abs(value - want[h]) < 1e-8 * deviation(known))
          );
          assert.equal(quantiles, undefined);
        }
      }
    }
  });
}

Deno.test("quantiles are those of the errors that the first three quarters make on the last, by series and step, in deviations of the window", async () => {
  const [lookback, horizon, windows] = [4, 3, 1];
  const levels = [0.1, 0.5, 0.8];
  const panel: Panel = { series: made([83, 70]), season: 2, horizon, windows, levels };
  const fitted = pooledWindows(panel, lookback);
  const forecaster = linearPanelForecaster(panel, fitted, solveLeastSquares(fitted.levelled));
  const early = denseFit(windowsOf(panel, lookback, 0.75), lookback, 1e-5);
  for (const one of panel.series) {
    const known = [...one.values.subarray(0, one.values.length - horizon)];
    const size = deviation(known);
    const spreadOf = (origin: number) => {
      const rows = [...one.values.subarray(origin - lookback, origin)].map((v) => v / size);
      return size * Math.sqrt(deviation(rows) ** 2 + 1e-5);
    };
    const errors = Array.from({ length: horizon }, (): number[] => []);
    for (let origin = Math.floor(0.75 * known.length); origin + horizon <= known.length; origin++) {
      const found = denseForecast(early, known.slice(origin - lookback, origin), size);
      found.forEach((value, h) => errors[h].push((known[origin + h] - value) / spreadOf(origin)));
    }
    const origin = known.length;
    const { point, quantiles } = await forecaster.forecast(one, origin);
    errors.forEach((all, h) => {
      const sorted = Float64Array.from(all).sort();
      levels.forEach((level, q) => {
        const want = point[h] + spreadOf(origin) * quantile(sorted, level);
        assert.ok(
          Math.abs(quantiles![h * 3 + q] - want) < 1e-6 * size,
          `${one.name} ${h} ${level}`,
        );
      });
    });
  }
});

Deno.test("a quantile lies between the two values that enclose it", () => {
  const sorted = Float64Array.of(1, 2, 4, 8, 16);
  assert.deepEqual([0, 0.25, 1].map((level) => quantile(sorted, level)), [1, 2, 16]);
  assert.ok(Math.abs(quantile(sorted, 0.3) - 2.4) < 1e-12);
  assert.ok(Math.abs(quantile(sorted, 0.9) - 12.8) < 1e-12);
  assert.equal(quantile(Float64Array.of(3), 0.7), 3);
});

Deno.test("a history that is too short is refused with what it needs", () => {
  const panel: Panel = { series: made([30, 12]), season: 1, horizon: 3, windows: 2, levels: [0.5] };
  assert.throws(
    () => pooledWindows(panel, 4),
    /series s1 has 6 rows.*lookback 4 \+ horizon 3 needs 7/,
  );
  const fitted = pooledWindows(panel, 2);
  assert.throws(
    () => linearPanelForecaster(panel, fitted, solveLeastSquares(fitted.levelled)),
    /series s1 has 6 rows .* needs 6\.\d+/,
  );
});
