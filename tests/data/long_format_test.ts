/** @file Several series in one file: recognised however the rows are mixed, and one of them chosen. */
import assert from "node:assert/strict";
import { type ReadOptions, readSeries } from "../../lib/data/series.ts";
import { refused } from "./refused.ts";

const day = (i: number) => new Date(Date.UTC(2023, 0, 2 + i)).toISOString().slice(0, 10);
const row = (id: string, i: number) => `${id},${day(i)},${id.charCodeAt(0) + i / 4}`;
const ids = ["A", "B", "C"];
const days = Array.from({ length: 12 }, (_, i) => i);
const BY_ID = ids.flatMap((id) => days.map((i) => row(id, i)));
const BY_DATE = days.flatMap((i) => ids.map((id) => row(id, i)));
const file = (rows: string[], header = "unique_id,ds,y") => [header, ...rows].join("\n");
const read = (text: string, options?: ReadOptions) => readSeries(text, "f.csv", options);

Deno.test("several series: named by column and values, with the flag that chooses", () => {
  const shifted = ids.flatMap((id, k) => days.map((i) => row(id, i + 8 * k)));
  for (const rows of [BY_ID, BY_DATE, BY_ID.toReversed(), shifted]) {
    const sorted = rows === BY_ID || rows === BY_DATE || rows === shifted;
    const text = file(rows);
    if (!sorted) refused(() => read(text), /is before that of line 2/);
    else {
      refused(
        () => read(text),
        /several series in one file: by column "unique_id": A, B, C\..*--series unique_id=A/,
      );
    }
  }
});

Deno.test("several series: the chosen one has its own dates and values, and its label is no column", () => {
  for (const rows of [BY_ID, BY_DATE]) {
    const series = read(file(rows), { series: { unique_id: "B" } });
    assert.deepEqual(series.columns, ["y"]);
    assert.deepEqual([...series.channels[0]], days.map((i) => 66 + i / 4));
    assert.deepEqual([...series.dates!], days.map((i) => Date.UTC(2023, 0, 2 + i)));
    assert.match(series.how!, /series unique_id=B/);
  }
  // Lines are those of the file, not of the series.
  const broken = BY_DATE.map((text, k) => k === 4 ? `B,${day(1)},warm` : text);
  refused(() => read(file(broken), { series: { unique_id: "B" } }), /line 6, column "y": "warm"/);
});

Deno.test("several series: a value that no row has, or none, lists those that there are", () => {
  const text = file(BY_ID);
  refused(() => read(text, { series: { unique_id: "D" } }), /no row has "D"\. Values: A, B, C\./);
  refused(() => read(text, { series: { unique_id: "" } }), /needs a value\. Values: A, B, C\./);
  refused(
    () => read(text, { series: { id: "A" } }),
    /no column "id"\. The file has: unique_id, ds, y/,
  );
});

Deno.test("several series: by two columns together, one after the other or at once", () => {
  const rows = days.flatMap((i) =>
    [1, 2].flatMap((store) => [1, 2].map((item) => `${day(i)},${store},${item},${(i * 7) % 5}.5`))
  );
  const text = file(rows, "date,store,item,sales");
  refused(() => read(text), /by column "store": 1, 2; and by column "item": 1, 2\./);
  refused(() => read(text, { series: { store: "1" } }), /by column "item": 1, 2\. Choose .*item=1/);
  const series = read(text, { series: { store: "1", item: "2" } });
  assert.deepEqual([series.columns, series.rows], [["sales"], 12]);
});

Deno.test("several series: by three columns, of which none is named needlessly", () => {
  const rows = [0, 1].flatMap((a) =>
    [0, 1].flatMap((b) =>
      [0, 1].flatMap((c) => days.map((i) => `${day(i)},${a},${b},${c},${a + b},${(i * 7) % 5}.5`))
    )
  );
  refused(
    () => read(file(rows, "date,a,b,c,sum,y")),
    /by column "a": 0, 1; and by column "b": 0, 1; and by column "c": 0, 1\. Choose/,
  );
});

Deno.test("several series: a repeated hour or a text beside one series is none of them", () => {
  const hours = ["00", "01", "02", "02", "03"].map((hour, i) =>
    `2024-10-27 ${hour}:00,${i % 2},${i}.5`
  );
  refused(() => read(file(hours, "date,flag,v")), /repeats line 4/);
  assert.equal(read(file(hours, "date,flag,v"), { duplicates: "first" }).rows, 4);
});

Deno.test("several series: texts in blocks without dates may be their names", () => {
  const text = file(ids.flatMap((id) => [1, 2, 3].map((v) => `${id},${v}`)), "id,v");
  refused(() => read(text), /line 2, column "id": "A" is not .*--series "id=A" reads one of them/);
  assert.deepEqual([...read(text, { series: { id: "C" } }).channels[0]], [1, 2, 3]);
  refused(() => read("id,v\nA,1\nB,2\nA,3\nB,4\n"), /missing: --missing "A"\.$/);
});

Deno.test("several series: also where rows are to be sorted, or a counter begins again in each", () => {
  const several = /several series in one file: by column "unique_id": (A, B, C|C, B, A)\./;
  for (const rows of [BY_ID, BY_DATE, BY_ID.toReversed(), BY_DATE.toReversed()]) {
    refused(() => read(file(rows), { order: "sort" }), several);
  }
  const one = read(file(BY_ID.toReversed()), { order: "sort", series: { unique_id: "B" } });
  assert.deepEqual([...one.channels[0]], days.map((i) => 66 + i / 4));
  const counted = ids.flatMap((_, k) => days.map((i) => `${k + 1},${i},${i * i % 7}`));
  refused(
    () => read(file(counted, "unit,step,y")),
    /several series in one file: by column "unit": 1, 2, 3.*--series unit=1/,
  );
});

Deno.test("several series: the only values and the time of day are no names of series", () => {
  const twice = days.map((i) => `${day(i >> 1)},${i % 3}`);
  refused(() => read(file(twice, "date,y")), /the date "2023-01-02" repeats line 2/);
  const spans = days.map((i) => `${day(i >> 1)},${i % 2}2:00-${i % 2}3:00,${i}`);
  refused(() => read(file(spans, "date,hour,y")), /the date "2023-01-02" repeats line 2/);
});
