/** @file Explanations by hand: the file has every part, the table the largest ones. */
import assert from "node:assert/strict";
import type { Series } from "../../../../lib/data/series.ts";
import type { Explanation } from "../../../../pipeline/commands/forecast/explain.ts";
import {
  explain,
  explanationCsv,
  explanationJson,
  explanationTable,
  requireExplainable,
} from "../../../../pipeline/commands/forecast/explain.ts";
import type { Problem } from "../../../../lib/tasks/forecasting/problem.ts";
import { UsageError } from "../../../../pipeline/usage_error.ts";

const explanation = (columns: number, horizon = 2): Explanation => ({
  ...{ model: "ols", inputs: ["a", "b", "c", "d", "e", "f", "g"], difference: 0 },
  steps: ["s1", "s2", "s3"].slice(0, horizon),
  columns: Array.from({ length: columns }, (_, c) => ({
    column: `x${c}`,
    values: Float64Array.of(1, 2, 3, 4, 5, 6, 7),
    parts: {
      baseline: new Float64Array(horizon).fill(100),
      // The largest are g at the first step and f at the last; a and b are the smallest.
      inputs: Float64Array.from(
        [[0, 1], [1, 0], [-3, 0], [4, 4], [5, 5], [0, -9], [10, 0]].flatMap((x) =>
          x.slice(0, horizon)
        ),
      ),
      ...(c === 0 && { deviation: new Float64Array(horizon).fill(0.5) }),
    },
    forecast: new Float64Array(horizon).fill(117.5),
  })),
});

Deno.test("the table of an explanation: the largest parts at the first and the last step, the others summed", () => {
  assert.equal(
    explanationTable(explanation(1)),
    "What the forecast by ols is made of, in units of the file:\n\n" +
      "x0                       value     s1     s2\n" +
      "baseline                          100    100\n" +
      "g                            7     10      0\n" +
      "f                            6      0     -9\n" +
      "e                            5      5      5\n" +
      "d                            4      4      4\n" +
      "c                            3     -3      0\n" +
      "2 other inputs                      1      1\n" +
      "deviation of the window           0.5    0.5\n" +
      "forecast                        117.5  117.5",
  );
  const many = explanationTable(explanation(5, 1));
  assert.match(many, /\n\nx2 +value +s1\n[^]*\n\n2 more columns in the file\.$/);
  assert.ok(!many.includes("x3") && !/\nx1[^]*deviation/.test(many));
  assert.match(explanationTable(explanation(4)), /\n\n1 more column in the file\.$/);
});

Deno.test("an explanation that no file takes is refused with what to do", () => {
  const sized = (columns: number, season?: number) =>
    ({ columns: new Array(columns), lookback: 100, horizon: 10, season }) as unknown as Problem;
  requireExplainable(sized(20_000));
  requireExplainable(sized(20_000, 100));
  assert.throws(
    () => requireExplainable(sized(20_001)),
    /--explain: 20001 columns x 100 rows looked back on x 10 steps are 20001000 numbers, at most 20000000/,
  );
  assert.throws(() => requireExplainable(sized(20_000, 101)), UsageError);
});

Deno.test("an explanation as CSV and JSON: a line or an object for every part", () => {
  const lines = explanationCsv(explanation(2)).split("\n");
  assert.deepEqual(lines.slice(0, 3), [
    "column,input,value,s1,s2",
    "x0,baseline,,100,100",
    "x0,a,1,0,1",
  ]);
  assert.deepEqual(lines.slice(8, 12), [
    ...["x0,g,7,10,0", "x0,deviation of the window,,0.5,0.5", "x0,forecast,,117.5,117.5"],
    "x1,baseline,,100,100",
  ]);
  assert.equal(lines.length, 1 + 10 + 9 + 1);
  const { columns } = JSON.parse(explanationJson(explanation(2)));
  assert.deepEqual(columns[0].inputs[5], { input: "f", value: 6, adds: [0, -9] });
  assert.deepEqual([columns[0].baseline, columns[1].forecast], [[100, 100], [117.5, 117.5]]);
});

Deno.test("an explanation: inputs are the last rows, by their numbers where there are no dates", async () => {
  const series: Series = {
    ...{ file: "f", columns: ["left out", "x"], rows: 5, notes: [] },
    channels: [new Float64Array(5), Float64Array.of(9, 9, 9, 12, 8)],
  };
  const problem = {
    ...{ columns: ["x"], channels: [Float64Array.of(0, 0, 0, 1, -1)] },
    ...{ mean: Float64Array.of(10), deviation: Float64Array.of(2) },
  } as unknown as Problem;
  const map = {
    ...{ lookback: 2, horizon: 1, weights: Float64Array.of(3, 5), intercept: Float64Array.of(0.5) },
  };
  const fit = { map, forecaster: { lookback: 2, horizon: 1, predict() {} }, metrics: {} };
  const forecast = { columns: ["x"], point: [Float64Array.of(8)], intervals: [] };
  const future = {
    dated: false,
    texts: ["1"],
    past: new Float64Array(),
    times: new Float64Array(),
  };
  const made = await explain(series, problem, { model: "ols", fit, forecast }, future);
  assert.deepEqual([made.inputs, made.steps], [["4", "5"], ["1"]]);
  const [{ column, values, parts }] = made.columns;
  assert.deepEqual([column, ...values], ["x", 12, 8]);
  // 10 + 2 (0.5 + 3 - 5) is 7, where the forecast is said to be 8.
  assert.deepEqual([...parts.baseline, ...parts.inputs], [11, 6, -10]);
  assert.equal(made.difference, 1 / 8);
});
