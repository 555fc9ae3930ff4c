/** @file A problem: where its rows are split, what they are standardised by, and what is refused. */
import assert from "node:assert/strict";
import { DataError } from "../../../lib/data/data_error.ts";
import { makeProblem } from "../../../lib/tasks/forecasting/problem.ts";
import { splitRows, SPLITS } from "../../../lib/tasks/forecasting/split.ts";
import { randomSeries } from "./fixtures.ts";

const options = { lookback: 5, horizon: 3, split: "70/10/20" as const };

Deno.test("split: ETT rows are fixed, the rest follows the floor rules", () => {
  assert.deepEqual(splitRows(17_420, "etth", "f"), {
    train: [0, 8640],
    validation: [8640, 11_520],
    test: [11_520, 14_400],
  });
  assert.deepEqual(splitRows(69_680, "ettm", "f"), {
    train: [0, 34_560],
    validation: [34_560, 46_080],
    test: [46_080, 57_600],
  });
  // floor(0.7 n), floor(0.2 n) and the rest; 90 and 7588 are where 0.7 * n in binary goes wrong or is odd.
  assert.deepEqual(splitRows(90, "70/10/20", "f"), {
    train: [0, 63],
    validation: [63, 72],
    test: [72, 90],
  });
  assert.deepEqual(splitRows(7588, "70/10/20", "f"), {
    train: [0, 5311],
    validation: [5311, 6071],
    test: [6071, 7588],
  });
});

Deno.test("split: a series as long as the split is enough, one row fewer is not", () => {
  assert.deepEqual(splitRows(14_400, "etth", "f").test, [11_520, 14_400]);
  assert.deepEqual(splitRows(57_600, "ettm", "f").test, [46_080, 57_600]);
  assert.throws(
    () => splitRows(14_399, "etth", "f.csv"),
    /f\.csv: 14399 rows, but split etth needs 14400/,
  );
  assert.throws(() => splitRows(57_599, "ettm", "f.csv"), /split ettm needs 57600/);
  assert.deepEqual(SPLITS, ["etth", "ettm", "70/10/20"]);
});

Deno.test("split: every row of 70/10/20 is in one part, in order, for every number of rows", () => {
  for (let rows = 0; rows < 200; rows++) {
    const { train, validation, test } = splitRows(rows, "70/10/20", "f");
    assert.deepEqual([train[0], train[1], validation[1], test[1]], [
      0,
      validation[0],
      test[0],
      rows,
    ]);
    // The largest whole numbers of rows that are no more than the shares.
    const [trained, tested] = [train[1], rows - test[0]];
    assert.ok(10 * trained <= 7 * rows && 10 * (trained + 1) > 7 * rows);
    assert.ok(10 * tested <= 2 * rows && 10 * (tested + 1) > 2 * rows);
  }
});

Deno.test("problem: standardised with the mean and deviation of the training rows alone", () => {
  const series = randomSeries(101, 3);
  const problem = makeProblem(series, options);
  const [, end] = problem.split.train;
  assert.equal(end, 70);
  problem.channels.forEach((channel, c) => {
    const train = series.channels[c].subarray(0, end);
    const mean = train.reduce((a, b) => a + b) / end;
    const deviation = Math.sqrt(train.reduce((a, b) => a + (b - mean) ** 2, 0) / end);
    assert.ok(Math.abs(problem.mean[c] - mean) < 1e-12);
    assert.ok(Math.abs(problem.deviation[c] - deviation) < 1e-12);
    assert.equal(channel.length, 101);
    channel.forEach((value, t) =>
      assert.ok(Math.abs(value - (series.channels[c][t] - mean) / deviation) < 1e-12)
    );
  });
  // The future changes nothing in the past.
  series.channels[0].fill(1e6, 70);
  const changed = makeProblem(series, options);
  assert.deepEqual(changed.channels[0].subarray(0, 70), problem.channels[0].subarray(0, 70));
});

Deno.test("problem: it says what was asked of it, and the series stays as it was", () => {
  const series = randomSeries(50, 2);
  const before = series.channels.map((channel) => channel.slice());
  const problem = makeProblem(series, { ...options, season: 7 });
  const { file, lookback, horizon, season, columns, notes, split } = problem;
  assert.deepEqual({ file, lookback, horizon, season, columns, notes, split }, {
    file: "random.csv",
    lookback: 5,
    horizon: 3,
    season: 7,
    columns: ["c0", "c1"],
    notes: [],
    split: splitRows(50, "70/10/20", "f"),
  });
  assert.deepEqual(series.channels, before);
  assert.equal(makeProblem(series, options).season, undefined);
});

Deno.test("problem: constant channels are refused or dropped, by their training rows", () => {
  const series = randomSeries(50, 3);
  series.channels[1].fill(7, 0, 35); // varies in the test rows only
  assert.throws(() => makeProblem(series, options), (error) => {
    assert.ok(error instanceof DataError);
    assert.match(
      error.message,
      /random\.csv, column "c1": constant \(7\) over the 35 training rows/,
    );
    assert.match(error.message, /--drop-constant/);
    return true;
  });
  const dropped = makeProblem(series, { ...options, dropConstant: true });
  assert.deepEqual(dropped.columns, ["c0", "c2"]);
  assert.equal(dropped.notes.length, 1);
  assert.match(dropped.notes[0], /"c1" is constant/);
  // What is left keeps its own mean and deviation.
  const without = makeProblem({
    ...series,
    columns: ["c0", "c2"],
    channels: [series.channels[0], series.channels[2]],
  }, options);
  assert.deepEqual({ ...dropped, notes: [] }, without);
  series.channels[0].fill(1);
  series.channels[2].fill(2);
  assert.throws(() => makeProblem(series, { ...options, dropConstant: true }), /every column is/);
});

Deno.test("problem: a channel that moves in its last training row only is not constant", () => {
  const series = randomSeries(50, 1);
  series.channels[0].fill(7, 0, 34);
  series.channels[0][34] = 8;
  const { mean, deviation, channels } = makeProblem(series, options);
  assert.ok(Math.abs(mean[0] - (7 + 1 / 35)) < 1e-12);
  assert.ok(Math.abs(deviation[0] - Math.sqrt(34) / 35) < 1e-12);
  assert.ok(Math.abs(channels[0][34] - Math.sqrt(34)) < 1e-9);
});

Deno.test("problem: rows that hold one window in each part are enough, one row fewer is not", () => {
  const made = (rows: number, lookback: number, horizon: number) => () =>
    makeProblem(randomSeries(rows, 1), { ...options, lookback, horizon });
  assert.doesNotThrow(made(30, 18, 3));
  assert.throws(
    made(30, 19, 3),
    /random\.csv: 30 rows leave 21 for training, but lookback 19 \+ horizon 3 needs 22/,
  );
  assert.throws(made(30, 1, 4), /30 rows leave 3 for validation, but horizon 4 needs 4/);
  // Of 9 rows two are left for validation, and one for test.
  assert.doesNotThrow(made(9, 5, 1));
  assert.throws(made(9, 4, 2), /9 rows leave 1 for test, but horizon 2 needs 2/);
});

Deno.test("problem: counts that are none are refused by name", () => {
  const series = randomSeries(30, 1);
  for (const name of ["lookback", "horizon", "season"]) {
    const made = (value: number) => () => makeProblem(series, { ...options, [name]: value });
    assert.doesNotThrow(made(1));
    for (const value of [0, -1, 1.5, NaN]) {
      assert.throws(made(value), (error) => {
        assert.ok(error instanceof RangeError);
        assert.match(error.message, new RegExp(`${name} is ${value}.*at least 1`));
        return true;
      });
    }
  }
});

Deno.test("problem: a value that is not finite is refused wherever it is", () => {
  for (const [row, value] of [[0, NaN], [3, Infinity], [29, -Infinity]]) {
    const series = randomSeries(30, 2);
    series.channels[1][row] = value;
    assert.throws(
      () => makeProblem(series, options),
      new RegExp(`column "c1": value ${value} at data row ${row + 1}\\.`),
    );
  }
});
