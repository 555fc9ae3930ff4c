/** @file `--explain` and `--origins` in processes of their own: what they write and print agrees with the other outputs. */
import assert from "node:assert/strict";
import { readCells } from "../../../../lib/data/csv.ts";
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

const undated = files.csv("undated.csv", { x: load });

Deno.test("forecast --origins: scores by step of the model that is named, every step in the JSON", async () => {
  const args = [undated, ...small, "--origins", "22", "--model", "repeat-last", "--level", "50,80"];
  const { code, stdout, stderr } = await forecast(...args);
  assert.equal(code, 0, stderr);
  assert.match(
    stdout,
    /\n22 rolling origins in the test rows, repeat-last:\n\nstep +MSE +MAE +in 50 % +in 80 %\n1 /,
  );
  const json = await forecast(...args, "--json");
  const { rows, origins } = JSON.parse(json.stdout);
  assert.deepEqual([origins.model, origins.count, origins.levels], ["repeat-last", 22, [0.5, 0.8]]);
  assert.equal(origins.steps.length, 3);
  // All origins there are: the table's own score.
  const mse = origins.steps.reduce((sum: number, { mse }: { mse: number }) => sum + mse, 0) / 3;
  assert.ok(Math.abs(mse / rows[0].mse - 1) < 1e-12);
  assert.ok(rows[0].mase > 0 && rows[0].skill === 0);
});

Deno.test("forecast --origins: more than the test rows have are refused with their number", async () => {
  const { code, stdout, stderr } = await forecast(undated, ...small, "--origins", "23");
  assert.deepEqual([code, stdout], [1, ""]);
  assert.match(
    stderr,
    /--origins 23: the test rows have 22 at horizon 3\. Give --origins 22 or less/,
  );
});
