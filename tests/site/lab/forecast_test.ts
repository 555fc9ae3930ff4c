/** @file The page on forecasting: the command's numbers for a file of anyone's, and what it says of files that it cannot take. */
import assert from "node:assert/strict";
import { findEntry, readOptions } from "../../../lib/data/entry.ts";
import { readSeries } from "../../../lib/data/series.ts";
import { emptyDocument } from "../../../lib/plot/document.ts";
import { makeProblem } from "../../../lib/tasks/forecasting/problem.ts";
import { evaluateAll } from "../../../pipeline/commands/forecast/models.ts";
import { addsChart, forecastChart } from "../../../site/lab/forecast/charts.ts";
import { example } from "../../../site/lab/forecast/example.ts";
import { type Column, forecastFile, suited } from "../../../site/lab/forecast/forecast.ts";
import { partsOf } from "../../../site/lab/forecast/parts.ts";

/** Two columns over days: a wave on a ramp, and a load. */
const rows = Array.from({ length: 200 }, (_, t) => {
  const date = new Date(Date.UTC(2024, 0, 1 + t)).toISOString().slice(0, 10);
  return `${date},${(5 + Math.sin(t * 0.9) + t / 90).toFixed(4)},${(3 * t * t) % 11}`;
});
const text = `day,wave,load\n${rows.join("\n")}\n`;

Deno.test("a file's table and forecast are the command's, and every step is the sum of its parts", async () => {
  const content = new TextEncoder().encode(text);
  const found = await forecastFile({ file: "f.csv", content, lookback: 14, horizon: 5 });
  const problem = makeProblem(readSeries(content, "f.csv"), {
    ...{ lookback: 14, horizon: 5, split: "70/10/20", season: 7 },
  });
  const candidates = await evaluateAll(problem, [], () => {});
  assert.deepEqual(
    found.rows.map(({ model, mse, mae, validation_mse }) => [model, mse, mae, validation_mse]),
    candidates.map(({ id, test, validation }) => [id, test.mse, test.mae, validation!.mse]),
  );
  const best = candidates.toSorted((a, b) => a.validation!.mse - b.validation!.mse)[0];
  assert.equal(found.model, best.id);
  assert.equal(found.rows.find(({ model }) => model === "seasonal-naive")!.skill, 0);
  assert.deepEqual([found.dated, found.level], [true, 0.9]);
  assert.deepEqual(found.stepTexts, [19, 20, 21, 22, 23].map((day) => `2024-07-${day}`));
  assert.equal(found.inputTexts.at(-1), "2024-07-18");
  assert.equal(found.times[0] - found.pastTimes.at(-1)!, 86_400_000);
  assert.ok(
    found.notes.some((note) => /^season 7 rows, the usual one at 1 day\s?\.?$/.test(note.trim())),
    found.notes.join("|"),
  );
  for (const column of found.columns) {
    assert.equal(
      column.past.at(-1),
      Number(rows.at(-1)!.split(",")[column.name === "wave" ? 1 : 2]),
    );
    for (let step = 0; step < 5; step++) {
      const parts = partsOf(column, found, step);
      const sum = parts.reduce((sum, { adds }) => sum + adds, 0);
      assert.ok(Math.abs(sum - column.point[step]) < 1e-9 * Math.max(1, Math.abs(sum)));
      assert.ok(column.low[step] < column.point[step] && column.point[step] < column.high[step]);
      const sizes = parts.slice(1, 6).map(({ adds }) => Math.abs(adds));
      assert.deepEqual(sizes, sizes.toSorted((a, b) => b - a));
      assert.equal(parts[6].label, `${found.inputTexts.length - 5} other inputs`);
    }
  }
  const [header, first] = found.forecastCsv.split("\n");
  assert.equal(header, "day,wave,wave_low,wave_high,load,load_low,load_high");
  assert.equal(first.split(",")[1], String(found.columns[0].point[0]));
  assert.match(found.explanationCsv, /^column,input,value,2024-07-19/);
});

Deno.test("sizes that are not given suit the rows, down to the shortest files", async () => {
  assert.deepEqual([20, 200, 741, 17_420].map(suited), [
    { horizon: 1, lookback: 2 },
    { horizon: 8, lookback: 20 },
    { horizon: 29, lookback: 74 },
    { horizon: 96, lookback: 336 },
  ]);
  const short = `x\n${
    [1, 2, 4, 3, 5, 4, 6, 5, 7, 6, 8, 9, 7, 8, 9, 11, 10, 12, 11, 13].join("\n")
  }\n`;
  const { lookback, horizon, columns, dated, notes } = await forecastFile({
    file: "s",
    content: short,
  });
  assert.deepEqual([lookback, horizon, columns.length, dated], [2, 1, 1, false]);
  assert.ok(notes.some((note) => /intervals are of/.test(note)));
});

Deno.test("what cannot be forecast is said, with what to do", async () => {
  const of = (content: string | Uint8Array, sizes = {}) =>
    forecastFile({ file: "f.csv", content, ...sizes });
  await assert.rejects(of(Uint8Array.of(0x1f, 0x8b, 8, 0)), /f\.csv.*it is packed\. Unpack it/);
  await assert.rejects(of(Uint8Array.of(0x50, 0x4b, 3, 4)), /it is packed/);
  await assert.rejects(of("a,b\n1,2\n2,x\n"), /f\.csv/);
  await assert.rejects(of(text, { lookback: 500 }), /Use a shorter lookback or horizon/);
  await assert.rejects(of("x\n1\n1\n1\n1\n1\n1\n1\n1\n1\n1\n1\n1\n"), /constant/);
});

Deno.test("the example is read as its entry says", async () => {
  const path = new URL("../../../data/datasets.json", import.meta.url);
  const entry = findEntry(await Deno.readTextFile(path), "datasets.json", "co2-monthly", () => {});
  const options = readOptions(entry);
  assert.deepEqual([example.read.date, example.read.columns, example.season], [
    ...[options.date, options.columns, entry.season],
  ]);
});

Deno.test("drawings: the forecast goes on from the last row, and a bar stands for each input", () => {
  const column: Column = {
    ...{ name: "c", past: Float64Array.of(1, 2, 3, 4), point: Float64Array.of(5, 6) },
    ...{ low: Float64Array.of(4, 4), high: Float64Array.of(6, 8) },
    ...{ adds: Float64Array.of(1, -1, 2, 2, 0, 3), baseline: Float64Array.of(2, 2) },
  };
  const times = {
    ...{ dated: false, pastTimes: Float64Array.of(1, 2, 3, 4), times: Float64Array.of(5, 6) },
    ...{ inputTexts: ["2", "3", "4"], horizon: 2 },
  };
  const place = { width: 350, document: emptyDocument() };
  const svg = forecastChart(column, times, 1, place);
  const bars = addsChart(column, times, 1, place);
  assert.ok(!/NaN|undefined|Infinity/.test(svg + bars));
  assert.equal(svg.match(/<circle/g)!.length, 1);
  assert.deepEqual(bars.match(/stroke="var\(--series-\d\)"/g), [
    'stroke="var(--series-2)"',
    'stroke="var(--series-1)"',
    'stroke="var(--series-1)"',
  ]);
  assert.deepEqual(
    partsOf(column, times, 0).map(({ label, value, adds }) => [label, value, adds]),
    [
      ["every input at its mean", undefined, 2],
      ["3", 3, 2],
      ["2", 2, 1],
      ["4", 4, 0],
    ],
  );
});
