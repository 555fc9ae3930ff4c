/** @file Series from CSV: which columns, in which order of rows, what fills a missing cell, and every flaw by its place. */
import assert from "node:assert/strict";
import { DataError } from "../../lib/data/data_error.ts";
import { type ReadOptions, readSeries } from "../../lib/data/series.ts";

function refused(text: string, options: ReadOptions, message: RegExp): void {
  assert.throws(() => readSeries(text, "f.csv", options), (error) => {
    assert.ok(error instanceof DataError, String(error));
    assert.match(error.message, message);
    return true;
  });
}

Deno.test("series: dates and columns as they stand in the file", () => {
  const series = readSeries("date,b,a\n2020-01-01,1,-2.5e3\n2020-01-02,2,4\n", "f.csv");
  assert.deepEqual(series.columns, ["b", "a"]);
  assert.deepEqual([...series.channels[1]], [-2500, 4]);
  assert.equal(series.dateColumn, "date");
  assert.equal(series.dates![1] - series.dates![0], 86_400_000);
});

Deno.test("series: one column without dates; chosen columns keep the chosen order", () => {
  const one = readSeries("x\n1\n2\n", "f.csv");
  assert.equal(one.dates, undefined);
  assert.equal(one.rows, 2);
  assert.deepEqual([...one.channels[0]], [1, 2]);
  const chosen = readSeries("a,b,c\n1,2,3\n", "f.csv", { columns: ["c", "a"] });
  assert.deepEqual(chosen.channels.map((values) => values[0]), [3, 1]);
  const unnamed = readSeries(",v\n2020-01-01,1\n", "f.csv");
  assert.deepEqual(unnamed.columns, ["v"]);
  assert.match(unnamed.notes[0], /read as the date/);
  assert.deepEqual(readSeries("date,v\n3,1\n", "f.csv", { date: null }).columns, ["date", "v"]);
});

Deno.test("series: each flaw names file, row, column, value and what to do", () => {
  refused("a,b\n", {}, /f\.csv: a header but no rows/);
  refused("a,b\n1,2\n", { columns: ["c"] }, /f\.csv, row 1: no column "c"\. The file has: a, b/);
  refused("a,b\n1,2\n", { date: "t" }, /no date column "t"/);
  refused("a,b\n1,2\n", { columns: ["a", "a"] }, /column "a": chosen twice/);
  refused("date\n2020-01-01\n", {}, /no column of values/);
  refused("a,b\n1,2\n3,warm\n", {}, /f\.csv, row 3, column "b": "warm" is not.*in this row: a\)/);
  refused("a,b\n1,2\n3,\n", {}, /f\.csv, row 3, column "b": an empty cell.*declare its code/);
  refused("a,b\n1,NaN\n", {}, /row 2, column "b": "NaN" is not a finite number.*declare its code/);
  refused("a;b\n1;2,5\n", {}, /row 2, column "b": "2,5" is not.*decimal point/);
  refused("a,b\n1,inf\n", {}, /row 2, column "b": "inf"/);
  refused(
    "date,b\n2020-01-01,1\nsoon,2\n",
    {},
    /row 3, column "date": "soon" is not a date\. Allowed/,
  );
  refused(
    "date,b\n2020-01-02,1\n2020-01-01,2\n",
    {},
    /row 3, column "date": the date "2020-01-01" is before that of row 2 \("2020-01-02"\)/,
  );
  refused(
    "date,b\n2020-01-02,1\n2020-01-02,2\n",
    {},
    /row 3, column "date": the date "2020-01-02" repeats row 2/,
  );
  refused("a\n-9999\n-9999\n", { missing: [-9999] }, /column "a": every cell is a missing value/);
});

Deno.test("series: declared missing cells take the value before, at the start the first", () => {
  const text = "a,b\n-9999,1\n-9999.00,1\n5,\n-9999.0, NA \n6,2\n";
  const series = readSeries(text, "f.csv", { missing: [-9999, "", "NA"] });
  assert.deepEqual([...series.channels[0]], [5, 5, 5, 5, 6]);
  assert.deepEqual([...series.channels[1]], [1, 1, 1, 1, 2]);
  assert.equal(series.notes.length, 2);
  assert.match(series.notes[0], /column "a": 3 missing cells \(-9999, empty, NA\)/);
  assert.match(series.notes[1], /column "b": 2 missing cells/);
  refused(text, { missing: [-9999] }, /row 4, column "b": an empty cell/);
  // A code of the empty cell says nothing about zero.
  assert.deepEqual([...readSeries("a\n3\n0\n", "f.csv", { missing: [""] }).channels[0]], [3, 0]);
});

Deno.test("series: rows in order of time are taken as they stand, others only where sorting is asked for", () => {
  const text = "date,b,c\n2020-01-03,3,30\n2020-01-01,1,10\n2020-01-02,2,20\n";
  refused(text, {}, /is before that of row 2/);
  refused(text, { duplicates: "keep" }, /is before that of row 2/);
  const sorted = readSeries(text, "f.csv", { order: "sort" });
  assert.deepEqual(sorted.channels.map((values) => [...values]), [[1, 2, 3], [10, 20, 30]]);
  const days = [...sorted.dates!].map((time) => new Date(time).getUTCDate());
  assert.deepEqual([sorted.rows, ...days], [3, 1, 2, 3]);
});

Deno.test("series: repeated dates are refused, all kept, or the first of each, as the entry asks", () => {
  const text = "date,b\n2020-01-03,3\n2020-01-01,1\n2020-01-03,4\n2020-01-02,2\n2020-01-03,5\n";
  refused(text, { order: "sort" }, /repeats row 2/);
  const first = readSeries(text, "f.csv", { order: "sort", duplicates: "first" });
  assert.deepEqual([...first.channels[0]], [1, 2, 3]);
  assert.deepEqual([first.rows, first.dates!.length], [3, 3]);
  assert.deepEqual(first.notes, ["2 rows with a repeated date are left out."]);
  const keep = readSeries(text, "f.csv", { order: "sort", duplicates: "keep" });
  assert.deepEqual([...keep.channels[0]], [1, 2, 3, 4, 5]);
  assert.deepEqual(keep.notes, []);
  const unique = "date,b\n2020-01-01,1\n2020-01-02,2\n";
  assert.deepEqual(readSeries(unique, "f.csv", { duplicates: "first" }).notes, []);
});

Deno.test("series: columns to leave out are left out, and must be there", () => {
  const series = readSeries("a,b,c\n1,x,3\n", "f.csv", { ignore: ["b"] });
  assert.deepEqual(series.columns, ["a", "c"]);
  assert.deepEqual(series.channels.map((values) => values[0]), [1, 3]);
  refused("a,b\n1,2\n", { ignore: ["z"] }, /no column "z"/);
  // A chosen column is never taken for the date, another one still is.
  const dated = readSeries("month,b,c\n2020,1,2\n2021,2,3\n", "f.csv", { columns: ["c"] });
  assert.deepEqual([dated.columns, dated.dateColumn, dated.rows], [["c"], "month", 2]);
  const chosen = readSeries("month,b\n2020,1\n2021,2\n", "f.csv", { columns: ["month"] });
  assert.deepEqual([chosen.dates, [...chosen.channels[0]]], [undefined, [2020, 2021]]);
});

Deno.test("series: 70,000 rows of 8 columns, as long as ETTm, are read whole", () => {
  const lines = ["date,a,b,c,d,e,f,g"];
  for (let i = 0; i < 69_680; i++) {
    const date = new Date(i * 900_000).toISOString().slice(0, 19).replace("T", " ");
    lines.push(date + ",5.827000141143799".repeat(7).replace("5", String(i)));
  }
  const text = lines.join("\n");
  assert.equal(readSeries(text, "f.csv").rows, 69_680);
});
