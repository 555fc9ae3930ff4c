/** @file Conformal intervals: which errors calibrate them, which rank, which units, and what is counted as covered. */
import assert from "node:assert/strict";
import type { Forecaster } from "../../../lib/tasks/forecasting/forecaster.ts";
import {
  attainableLevel,
  calibrationErrors,
  conformalQuantile,
} from "../../../lib/tasks/forecasting/calibration.ts";
import { forecastBeyond } from "../../../lib/tasks/forecasting/forecast.ts";
import * as ols from "../../../lib/tasks/forecasting/references/ols.ts";
import * as repeatLast from "../../../lib/tasks/forecasting/references/repeat_last.ts";
import { makeProblem, type Problem } from "../../../lib/tasks/forecasting/problem.ts";
import { keyOf, normals } from "../../../lib/random/random.ts";
import { randomSeries } from "./fixtures.ts";

Deno.test("intervals: the conformal rank, and its limit with few errors", () => {
  const errors = Float64Array.of(5, 1, 4, 2, 3, 9, 8, 7, 6);
  assert.equal(conformalQuantile(errors, 0.9), 9); // ceil(10 * 0.9) = 9th of 9
  assert.equal(conformalQuantile(errors, 0.89), 9);
  assert.equal(conformalQuantile(errors, 0.5), 5);
  assert.equal(conformalQuantile(errors, 0.51), 6);
  assert.equal(conformalQuantile(errors, 0.75), 8); // ceil(10 * 0.75); ceil(9 * 0.75) would be 7
  assert.equal(conformalQuantile(errors, 0.01), 1);
  assert.equal(conformalQuantile(errors, 0.91), Infinity, "a tenth of new errors exceeds all nine");
  assert.equal(conformalQuantile(Float64Array.of(3), 0.51), Infinity);
  assert.equal(conformalQuantile(Float64Array.of(3), 0.5), 3);
  assert.equal(conformalQuantile(Float64Array.of(3), 0.01), 3);
  assert.deepEqual([...errors], [5, 1, 4, 2, 3, 9, 8, 7, 6], "the errors stay in their order");
});

Deno.test("intervals: a rank that is whole but for rounding is that rank", () => {
  const errors = Float64Array.from({ length: 99 }, (_, i) => i + 1);
  for (let percent = 1; percent < 100; percent++) {
    assert.equal(conformalQuantile(errors, percent / 100), percent); // 100 * 0.55 is 55.00000000000001
  }
});

Deno.test("intervals: errors are ranked as numbers, ties included", () => {
  const errors = Float64Array.of(10, 9, 100, 1e-7, 9, 9, 2e21);
  assert.equal(conformalQuantile(errors, 1 / 8), 1e-7);
  assert.deepEqual([2, 3, 4].map((k) => conformalQuantile(errors, k / 8)), [9, 9, 9]);
  assert.equal(conformalQuantile(errors, 5 / 8), 10);
  assert.equal(conformalQuantile(errors, 6 / 8), 100);
  assert.equal(conformalQuantile(errors, 7 / 8), 2e21);
});

/** A forecaster that misses row `row`, forecast `h` rows after its origin, by `error(row, h)`. */
function missing(horizon: number, error: (row: number, h: number) => number): Forecaster {
  return {
    lookback: 1,
    horizon,
    predict(channel, first, count, out) {
      for (let h = 0; h < horizon; h++) {
        for (let i = 0; i < count; i++) {
          const row = first + i + h;
          out[h * count + i] = channel[row] + error(row, h);
        }
      }
    },
  };
}

/** A forecaster of constants: step `h` of every origin is `value(h)`. */
function saying(horizon: number, value: (h: number) => number): Forecaster {
  return {
    lookback: 1,
    horizon,
    predict: (_channel, _first, count, out) => {
      for (let h = 0; h < horizon; h++) out.fill(value(h), h * count, (h + 1) * count);
    },
  };
}

function problemOf(validation: number, test: number, horizon: number): Problem {
  const from = 5;
  const rows = from + validation + test;
  const noise = (key: number) => normals(keyOf(key), rows);
  return {
    file: "f",
    lookback: 1,
    horizon,
    split: {
      train: [0, from],
      validation: [from, from + validation],
      test: [from + validation, rows],
    },
    columns: ["a", "b"],
    channels: [noise(1), noise(2)],
    mean: Float64Array.of(100, -7),
    deviation: Float64Array.of(10, 0.5),
    notes: [],
  };
}

const seriesOf = ({ columns, channels }: Problem) => ({
  file: "f",
  columns,
  channels,
  rows: channels[0].length,
  notes: [],
});

/** Absolute errors of every `stride`-th window of a range at step `h`, in order of size. */
function sorted(
  [from, to]: [number, number],
  horizon: number,
  h: number,
  error: (row: number, h: number) => number,
  stride = 1,
): number[] {
  const out: number[] = [];
  for (let origin = from; origin + horizon <= to; origin += stride) {
    out.push(Math.abs(error(origin + h, h)));
  }
  return out.sort((a, b) => a - b);
}

const rankOf = (errors: number[], level: number) =>
  errors[Math.min(errors.length, Math.ceil((errors.length + 1) * level)) - 1];

/** Errors of both signs, no two alike, growing with the step. */
const scattered = (row: number, h: number) =>
  (row % 2 ? 1 : -1) * (1 + h) * (((row * 7919) % 1009) + row / 10_000);

Deno.test("intervals: errors on validation and test calibrate each step, in the units of each column", async () => {
  const horizon = 3;
  for (const level of [0.5, 0.8]) {
    const problem = problemOf(12, 20, horizon);
    const { validation, test } = problem.split;
    const fitted = missing(horizon, scattered);
    const forecast = await forecastBeyond(
      seriesOf(problem),
      problem,
      fitted,
      saying(horizon, (h) => h - 0.5),
      [level],
    );
    assert.deepEqual(forecast.columns, ["a", "b"]);
    for (let h = 0; h < horizon; h++) {
      const errors = [validation, test].flatMap((range) => sorted(range, horizon, h, scattered));
      const half = rankOf(errors.sort((a, b) => a - b), level);
      [[100, 10], [-7, 0.5]].forEach(([mean, deviation], c) => {
        const close = (actual: number, standardised: number) =>
          assert.ok(Math.abs(actual - (mean + deviation * standardised)) < 1e-8, `${c}, ${h}`);
        close(forecast.point[c][h], h - 0.5);
        close(forecast.intervals[0].low[c][h], h - 0.5 - half);
        close(forecast.intervals[0].high[c][h], h - 0.5 + half);
      });
    }
  }
});

Deno.test("intervals: n errors a step give n / (n + 1) at most; a higher level is refused with its number", async () => {
  const horizon = 2;
  const problem = problemOf(5, 7, horizon); // 4 and 6 windows
  assert.equal(calibrationErrors(problem), 10);
  assert.equal(attainableLevel(10), 10 / 11);
  assert.equal(calibrationErrors(problemOf(2001, 4002, horizon)), 2000 + Math.ceil(4001 / 3));
  const fitted = missing(horizon, scattered);
  const at = (level: number) =>
    forecastBeyond(seriesOf(problem), problem, fitted, saying(horizon, () => 0), [level]);
  const widest = await at(attainableLevel(10));
  for (let h = 0; h < horizon; h++) {
    const errors = [problem.split.validation, problem.split.test]
      .flatMap((range) => sorted(range, horizon, h, scattered));
    assert.ok(Math.abs((widest.intervals[0].high[0][h] - 100) / 10 - Math.max(...errors)) < 1e-9);
  }
  await assert.rejects(at(0.91), /intervals of 0\.91: 10 errors a step can give 0\.909\d* at most/);
  // How often a new error exceeds the largest of n, by drawing: once in n + 1 times.
  const n = 4, trials = 20_000;
  const drawn = normals(keyOf(3), trials * (n + 1));
  let exceeded = 0;
  for (let i = 0; i < drawn.length; i += n + 1) {
    const largest = conformalQuantile(drawn.slice(i, i + n).map(Math.abs), attainableLevel(n));
    if (Math.abs(drawn[i + n]) > largest) exceeded++;
  }
  assert.ok(Math.abs(exceeded / trials - 1 / (n + 1)) < 0.01, `${exceeded / trials}`);
});

Deno.test("coverage: not stated where validation alone has too few errors for the level", async () => {
  const problem = problemOf(9, 40, 1);
  const fitted = missing(1, scattered);
  const coverage = async (level: number) =>
    (await forecastBeyond(seriesOf(problem), problem, fitted, saying(1, () => 0), [level]))
      .intervals[0].coverage;
  assert.equal(typeof await coverage(0.9), "number");
  assert.equal(await coverage(0.91), undefined);
});

Deno.test("intervals: a forecast beyond the largest number is refused by column and step", async () => {
  const problem = problemOf(9, 9, 2);
  problem.deviation[1] = 1e308;
  const far = saying(2, (h) => 1.5 * h);
  await assert.rejects(
    forecastBeyond(seriesOf(problem), problem, missing(2, () => 0.5), far, [0.5]),
    /^DataError: f, column "b": the forecast 2 rows ahead leaves the range of numbers/,
  );
});

Deno.test("coverage: test errors up to the quantile of validation alone, itself included", async () => {
  // Errors of rows of validation are 1 to 9, so that at level 0.5 the fifth, 5, is the limit.
  const problem = problemOf(9, 8, 1);
  const onTest = [1, 5, 5, 5.0001, 6, 4.9999, 100, 0];
  const error = (row: number) => row < 14 ? row - 4 : onTest[row - 14];
  const exact: Forecaster = missing(1, error);
  problem.channels.forEach((channel) => channel.fill(0));
  const forecast = await forecastBeyond(seriesOf(problem), problem, exact, saying(1, () => 0), [
    0.5,
  ]);
  assert.equal(forecast.intervals[0].coverage, 5 / 8);
});

Deno.test("coverage: counts every column and step, each by its own quantile", async () => {
  const horizon = 2;
  const problem = problemOf(10, 11, horizon);
  const { validation, test } = problem.split;
  let inside = 0, total = 0;
  for (let h = 0; h < horizon; h++) {
    const limit = rankOf(sorted(validation, horizon, h, scattered), 0.6);
    for (const error of sorted(test, horizon, h, scattered)) {
      total++;
      if (error <= limit) inside++;
    }
  }
  assert.equal(total, 20);
  assert.ok(inside > 0 && inside < total);
  const fitted = missing(horizon, scattered);
  const { intervals: [{ coverage }] } = await forecastBeyond(
    seriesOf(problem),
    problem,
    fitted,
    saying(horizon, () => 0),
    [0.6],
  );
  assert.equal(coverage, inside / total);
});

Deno.test("intervals: of up to 2,000 windows every one calibrates, beyond that every second, then every third", async () => {
  const level = 0.731;
  const cases = [[2000, 1], [2001, 2], [4000, 2], [4001, 3], [4097, 3], [9001, 5], [12_300, 7]];
  for (const [windows, stride] of cases) {
    const horizon = 2;
    const problem = problemOf(windows + horizon - 1, 6, horizon);
    const { validation, test } = problem.split;
    const fitted = missing(horizon, scattered);
    const forecast = await forecastBeyond(
      seriesOf(problem),
      problem,
      fitted,
      saying(horizon, () => 0),
      [level],
    );
    for (let h = 0; h < horizon; h++) {
      const errors = [
        ...sorted(validation, horizon, h, scattered, stride),
        ...sorted(test, horizon, h, scattered),
      ].sort((a, b) => a - b);
      const half = (forecast.intervals[0].high[0][h] - forecast.intervals[0].low[0][h]) / 20;
      assert.ok(Math.abs(half - rankOf(errors, level)) < 1e-8, `${windows} windows, step ${h}`);
    }
  }
});

Deno.test("intervals: in the units of the file, around the forecast, about the right width", async () => {
  // White noise: the best forecast is the mean and the 90 % interval is 1.645 deviations.
  const rows = 20_000;
  const channels = [normals(keyOf(0), rows).map((e) => 100 + 10 * e)];
  const series = { file: "f", columns: ["x"], channels, rows, notes: [] };
  const problem = makeProblem(series, { lookback: 3, horizon: 4, split: "70/10/20" });
  const { forecaster } = ols.fit(problem);
  const forecast = await forecastBeyond(series, problem, forecaster, forecaster, [0.9]);
  for (let h = 0; h < 4; h++) {
    const half = forecast.intervals[0].high[0][h] - forecast.point[0][h];
    assert.ok(Math.abs(half - (forecast.point[0][h] - forecast.intervals[0].low[0][h])) < 1e-9);
    assert.ok(Math.abs(half - 16.45) < 0.6, `${half}`);
    assert.ok(Math.abs(forecast.point[0][h] - 100) < 2);
  }
  assert.ok(Math.abs(forecast.intervals[0].coverage! - 0.9) < 0.02);
});

Deno.test("forecast: starts at the row after the last", async () => {
  const series = randomSeries(60, 2);
  const problem = makeProblem(series, { lookback: 2, horizon: 3, split: "70/10/20" });
  const { forecaster } = repeatLast.fit(problem);
  const { point } = await forecastBeyond(series, problem, forecaster, forecaster, [0.8]);
  point.forEach((values, c) => {
    assert.equal(values.length, 3);
    for (const value of values) assert.ok(Math.abs(value - series.channels[c][59]) < 1e-12);
  });
});

Deno.test("forecast: forecasters may take their time", async () => {
  const problem = problemOf(12, 20, 3);
  const slow = (forecaster: Forecaster): Forecaster => ({
    ...forecaster,
    async predict(...args) {
      await new Promise((done) => setTimeout(done, 1));
      await forecaster.predict(...args);
    },
  });
  const [fitted, refitted] = [missing(3, scattered), saying(3, (h) => h + 1)];
  const want = await forecastBeyond(seriesOf(problem), problem, fitted, refitted, [0.8]);
  assert.deepEqual(
    await forecastBeyond(seriesOf(problem), problem, slow(fitted), refitted, [0.8]),
    want,
  );
  assert.deepEqual(
    await forecastBeyond(seriesOf(problem), problem, fitted, slow(refitted), [0.8]),
    want,
  );
});
