/** @file What the forecast command writes: its rows, its table and its CSV, by hand. */
import assert from "node:assert/strict";
import type { Series } from "../../../../lib/data/series.ts";
import type { Forecast } from "../../../../lib/tasks/forecasting/forecast.ts";
import { makeProblem } from "../../../../lib/tasks/forecasting/problem.ts";
import type { Candidate } from "../../../../pipeline/commands/forecast/models.ts";
import { table, toCsv, toRow } from "../../../../pipeline/commands/forecast/report.ts";
import { randomSeries } from "../../../tasks/forecasting/fixtures.ts";

const problem = makeProblem(randomSeries(60, 1), { lookback: 4, horizon: 2, split: "70/10/20" });

const scores = (mse: number, mae: number) => ({
  mse,
  mae,
  windows: 11,
  channels: [],
  squaredErrors: new Float64Array(0),
});

const candidate = (metrics: Record<string, number>, validated: boolean): Candidate => ({
  id: "some-model",
  test: scores(0.5, 0.25),
  validation: validated ? scores(0.75, 0.125) : undefined,
  fit: { forecaster: { lookback: 1, horizon: 2, predict() {} }, metrics },
  seconds: 1.75,
  refit: () => Promise.reject(new Error("not here")),
});

Deno.test("a row has the errors of test and validation, the fit's loss, and the seconds", () => {
  const metrics = { trainingLoss: 0.0625, excess: 0.01, steps: 300 };
  assert.deepEqual(toRow(problem, candidate(metrics, true)), {
    model: "some-model",
    mse: 0.5,
    mae: 0.25,
    lookback: 4,
    horizon: 2,
    windows: 11,
    validation_mse: 0.75,
    training_loss: 0.0625,
    excess_training_loss: 0.01,
    seconds: 1.75,
  });
  const bare = toRow(problem, candidate({}, false));
  assert.deepEqual(
    [bare.validation_mse, bare.training_loss, bare.excess_training_loss],
    [undefined, undefined, undefined],
  );
});

Deno.test("the table: names to the left, numbers to the right, blanks where there is none", () => {
  const row = {
    ...toRow(problem, candidate({ trainingLoss: 0.001234 }, false)),
    model: "ols",
    mse: 0.37049,
    seconds: 0.126,
  };
  const deep = {
    ...row,
    model: "deep-linear-10",
    mse: 0.01,
    mae: 0.0099999,
    validation_mse: 12,
    excess_training_loss: 0.000123,
    seconds: 100,
  };
  assert.deepEqual(table([row, deep]).split("\n"), [
    "model              MSE     MAE  validation MSE  training loss  over OLS  seconds",
    "ols             0.3705  0.2500                        0.00123               0.13",
    "deep-linear-10  0.0100  0.0100         12.0000        0.00123   0.012 %   100.00",
  ]);
});

Deno.test("the table has no blanks at the ends of its lines", () => {
  const row = toRow(problem, candidate({}, false));
  assert.ok(table([row]).split("\n").every((line) => line === line.trimEnd()));
});

const HOUR = 3_600_000;
const forecast = (columns: string[]): Forecast => ({
  columns,
  point: columns.map((_, c) => Float64Array.of(10 * c + 1, 10 * c + 2 / 3)),
  low: columns.map((_, c) => Float64Array.of(10 * c, 10 * c - 0.5)),
  high: columns.map((_, c) => Float64Array.of(10 * c + 2, 1e9 / 7)),
  coverage: 1,
});
const series = (dates?: number[]): Series => ({
  file: "f",
  columns: ["a", "b"],
  channels: [],
  rows: 2,
  notes: [],
  ...(dates && { dates: Float64Array.from(dates), dateColumn: "when" }),
});

Deno.test("the forecast as CSV: value, lower and upper end of each column, to eight digits", () => {
  const csv = toCsv(series(), forecast(["a", "b"]), 2, undefined);
  assert.equal(
    csv,
    "step,a,a_low,a_high,b,b_low,b_high\n" +
      "1,1,0,2,11,10,12\n" +
      "2,0.66666667,-0.5,142857140,10.666667,9.5,142857140\n",
  );
});

Deno.test("the forecast as CSV: dates go on from the last one, without a time where all are midnight", () => {
  const day = 24 * HOUR;
  const dates = (times: number[], ms: number) =>
    toCsv(series(times), forecast(["a"]), 2, { kind: "fixed", ms })
      .split("\n").map((line) => line.split(",")[0]);
  assert.deepEqual(dates([0, day], day), ["when", "1970-01-03", "1970-01-04", ""]);
  assert.deepEqual(dates([0, HOUR], HOUR), [
    "when",
    "1970-01-01 02:00:00",
    "1970-01-01 03:00:00",
    "",
  ]);
  // One time of day among midnights shows all.
  assert.equal(dates([HOUR, day], day)[1], "1970-01-03 00:00:00");
});

Deno.test("the forecast as CSV: steps are counted where the dates have no interval", () => {
  const lines = toCsv(series([0]), forecast(["a"]), 1, undefined).split("\n");
  assert.deepEqual(lines.map((line) => line.split(",")[0]), ["step", "1", ""]);
});

Deno.test("the forecast as CSV: names with commas, quotes or line breaks are quoted", () => {
  const [header] = toCsv(series(), forecast(['a, "x"']), 1, undefined).split("\n");
  assert.equal(header, 'step,"a, ""x""","a, ""x""_low","a, ""x""_high"');
  const dated = { ...series([0, HOUR]), dateColumn: "the\ndate" };
  assert.match(
    toCsv(dated, forecast(["a"]), 1, { kind: "fixed", ms: HOUR }),
    /^"the\ndate",a,a_low/,
  );
});
