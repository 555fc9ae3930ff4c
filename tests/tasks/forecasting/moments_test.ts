import assert from "node:assert/strict";
import { Matrix } from "ml-matrix";
import { centre, trainingLoss, windowMoments } from "../../../lib/tasks/forecasting/moments.ts";
import { keyOf, normals } from "../../../lib/random/random.ts";
import { randomSeries, relativeError, windows } from "./fixtures.ts";

const cases: [number, number, number, number][] = [ // rows, columns, lookback, horizon
  [40, 1, 1, 1],
  [63, 3, 7, 5],
  [63, 2, 5, 11],
  [30, 1, 1, 13],
  [30, 2, 13, 1],
  [18, 2, 11, 7], // one window a channel
];

Deno.test("moments: the recursion gives the products of the window matrix", () => {
  for (const [rows, columns, lookback, horizon] of cases) {
    const { channels } = randomSeries(rows + 6, columns);
    const range: [number, number] = [4, 4 + rows];
    const moments = windowMoments(channels, range, lookback, horizon);
    const Z = new Matrix(windows(channels, range, lookback + horizon));
    const X = Z.subMatrix(0, Z.rows - 1, 0, lookback - 1);
    const Y = Z.subMatrix(0, Z.rows - 1, lookback, lookback + horizon - 1);
    const name = `${rows} rows, ${columns} columns, ${lookback} to ${horizon}`;
    assert.equal(moments.count, Z.rows, name);
    assert.ok(relativeError(moments.G, X.transpose().mmul(X).to1DArray()) < 1e-12, name);
    assert.ok(relativeError(moments.C, X.transpose().mmul(Y).to1DArray()) < 1e-12, name);
    assert.ok(relativeError([moments.energy], [Y.clone().pow(2).sum()]) < 1e-12, name);
    assert.ok(relativeError(moments.sumX, X.sum("column")) < 1e-12, name);
    assert.ok(relativeError(moments.sumY, Y.sum("column")) < 1e-12, name);
  }
});

Deno.test("moments: the quadratic form is the mean squared error of the windows", () => {
  const [rows, lookback, horizon] = [50, 7, 5];
  const { channels } = randomSeries(rows, 2);
  const covariances = centre(windowMoments(channels, [0, rows], lookback, horizon));
  const W = normals(keyOf(1), lookback * horizon);
  const all = windows(channels, [0, rows], lookback + horizon);
  // The best intercept is the mean residual of each step.
  const residuals = all.map((z) =>
    Array.from(
      { length: horizon },
      (_, h) =>
        z[lookback + h] - z.slice(0, lookback).reduce((s, x, a) => s + x * W[a * horizon + h], 0),
    )
  );
  let squares = 0;
  for (let h = 0; h < horizon; h++) {
    const mean = residuals.reduce((s, r) => s + r[h], 0) / all.length;
    squares += residuals.reduce((s, r) => s + (r[h] - mean) ** 2, 0);
  }
  const expected = squares / (all.length * horizon);
  assert.ok(Math.abs(trainingLoss(covariances, W) / expected - 1) < 1e-11);
});

Deno.test("moments: no window is an error", () => {
  const { channels } = randomSeries(10, 1);
  assert.throws(() => windowMoments(channels, [0, 10], 8, 3), /10 rows hold no window of 11 rows/);
});
