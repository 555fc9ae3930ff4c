import assert from "node:assert/strict";
import { DataError } from "../../lib/data/data_error.ts";
import { makeProblem } from "../../lib/forecasting/problem.ts";
import { splitRows } from "../../lib/forecasting/split.ts";
import { randomSeries } from "./fixtures.ts";

const options = { lookback: 5, horizon: 3, split: "70/10/20" as const };

Deno.test("split: ETT rows are fixed, the rest follows the floor rules", () => {
  assert.deepEqual(splitRows(17_420, "etth", "f"), {
    train: [0, 8640],
    validation: [8640, 11_520],
    test: [11_520, 14_400],
  });
  assert.deepEqual(splitRows(69_680, "ettm", "f").test, [46_080, 57_600]);
  assert.throws(
    () => splitRows(14_399, "etth", "f.csv"),
    /f\.csv: 14399 rows, but split etth needs 14400/,
  );
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

Deno.test("problem: standardised with the mean and deviation of the training rows alone", () => {
  const series = randomSeries(101, 3);
  const problem = makeProblem(series, options);
  const [, end] = problem.split.train;
  assert.equal(end, 70);
  problem.channels.forEach((channel, c) => {
    const train = channel.subarray(0, end);
    const mean = train.reduce((a, b) => a + b) / end;
    const variance = train.reduce((a, b) => a + (b - mean) ** 2, 0) / end;
    assert.ok(Math.abs(mean) < 1e-12 && Math.abs(variance - 1) < 1e-12);
    const back = channel[100] * problem.deviation[c] + problem.mean[c];
    assert.ok(Math.abs(back - series.channels[c][100]) < 1e-12);
  });
  // The future changes nothing in the past.
  series.channels[0].fill(1e6, 71);
  const changed = makeProblem(series, options);
  assert.deepEqual(changed.channels[0].subarray(0, 71), problem.channels[0].subarray(0, 71));
});

Deno.test("problem: constant channels are refused or dropped, by their training rows", () => {
  const series = randomSeries(50, 2);
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
  assert.deepEqual(dropped.columns, ["c0"]);
  assert.match(dropped.notes[0], /"c1" is constant/);
  series.channels[0].fill(1);
  assert.throws(() => makeProblem(series, { ...options, dropConstant: true }), /every column is/);
});

Deno.test("problem: too few rows, NaN, and counts that are none are refused", () => {
  const series = randomSeries(30, 1);
  assert.throws(
    () => makeProblem(series, { ...options, lookback: 19 }),
    /30 rows leave 21 for training, but lookback 19 \+ horizon 3 needs 22/,
  );
  assert.doesNotThrow(() => makeProblem(series, { ...options, lookback: 18 }));
  assert.throws(
    () => makeProblem(series, { ...options, lookback: 1, horizon: 4 }),
    /3 for validation/,
  );
  for (const lookback of [0, -1, 1.5, NaN]) {
    assert.throws(() => makeProblem(series, { ...options, lookback }), /lookback is .*at least 1/);
  }
  series.channels[0][3] = NaN;
  assert.throws(() => makeProblem(series, options), /column "c0": value NaN at data row 4/);
});
