/** @file Series from CSV: which columns, in which order of rows, what fills a missing cell, and every flaw by its place. */
import assert from "node:assert/strict";
import { type ReadOptions, readSeries } from "../../lib/data/series.ts";
import { refused as refusedBy } from "./refused.ts";

function refused(text: string, options: ReadOptions, message: RegExp): void {
  refusedBy(() => readSeries(text, "f.csv", options), message, text);
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
  assert.deepEqual([unnamed.dateColumn, unnamed.rows], ["date", 1]);
  assert.match(unnamed.how!, /dates yyyy-mm-dd in column 1/);
  assert.deepEqual(readSeries("date,v\n3,1\n", "f.csv", { date: null }).columns, ["date", "v"]);
});

Deno.test("series: each flaw names file, line, column, value and what to do", () => {
  refused("a,b\n", {}, /f\.csv: a header but no rows/);
  refused("a,b\n1,2\n", { columns: ["c"] }, /f\.csv: no column "c"\. The file has: a, b/);
  refused("a,b\n1,2\n", { date: "t" }, /no date column "t"/);
  refused("a,b\n1,2\n", { columns: ["a", "a"] }, /column "a": chosen twice/);
  refused("date\n2020-01-01\n", {}, /no column of values/);
  refused("a,b\n1,2\n3,warm\n", {}, /f\.csv, line 3, column "b": "warm" is not.*in this row: a\)/);
  refused("a,b\n1,2\n3,\n", {}, /f\.csv, line 3, column "b": an empty cell.*declare its code/);
  refused("a,b\n1,NaN\n", {}, /line 2, column "b": "NaN" is not a finite number.*declare its code/);
  refused(
    "a;b\n1;2,5\n1;2.5\n",
    {},
    /line 2, column "b": "2,5" has a decimal comma, but "2\.5" in line 3/,
  );
  refused("a;b\n1;2,5\n", { decimal: "point" }, /column "b": "2,5" is not.*decimal point/);
  refused("a,b\n1,inf\n", {}, /line 2, column "b": "inf"/);
  refused(
    "date,b\n2020-01-01,1\nsoon,2\n",
    {},
    /line 3, column "date": "soon" is not a date: the column has the form yyyy-mm-dd/,
  );
  refused(
    "date,b\n2020-01-02,1\n2020-01-01,2\n",
    {},
    /line 3, column "date": the date "2020-01-01" is before that of line 2 \("2020-01-02"\)/,
  );
  refused(
    "date,b\n2020-01-02,1\n2020-01-02,2\n",
    {},
    /line 3, column "date": the date "2020-01-02" repeats line 2/,
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
  refused(text, { missing: [-9999] }, /line 4, column "b": an empty cell/);
  // A code of the empty cell says nothing about zero.
  assert.deepEqual([...readSeries("a\n3\n0\n", "f.csv", { missing: [""] }).channels[0]], [3, 0]);
});

Deno.test("series: rows in order of time are taken as they stand, others only where sorting is asked for", () => {
  const text = "date,b,c\n2020-01-03,3,30\n2020-01-01,1,10\n2020-01-02,2,20\n";
  refused(text, {}, /is before that of line 2/);
  refused(text, { duplicates: "keep" }, /is before that of line 2/);
  const sorted = readSeries(text, "f.csv", { order: "sort" });
  assert.deepEqual(sorted.channels.map((values) => [...values]), [[1, 2, 3], [10, 20, 30]]);
  const days = [...sorted.dates!].map((time) => new Date(time).getUTCDate());
  assert.deepEqual([sorted.rows, ...days], [3, 1, 2, 3]);
});

Deno.test("series: repeated dates are refused, all kept, or the first of each, as the entry asks", () => {
  const text = "date,b\n2020-01-03,3\n2020-01-01,1\n2020-01-03,4\n2020-01-02,2\n2020-01-03,5\n";
  refused(text, { order: "sort" }, /repeats line 2/);
  const first = readSeries(text, "f.csv", { order: "sort", duplicates: "first" });
  assert.deepEqual([...first.channels[0]], [1, 2, 3]);
  assert.deepEqual([first.rows, first.dates!.length], [3, 3]);
  assert.deepEqual(first.notes, [
    "rows were put in order of time, which went back 2 times.",
    "2 rows with a repeated date are left out.",
  ]);
  const keep = readSeries(text, "f.csv", { order: "sort", duplicates: "keep" });
  assert.deepEqual([...keep.channels[0]], [1, 2, 3, 4, 5]);
  assert.deepEqual(keep.notes, [
    "rows were put in order of time, which went back 2 times.",
  ]);
  const unique = "date,b\n2020-01-01,1\n2020-01-02,2\n";
  assert.equal(readSeries(unique, "f.csv", { duplicates: "first" }).notes.length, 0);
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

Deno.test("series: how a file was read is said in one line", () => {
  const bytes = (text: string) => new TextEncoder().encode(text);
  const how = (text: string, options?: ReadOptions) =>
    readSeries(bytes(text), "f.csv", options).how!;
  assert.equal(
    how(
      "# kW\n;tag;a b;v\n0;20.01.2024 10:00;1,5;2\n1;20.01.2024 11:00;2,5;2\n\n2;20.01.2024 12:00;2,5;9\n",
    ),
    'UTF-8, semicolons, header in line 2, decimal comma, dates dd.mm.yyyy in "tag", 1 hour; ' +
      "left out: 1 comment (line 1), 1 blank line (line 5), column 1 (index)",
  );
  assert.equal(
    how("1.5\n2.5\n"),
    "UTF-8, one column, no header (line 1 is data), no dates",
  );
  assert.match(
    how("d,v\n2024-01-20T00:00,1\n2024-01-20T01:00,2\n", { zone: "Asia/Tokyo" }),
    /zone Asia\/Tokyo, 1 hour$/,
  );
});

Deno.test("series: points that could separate thousands are said to be read as decimal ones", () => {
  const read = (rows: string, options?: ReadOptions) =>
    readSeries(`a|b\n${rows}`, "f.csv", options);
  const series = read("1.234|5\n2.345|6\n");
  assert.equal(series.channels[0][0], 1.234);
  assert.match(
    series.notes[0],
    /1\.234 is read as 1\.234, not as 1234 \(--thousands point changes it\)/,
  );
  assert.equal(read("1.234|5\n2.345|6\n", { thousands: "point" }).channels[0][0], 1234);
  for (const rows of ["1.234|5\n2.34|6\n", "0.234|5\n0.345|6\n", "1.234|5\n7|6\n"]) {
    assert.equal(read(rows).notes.length, 0, rows);
  }
  assert.equal(readSeries("a,b\n1.234,5\n2.345,6\n", "f.csv").notes.length, 0);
});

Deno.test("series: between semicolons such points are refused where nothing tells, with the flags that settle it", () => {
  const read = (rows: string, options?: ReadOptions) =>
    readSeries(`a;b\n${rows}`, "f.csv", options).channels[0];
  const places: [string, number, string][] = [
    ["1.234;5\n2.345;6\n", 2, "a"],
    ["998;5\n-1.002;6\n", 3, "a"], // one is enough: thousands more likely than not
    ["7;5\n8; 1.002 \n", 3, "b"],
  ];
  for (const [rows, line, column] of places) {
    refused(
      `a;b\n${rows}`,
      {},
      new RegExp(
        `^f\\.csv, line ${line}, column "${column}": "-?[12]\\.\\d{3}" may be -?[12]\\d{3} with a thousands ` +
          "separator or -?[12]\\.\\d{3} with a decimal point; .*--thousands point, or --decimal point ",
      ),
    );
  }
  assert.deepEqual([...read("1.234;5\n2.345;6\n", { decimal: "point" })], [1.234, 2.345]);
  assert.deepEqual([...read("1.234;5\n2.345;6\n", { thousands: "point" })], [1234, 2345]);
  // Any number that can only have a decimal point tells, however late, but not a missing one.
  for (const other of ["0.345", "2.34", "1234.567", "2.3451", "2.", "1.5e3"]) {
    assert.equal(read(`1.234;5\n${"7;6\n".repeat(30)}${other};6\n`)[0], 1.234, other);
  }
  refused("a;b\n1.234;5\n-99.9;6\n", { missing: ["-99.9"] }, /"1\.234" may be 1234/);
  assert.deepEqual([...read("15;5\n-99.900;6\n", { missing: ["-99.9"] })], [15, 15]);
});

Deno.test("series: a stretch that was written twice goes through with --duplicates alone", () => {
  const hours = [0, 1, 2, 3, 1, 2, 3, 4, 5];
  const text = "date,v\n" + hours.map((h, i) => `2024-01-20 0${h}:00,${i}`).join("\n");
  refused(text, {}, /line 6, .* is before that of line 5/);
  const first = readSeries(text, "f.csv", { duplicates: "first" });
  assert.deepEqual([...first.channels[0]], [0, 1, 2, 3, 7, 8]);
  const last = readSeries(text, "f.csv", { duplicates: "last" });
  assert.deepEqual([...last.channels[0]], [0, 4, 5, 6, 7, 8]);
});

Deno.test("series: an hour that comes twice is two hours in a zone, and the dates go on there", () => {
  const text =
    "date,v\n2024-10-27 01:00,1\n2024-10-27 02:00,2\n2024-10-27 02:00,3\n2024-10-27 03:00,4\n";
  refused(text, {}, /line 4, .*repeats line 3\. .*--zone Europe\/Berlin/);
  const series = readSeries(text, "f.csv", { zone: "Europe/Berlin" });
  assert.deepEqual(
    [...series.dates!].map((ms) => ms - series.dates![0]),
    [0, 1, 2, 3].map((h) => h * 3.6e6),
  );
  assert.deepEqual(series.sampling, { interval: { kind: "fixed", ms: 3.6e6 }, irregular: 0 });
});

Deno.test("series: 30,000 columns take a time that grows with their number, not its square", () => {
  const [columns, rows] = [30_000, 12];
  const lines = [["date", ...Array.from({ length: columns }, (_, j) => `c${j}`)].join(",")];
  for (let i = 0; i < rows; i++) {
    const cells = Array.from({ length: columns }, (_, j) => ((i * 7 + j * 13) % 101) / 8);
    lines.push([new Date(i * 3_600_000).toISOString(), ...cells].join(","));
  }
  const start = performance.now();
  const series = readSeries(lines.join("\n"), "f.csv");
  const seconds = (performance.now() - start) / 1000;
  assert.deepEqual([series.columns.length, series.rows], [columns, rows]);
  assert.equal(series.channels[29_999][11], ((11 * 7 + 29_999 * 13) % 101) / 8);
  // A second where the machine is idle; looking every name up among all took forty.
  assert.ok(seconds < 25, `${seconds} s`);
});
