import assert from "node:assert/strict";
import { conformalQuantile, forecastBeyond } from "../../lib/forecasting/forecast.ts";
import * as ols from "../../lib/forecasting/models/ols.ts";
import * as repeatLast from "../../lib/forecasting/models/repeat_last.ts";
import { makeProblem } from "../../lib/forecasting/problem.ts";
import { keyOf, normals } from "../../lib/ssm/random.ts";
import { randomSeries } from "./fixtures.ts";

Deno.test("intervals: the conformal rank, and its limit with few errors", () => {
  const errors = Float64Array.of(5, 1, 4, 2, 3, 9, 8, 7, 6);
  assert.equal(conformalQuantile(errors, 0.9), 9); // ceil(10 * 0.9) = 9th of 9
  assert.equal(conformalQuantile(errors, 0.5), 5);
  assert.equal(conformalQuantile(errors, 0.75), 8); // ceil(10 * 0.75); ceil(9 * 0.75) would be 7
  assert.equal(conformalQuantile(Float64Array.of(3), 0.99), 3);
});

Deno.test("intervals: in the units of the file, around the forecast, about the right width", () => {
  // White noise: the best forecast is the mean and the 90 % interval is 1.645 deviations.
  const rows = 20_000;
  const channels = [normals(keyOf(0), rows).map((e) => 100 + 10 * e)];
  const series = { file: "f", columns: ["x"], channels, rows, notes: [] };
  const problem = makeProblem(series, { lookback: 3, horizon: 4, split: "70/10/20" });
  const { forecaster } = ols.fit(problem);
  const forecast = forecastBeyond(series, problem, forecaster, forecaster, 0.9);
  for (let h = 0; h < 4; h++) {
    const half = forecast.high[0][h] - forecast.point[0][h];
    assert.ok(Math.abs(half - (forecast.point[0][h] - forecast.low[0][h])) < 1e-9);
    assert.ok(Math.abs(half - 16.45) < 0.6, `${half}`);
    assert.ok(Math.abs(forecast.point[0][h] - 100) < 2);
  }
  assert.ok(Math.abs(forecast.coverage - 0.9) < 0.02);
});

Deno.test("forecast: starts at the row after the last", () => {
  const series = randomSeries(60, 2);
  const problem = makeProblem(series, { lookback: 2, horizon: 3, split: "70/10/20" });
  const { forecaster } = repeatLast.fit(problem);
  const { point } = forecastBeyond(series, problem, forecaster, forecaster, 0.8);
  point.forEach((values, c) => {
    for (const value of values) assert.ok(Math.abs(value - series.channels[c][59]) < 1e-12);
  });
});
