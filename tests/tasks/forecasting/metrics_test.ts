/** @file Errors over windows: on paper, over more windows than one block holds, and in which rows they count. */
import assert from "node:assert/strict";
import { evaluate } from "../../../lib/tasks/forecasting/evaluate.ts";
import type { Forecaster } from "../../../lib/tasks/forecasting/forecaster.ts";
import { blockMeans, countWindows, score } from "../../../lib/tasks/forecasting/metrics.ts";
import * as seasonalNaive from "../../../lib/tasks/forecasting/references/seasonal_naive.ts";
import { makeProblem, type Problem } from "../../../lib/tasks/forecasting/problem.ts";
import { randomSeries } from "./fixtures.ts";

/** A problem whose channels are given as they are. */
function problemOf(channels: number[][], horizon: number, test: [number, number]): Problem {
  const ones = new Float64Array(channels.length).fill(1);
  return {
    file: "f",
    lookback: 1,
    horizon,
    split: { train: [0, 2], validation: [2, test[0]], test },
    columns: channels.map((_, c) => `c${c}`),
    channels: channels.map((values) => Float64Array.from(values)),
    mean: ones,
    deviation: ones,
    notes: [],
  };
}

/** Forecasts `value(row, h)` for the row `row`, `h` rows after its origin. */
function forecasterOf(
  horizon: number,
  value: (row: number, h: number) => number,
  lookback = 1,
): Forecaster {
  return {
    lookback,
    horizon,
    predict(_channel, first, count, out) {
      for (let h = 0; h < horizon; h++) {
        for (let i = 0; i < count; i++) out[h * count + i] = value(first + i + h, h);
      }
    },
  };
}

Deno.test("metrics on paper: two columns, three windows of two rows, the forecast is zero, then one", async () => {
  const problem = problemOf([[0, 0, 0, 1, -2, 3, 5], [0, 0, 0, 0, 1, 1, 2]], 2, [3, 7]);
  const scores = await score(problem, forecasterOf(2, (_, h) => h), [3, 7]);
  // Column c0: errors at step 0 of rows 3, 4, 5: -1, 2, -3; at step 1 of rows 4, 5, 6: 3, -2, -4.
  // Column c1: 0, -1, -1 and 0, 0, -1.
  assert.equal(scores.windows, 3);
  const close = (actual: number, expected: number) =>
    assert.ok(Math.abs(actual - expected) < 1e-14, `${actual}, expected ${expected}`);
  close(scores.channels[0].mse, 43 / 6);
  close(scores.channels[0].mae, 15 / 6);
  close(scores.channels[1].mse, 3 / 6);
  close(scores.channels[1].mae, 3 / 6);
  close(scores.mse, 46 / 12);
  close(scores.mae, 18 / 12);
  assert.equal(scores.squaredErrors.length, 3);
  [10 / 4, 9 / 4, 27 / 4].forEach((expected, i) => close(scores.squaredErrors[i], expected));
});

Deno.test("metrics: more windows than are scored at once count each once, in the order of their origins", async () => {
  for (const windows of [4095, 4096, 4097, 8200]) {
    const horizon = 3;
    const x = Array.from({ length: 2 + windows + horizon - 1 }, (_, t) => Math.sin(t * t));
    const range: [number, number] = [2, x.length];
    const problem = problemOf([x], horizon, range);
    const value = (row: number, h: number) => Math.cos(row) + h;
    const scores = await score(problem, forecasterOf(horizon, value), range);
    let squares = 0, absolutes = 0;
    for (let i = 0; i < windows; i++) {
      let own = 0;
      for (let h = 0; h < horizon; h++) {
        const error = value(2 + i + h, h) - x[2 + i + h];
        own += error * error;
        absolutes += Math.abs(error);
      }
      assert.ok(Math.abs(scores.squaredErrors[i] - own / horizon) < 1e-13, `${windows}, ${i}`);
      squares += own;
    }
    assert.equal(scores.windows, windows);
    assert.ok(Math.abs(scores.mse / (squares / windows / horizon) - 1) < 1e-12);
    assert.ok(Math.abs(scores.mae / (absolutes / windows / horizon) - 1) < 1e-12);
  }
});

Deno.test("metrics: a forecast may start at the first row that its lookback precedes, not before", async () => {
  const problem = problemOf([[1, 2, 3, 4, 5, 6]], 1, [3, 6]);
  assert.equal((await score(problem, forecasterOf(1, () => 0, 3), [3, 6])).windows, 3);
  await assert.rejects(
    score(problem, forecasterOf(1, () => 0, 4), [3, 6]),
    /looks back 4 rows, but only 3 precede/,
  );
});

Deno.test("metrics: a range shorter than the horizon has no window, and never fewer", () => {
  assert.deepEqual([1, 2, 3, 4, 9].map((horizon) => countWindows([4, 7], horizon)), [
    3,
    2,
    1,
    0,
    0,
  ]);
});

Deno.test("block means: consecutive blocks of the length that is asked, without the incomplete last", () => {
  const errors = Float64Array.of(1, 2, 6, 4, 5, 0, 9);
  assert.deepEqual(blockMeans(errors, 1), [...errors]);
  assert.deepEqual(blockMeans(errors, 2), [1.5, 5, 2.5]);
  assert.deepEqual(blockMeans(errors, 3), [3, 3]);
  assert.deepEqual(blockMeans(errors, 4), [13 / 4]);
  assert.deepEqual(blockMeans(errors, 7), [27 / 7]);
  assert.deepEqual(blockMeans(errors, 8), []);
  assert.deepEqual(blockMeans(new Float64Array(0), 3), []);
});

Deno.test("evaluate: validation and test are each scored on their own rows", async () => {
  const problem = makeProblem(randomSeries(60, 2), { lookback: 2, horizon: 3, split: "70/10/20" });
  const forecaster = forecasterOf(3, (row) => row / 10);
  const { test, validation } = await evaluate(problem, forecaster);
  assert.deepEqual(test, await score(problem, forecaster, [48, 60]));
  assert.deepEqual(validation, await score(problem, forecaster, [42, 48]));
});

Deno.test("evaluate: no validation errors where the model looks back beyond the first row", async () => {
  const evaluated = (season: number) => {
    const options = { lookback: 2, horizon: 3, split: "70/10/20", season } as const;
    const problem = makeProblem(randomSeries(60, 1), options);
    return evaluate(problem, seasonalNaive.fit(problem).forecaster);
  };
  assert.equal((await evaluated(42)).validation?.windows, 4);
  assert.equal((await evaluated(43)).validation, undefined);
});

Deno.test("metrics: a forecaster may take its time", async () => {
  const problem = problemOf([[0, 0, 0, 1, -2, 3, 5]], 2, [3, 7]);
  const { predict, ...rest } = forecasterOf(2, (row, h) => row - h);
  const slow: Forecaster = {
    ...rest,
    async predict(...args) {
      await new Promise((done) => setTimeout(done, 1));
      await predict(...args);
    },
  };
  assert.deepEqual(
    await score(problem, slow, [3, 7]),
    await score(problem, { ...rest, predict }, [3, 7]),
  );
});
