/** @file Explanations: the file has every part, its sums are the forecast that --out writes, the table has the largest parts. */
import assert from "node:assert/strict";
import { readCells } from "../../../../lib/data/csv.ts";
import type { Explanation } from "../../../../pipeline/commands/forecast/explain.ts";
import {
  explanationCsv,
  explanationJson,
  explanationTable,
} from "../../../../pipeline/commands/forecast/explain.ts";
import { randomSeries } from "../../../tasks/forecasting/fixtures.ts";
import { folder, forecast, hourly } from "./command.ts";

const files = folder();
const { channels: [load, price] } = randomSeries(120, 2);
const file = files.csv("mine.csv", { date: hourly(120), load, "price, EUR": price });
const small = ["--lookback", "6", "--horizon", "3", "--depths", "none"];

Deno.test("forecast --explain: parts of every model sum to the forecast of --out, in CSV and JSON", async () => {
  const [csv, json, out] = ["e.csv", "e.json", "o.csv"].map((name) => `${files.path}/${name}`);
  for (const [model, lookback] of [["ols", 6], ["ols-in", 6], ["seasonal-naive", 24]] as const) {
    const args = [file, ...small, "--model", model, "--out", out];
    const first = await forecast(...args, "--explain", csv);
    assert.equal(first.code, 0, first.stderr);
    assert.match(first.stderr, new RegExp(`e\\.csv: what ${lookback} input values add to each`));
    assert.match(first.stderr, /sums are the forecast to (0e\+0|\de-1\d)\./);
    const points = readCells(Deno.readTextFileSync(out), out);
    const { header, rows } = readCells(Deno.readTextFileSync(csv), csv);
    assert.deepEqual(header, ["column", "input", "value", ...points.rows.map(([date]) => date)]);
    for (const [c, column] of ["load", "price, EUR"].entries()) {
      const lines = rows.filter(([name]) => name === column);
      const inputs = lines.slice(1, 1 + lookback);
      assert.equal(lines[0][1], "baseline");
      assert.deepEqual(inputs.map((cells) => cells[1]), hourly(120).slice(-lookback));
      const values = [load, price][c].slice(-lookback);
      assert.deepEqual(inputs.map((cells) => Number(cells[2])), [...values]);
      const names = lines.slice(1 + lookback).map((cells) => cells[1]);
      assert.deepEqual(names, [
        ...(model === "ols-in" ? ["deviation of the window"] : []),
        "forecast",
      ]);
      for (let h = 0; h < 3; h++) {
        const sum = lines.slice(0, -1).reduce((total, cells) => total + Number(cells[3 + h]), 0);
        const point = Number(points.rows[h][points.header.indexOf(column)]);
        assert.ok(Math.abs(sum - point) <= 1e-9 * Math.max(1, Math.abs(point)), `${model} ${h}`);
        assert.equal(Number(lines.at(-1)![3 + h]), point);
      }
    }
    if (model === "seasonal-naive") continue;
    const second = await forecast(...args, "--explain", json, "--json");
    assert.deepEqual(Object.keys(JSON.parse(second.stdout)), ["rows"]);
    const made = JSON.parse(Deno.readTextFileSync(json));
    assert.equal(made.model, model);
    assert.deepEqual(made.steps, points.rows.map(([date]) => date));
    assert.deepEqual(
      made.columns[1].inputs[2].adds,
      rows[1 + 2 + rows.length / 2].slice(3).map(Number),
    );
    assert.equal(made.columns[1].column, "price, EUR");
    assert.deepEqual(Object.hasOwn(made.columns[0], "deviation"), model === "ols-in");
  }
});

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
