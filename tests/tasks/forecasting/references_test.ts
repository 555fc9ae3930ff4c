/** @file Closed forms and naive forecasts against dense least squares and loops, and as references of the task. */
import assert from "node:assert/strict";
import { Matrix, QrDecomposition } from "ml-matrix";
import { evaluate } from "../../../lib/tasks/forecasting/evaluate.ts";
import { forecastingTask } from "../../../lib/tasks/forecasting/forecasting.ts";
import { countWindows, score } from "../../../lib/tasks/forecasting/metrics.ts";
import * as ols from "../../../lib/tasks/forecasting/references/ols.ts";
import * as olsIn from "../../../lib/tasks/forecasting/references/ols_in.ts";
import * as repeatLast from "../../../lib/tasks/forecasting/references/repeat_last.ts";
import * as seasonalNaive from "../../../lib/tasks/forecasting/references/seasonal_naive.ts";
import { makeProblem, type Problem } from "../../../lib/tasks/forecasting/problem.ts";
import { naiveScore, randomSeries, relativeError, windows } from "./fixtures.ts";

const sizes: [number, number, number][] = [[7, 5, 3], [1, 1, 1], [1, 6, 2], [11, 1, 1], [30, 9, 2]];

function problemOf(lookback: number, horizon: number, columns: number, season?: number): Problem {
  const series = randomSeries(211, columns);
  return makeProblem(series, { lookback, horizon, split: "70/10/20", season });
}

/** Features and targets of the training windows. */
function design({ channels, split, lookback, horizon }: Problem) {
  const all = windows(channels, split.train, lookback + horizon);
  return { X: all.map((z) => z.slice(0, lookback)), Y: all.map((z) => z.slice(lookback)) };
}

Deno.test("ols: weights and intercept of a dense QR least squares over all windows", () => {
  for (const [lookback, horizon, columns] of sizes) {
    const problem = problemOf(lookback, horizon, columns);
    const { X, Y } = design(problem);
    const oracle = new QrDecomposition(new Matrix(X.map((x) => [...x, 1]))).solve(new Matrix(Y));
    const { tensors, metrics } = ols.fit(problem, { ridge: 0 });
    const fitted = [...tensors!.weights.data, ...tensors!.intercept.data];
    const name = `${lookback} to ${horizon}, ${columns} columns`;
    assert.ok(relativeError(fitted, oracle.to1DArray()) < 1e-7, name);
    const residual = new Matrix(X.map((x) => [...x, 1])).mmul(oracle).sub(new Matrix(Y));
    const loss = residual.pow(2).mean();
    assert.ok(Math.abs(metrics.trainingLoss / loss - 1) < 1e-9, name);
  }
});

Deno.test("ols-in: a dense QR least squares on centred windows with their deviation", () => {
  for (const [lookback, horizon, columns] of sizes.filter(([lookback]) => lookback > 1)) {
    const problem = problemOf(lookback, horizon, columns);
    const { X, Y } = design(problem);
    const means = X.map((x) => x.reduce((a, b) => a + b) / lookback);
    const spreads = X.map((x, i) =>
      Math.sqrt(x.reduce((s, v) => s + (v - means[i]) ** 2, 0) / lookback + 1e-5)
    );
    // Centred windows span lookback - 1 dimensions: the last feature is redundant.
    const features = X.map((x, i) => [...x.slice(0, -1).map((v) => v - means[i]), spreads[i]]);
    const targets = new Matrix(Y.map((y, i) => y.map((v) => v - means[i])));
    const solution = new QrDecomposition(new Matrix(features)).solve(targets);
    const oracle = new Matrix(features).mmul(solution).to2DArray().map((row, i) =>
      row.map((v) => v + means[i])
    );
    const { forecaster } = olsIn.fit(problem, { ridge: 0 });
    const perChannel = X.length / columns;
    problem.channels.forEach((channel, c) => {
      const out = new Float64Array(horizon * perChannel);
      forecaster.predict(channel, lookback, perChannel, out);
      const expected = new Float64Array(out.length);
      for (let i = 0; i < perChannel; i++) {
        for (let h = 0; h < horizon; h++) {
          expected[h * perChannel + i] = oracle[c * perChannel + i][h];
        }
      }
      assert.ok(relativeError(out, expected) < 1e-5, `${lookback} to ${horizon}, column ${c}`);
    });
  }
});

Deno.test("ols: a series that a line continues is continued, at lookback 1 and 40", async () => {
  const ramp = Float64Array.from({ length: 400 }, (_, t) => 5 + 0.25 * t);
  const wave = ramp.map((_, t) => Math.sin(2 * Math.PI * t / 12));
  for (const [channel, lookback] of [[ramp, 1], [ramp, 40], [wave, 40]] as const) {
    const series = { file: "f", columns: ["x"], channels: [channel], rows: 400, notes: [] };
    const problem = makeProblem(series, { lookback, horizon: 7, split: "70/10/20" });
    for (const model of [ols, olsIn]) {
      if (model === olsIn && lookback === 1) continue; // the mean of one row leaves no slope
      const { forecaster } = model.fit(problem);
      assert.ok((await score(problem, forecaster, problem.split.test)).mse < 1e-6, `${lookback}`);
    }
  }
});

Deno.test("naive forecasts: the last value, the last season, also beyond the lookback", () => {
  const problem = problemOf(2, 8, 1, 5);
  const x = problem.channels[0];
  const out = new Float64Array(8 * 3);
  repeatLast.fit(problem).forecaster.predict(x, 10, 3, out);
  assert.deepEqual([out[0], out[1], out[2], out[7 * 3 + 2]], [x[9], x[10], x[11], x[11]]);
  seasonalNaive.fit(problem).forecaster.predict(x, 10, 3, out);
  for (let h = 0; h < 8; h++) {
    for (let i = 0; i < 3; i++) assert.equal(out[h * 3 + i], x[10 + i + (h % 5) - 5]);
  }
  assert.throws(() => seasonalNaive.fit(problemOf(2, 8, 1)), /needs a season/);
});

Deno.test("metrics: every model scores as by loops, one window at a time", async () => {
  for (const [lookback, horizon, columns] of sizes) {
    const problem = problemOf(lookback, horizon, columns, 4);
    for (const model of [repeatLast, seasonalNaive, ols, olsIn]) {
      const { forecaster } = model.fit(problem);
      const { test, validation } = await evaluate(problem, forecaster);
      const expected = await naiveScore(problem, forecaster, problem.split.test);
      assert.equal(test.windows, expected.windows);
      assert.equal(test.windows, 42 - horizon + 1);
      assert.ok(Math.abs(test.mse - expected.mse) < 1e-10 * expected.mse);
      assert.ok(Math.abs(test.mae - expected.mae) < 1e-10 * expected.mae);
      const before = await naiveScore(problem, forecaster, problem.split.validation);
      assert.ok(Math.abs(validation!.mse - before.mse) < 1e-10 * before.mse);
      const average = test.channels.reduce((s, c) => s + c.mse, 0) / columns;
      assert.ok(Math.abs(test.mse - average) < 1e-14);
    }
  }
});

Deno.test("metrics: window counts, and models that do not fit the problem are refused", async () => {
  assert.equal(countWindows([11_520, 14_400], 96), 2785);
  assert.equal(countWindows([11_520, 14_400], 720), 2161);
  assert.equal(countWindows([0, 3], 3), 1);
  assert.equal(countWindows([0, 3], 4), 0);
  const problem = problemOf(7, 5, 1);
  const { forecaster } = repeatLast.fit({ ...problem, horizon: 6 });
  await assert.rejects(score(problem, forecaster, problem.split.test), /forecasts 6 rows, not 5/);
  const far = seasonalNaive.fit({ ...problem, season: 200 }).forecaster;
  await assert.rejects(score(problem, far, problem.split.test), /looks back 200 rows/);
});

Deno.test("models: test rows never reach the fit", () => {
  const problem = problemOf(7, 5, 2);
  const before = ols.fit(problem).tensors!.weights.data;
  for (const channel of problem.channels) channel.fill(99, problem.split.train[1]);
  assert.deepEqual(ols.fit(problem).tensors!.weights.data, before);
});

Deno.test("references: each scores as its own fit does, with its options, and says what the fit found", async () => {
  const problem = problemOf(30, 2, 2, 4);
  const task = forecastingTask(problem, { loss: "windows", basis: "dct" });
  for (const { reference, fit } of [repeatLast, seasonalNaive, ols, olsIn]) {
    for (const options of [undefined, { ridge: 300 }]) {
      const found = (fit as typeof ols.fit)(problem, options);
      const got = await reference.score(task, 0, {}, {}, options);
      assert.deepEqual(got, await task.evaluateForecaster(found.forecaster, found.metrics));
      assert.deepEqual((got.details as { fit: object }).fit, found.metrics);
    }
  }
  const [plain, shrunk] = await Promise.all(
    [undefined, { ridge: 300 }].map((options) => ols.reference.score(task, 0, {}, {}, options)),
  );
  assert.notEqual(plain.loss, shrunk.loss);
  assert.deepEqual([plain.gapClosed, plain.loss], [1, plain.optimum]);
  const floor = await repeatLast.reference.score(task, 0, {}, {});
  assert.deepEqual([floor.gapClosed, floor.loss], [0, floor.floor]);
});
