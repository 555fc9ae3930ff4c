/** @file What the forecast command writes: its rows, its table and its CSV, by hand. */
import assert from "node:assert/strict";
import type { Series } from "../../../../lib/data/series.ts";
import type { Forecast } from "../../../../lib/tasks/forecasting/forecast.ts";
import { makeProblem } from "../../../../lib/tasks/forecasting/problem.ts";
import type { Candidate } from "../../../../pipeline/commands/forecast/models.ts";
import { futureOf } from "../../../../pipeline/commands/forecast/future.ts";
import {
  endsOf,
  headerOf,
  renamed,
  table,
  toCsv,
  toRow,
} from "../../../../pipeline/commands/forecast/report.ts";
import { randomSeries } from "../../../tasks/forecasting/fixtures.ts";

const problem = makeProblem(randomSeries(60, 1), { lookback: 4, horizon: 2, split: "70/10/20" });

const scores = (mse: number, mae: number) => ({
  mse,
  mae,
  windows: 11,
  channels: [{ mse, mae }],
  squaredErrors: new Float64Array(0),
});

/** Half of the model's MAE, and four times its MSE. */
const benchmark = { naive: Float64Array.of(0.125), mse: 2 };

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
  assert.deepEqual(toRow(problem, candidate(metrics, true), benchmark), {
    model: "some-model",
    mse: 0.5,
    mae: 0.25,
    mase: 2,
    skill: 0.75,
    lookback: 4,
    horizon: 2,
    windows: 11,
    validation_mse: 0.75,
    training_loss: 0.0625,
    excess_training_loss: 0.01,
    seconds: 1.75,
  });
  const bare = toRow(problem, candidate({}, false), benchmark);
  assert.deepEqual(
    [bare.validation_mse, bare.training_loss, bare.excess_training_loss],
    [undefined, undefined, undefined],
  );
});

Deno.test("the table: names to the left, numbers to the right, blanks where there is none", () => {
  const row = {
    ...toRow(problem, candidate({ trainingLoss: 0.001234 }, false), benchmark),
    model: "ols",
    mse: 0.37049,
    seconds: 0.126,
  };
  const deep = {
    ...row,
    model: "deep-linear-10",
    mse: 0.01,
    mae: 0.0099999,
    mase: undefined,
    skill: -0.0126,
    validation_mse: 12,
    excess_training_loss: 0.000123,
    seconds: 100,
  };
  assert.deepEqual(table([row, deep]).split("\n"), [
    "model              MSE     MAE    MASE   skill  validation MSE  training loss  over OLS  seconds",
    "ols             0.3705  0.2500  2.0000   0.750                        0.00123               0.13",
    "deep-linear-10  0.0100  0.0100          -0.013         12.0000        0.00123   0.012 %   100.00",
  ]);
});

Deno.test("the table has no blanks at the ends of its lines", () => {
  const row = toRow(problem, candidate({}, false), benchmark);
  assert.ok(table([row]).split("\n").every((line) => line === line.trimEnd()));
});

const HOUR = 3_600_000;
const forecast = (columns: string[]): Forecast => ({
  columns,
  point: columns.map((_, c) => Float64Array.of(10 * c + 1, 10 * c + 2 / 3)),
  intervals: [{
    level: 0.9,
    low: columns.map((_, c) => Float64Array.of(10 * c, 10 * c - 0.5)),
    high: columns.map((_, c) => Float64Array.of(10 * c + 2, 1e9 / 7)),
  }],
});
const series = (dates?: number[]): Series => ({
  file: "f",
  columns: ["a", "b"],
  channels: [],
  rows: 2,
  notes: [],
  ...(dates && { dates: Float64Array.from(dates), dateColumn: "when" }),
});
const steps = { texts: ["1", "2"] };

Deno.test("the forecast as CSV: value, lower and upper end of each column, to the last digit", () => {
  const columns = ["a", "b"];
  assert.equal(
    toCsv(headerOf(undefined, columns), forecast(columns), steps),
    "step,a,a_low,a_high,b,b_low,b_high\n" +
      "1,1,0,2,11,10,12\n" +
      "2,0.6666666666666666,-0.5,142857142.85714287,10.666666666666666,9.5,142857142.85714287\n",
  );
});

Deno.test("the forecast as CSV: both ends of each level, from narrow to wide", () => {
  const { columns, point, intervals: [first] } = forecast(["a"]);
  const second = { level: 0.95, low: [Float64Array.of(-7, -8)], high: [Float64Array.of(70, 80)] };
  assert.equal(
    toCsv(headerOf("t", columns, endsOf([0.9, 0.95])), {
      ...{ columns, point, intervals: [first, second] },
    }, steps),
    "t,a,a_low_90,a_high_90,a_low_95,a_high_95\n1,1,0,2,-7,70\n" +
      "2,0.6666666666666666,-0.5,142857142.85714287,-8,80\n",
  );
});

Deno.test("the forecast as CSV: every number reads back as itself, and no digit more is written", () => {
  const level = 1.6e9;
  const values = [
    level + 1 / 3,
    1e200 / 3,
    -1e-300 / 7,
    5e-324,
    1.7976931348623157e308,
    0.1,
    12,
    -0,
  ];
  const array = Float64Array.from(values);
  const csv = toCsv(headerOf(undefined, ["x"]), {
    columns: ["x"],
    point: [array],
    intervals: [{
      level: 0.9,
      low: [array.map((value) => value - 1e-7 * Math.abs(value))],
      high: [array.map((value) => value * (1 - 2 ** -50))],
    }],
  }, { texts: values.map((_, h) => `${h + 1}`) });
  const cells = csv.trimEnd().split("\n").slice(1).map((line) => line.split(",").slice(1));
  cells.forEach(([point, low, high], h) => {
    assert.equal(Number(point), values[h] + 0);
    assert.equal(Number(low), values[h] - 1e-7 * Math.abs(values[h]) + 0);
    assert.equal(Number(high), values[h] * (1 - 2 ** -50) + 0);
    // One digit less is another number.
    const digits = point.replace(/e.*/, "").replace(/\D/g, "").replace(/^0+|0+$/g, "").length;
    if (digits > 1) assert.notEqual(Number(values[h].toPrecision(digits - 1)), values[h]);
  });
});

Deno.test("the forecast as CSV: dates go on from the last one, without a time where all are midnight", () => {
  const day = 24 * HOUR;
  const dates = (times: number[], ms: number) =>
    futureOf({ ...series(times), sampling: { interval: { kind: "fixed", ms }, irregular: 0 } }, 2)
      .texts;
  assert.deepEqual(dates([0, day], day), ["1970-01-03", "1970-01-04"]);
  assert.deepEqual(dates([0, HOUR], HOUR), ["1970-01-01 02:00:00", "1970-01-01 03:00:00"]);
  // One time of day among midnights shows all.
  assert.equal(dates([HOUR, day], day)[0], "1970-01-03 00:00:00");
});

Deno.test("the forecast as CSV: steps are counted where the dates have no interval", () => {
  const { dated, texts, past, times } = futureOf(series([0]), 1);
  assert.deepEqual([dated, texts], [false, ["1"]]);
  assert.deepEqual([[...past], [...times]], [[1, 2], [3]]);
});

Deno.test("the forecast as CSV: names with commas, quotes or line breaks are quoted", () => {
  const columns = ['a, "x"', "b\nc", "#d", " e", "f;g"];
  const csv = toCsv(headerOf("the\rdate", columns), { ...forecast(columns) }, steps);
  assert.ok(csv.startsWith(
    '"the\rdate","a, ""x""","a, ""x""_low","a, ""x""_high","b\nc","b\nc_low","b\nc_high",' +
      '"#d","#d_low","#d_high"," e"," e_low"," e_high","f;g","f;g_low","f;g_high"\n1,',
  ));
  assert.match(toCsv(["#when"], forecast([]), steps), /^"#when"\n/, "no comment");
});

Deno.test("the forecast as CSV: every column has a name of its own, in any case; those of the file stay", () => {
  const cases: [string | undefined, string[], string[]][] = [
    [undefined, ["a"], ["step", "a", "a_low", "a_high"]],
    ["t", ["load", "load_low"], [
      ...["t", "load", "load_low_2", "load_high"],
      ...["load_low", "load_low_low", "load_low_high"],
    ]],
    ["a_low", ["a"], ["a_low", "a", "a_low_2", "a_high"]],
    [undefined, ["step"], ["step_2", "step", "step_low", "step_high"]],
    ["t", ["x", "X_LOW", "x_low_2"], [
      ...["t", "x", "x_low_3", "x_high", "X_LOW", "X_LOW_low", "X_LOW_high"],
      ...["x_low_2", "x_low_2_low", "x_low_2_high"],
    ]],
    ["t", ["x", "X"], ["t", "x", "x_low", "x_high", "X", "X_low_2", "X_high_2"]],
    ["t", ["a_low", "a"], ["t", "a_low", "a_low_low", "a_low_high", "a", "a_low_2", "a_high"]],
  ];
  for (const [date, columns, want] of cases) {
    const header = headerOf(date, columns);
    assert.deepEqual(header, want);
    const folded = header.map((name) => name.toLowerCase());
    if (new Set(columns.map((c) => c.toLowerCase())).size === columns.length) {
      assert.equal(new Set(folded).size, folded.length);
    }
  }
  assert.equal(renamed(headerOf("t", ["a", "b"])), undefined);
  const levels = endsOf([0.8, 0.95, 0.999]);
  assert.deepEqual(headerOf("t", ["a"], levels), [
    ...["t", "a", "a_low_80", "a_high_80", "a_low_95", "a_high_95", "a_low_99.9", "a_high_99.9"],
  ]);
  assert.deepEqual(endsOf([0.95]), ["low", "high"], "one level needs no name");
  assert.equal(renamed(headerOf("t", ["a", "b"], levels), levels), undefined);
  assert.match(
    renamed(headerOf("t", ["a", "a_high_95"], levels), levels)!,
    /"a_high_95_2" is numbered/,
  );
  assert.match(renamed(headerOf("t", ["a", "a_low"]))!, /"a_low_2" is numbered/);
  assert.match(renamed(headerOf(undefined, ["step", "step_high"]))!, /"step_2", "step_high_2" are/);
});
