/**
 * @file Files of numbers: no row is lost, none is wrong, no cell is another number and no date another instant, in every way to
 * write the same table; and whatever else a file holds, it is read or refused with an error that names it.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { extract } from "../../lib/data/archive.ts";
import { DataError } from "../../lib/data/data_error.ts";
import { type ReadOptions, readSeries, type Series } from "../../lib/data/series.ts";
import { damaged, mutated } from "./mutations.ts";
import { DATE_FORMS, type Table, table, type Written, written } from "./tables.ts";
import { showBytes, showText, type Target, target, unlessRefused } from "./target.ts";

const FILE = "f.csv";
const refused = (error: Error) => error instanceof DataError && error.message.startsWith(FILE);

function read(bytes: Uint8Array, options: ReadOptions = {}): Series | undefined {
  return unlessRefused(() => {
    const series = readSeries(extract(bytes, undefined, FILE), FILE, options);
    invariants(series, options);
    return series;
  }, refused);
}

function invariants({ rows, columns, channels, dates }: Series, { duplicates }: ReadOptions): void {
  const wrong = (what: string) => {
    throw new TypeError(`a series that is none: ${what}`);
  };
  if (columns.length === 0 || columns.length !== channels.length) wrong("columns");
  if (new Set(columns).size !== columns.length) wrong("two columns of one name");
  for (const channel of channels) {
    if (channel.length !== rows) wrong("lengths");
    if (!channel.every(Number.isFinite)) wrong("a value that is not finite");
  }
  if (!dates) return;
  if (dates.length !== rows || !dates.every(Number.isFinite)) wrong("dates");
  for (let i = 1; i < rows; i++) {
    const step = dates[i] - dates[i - 1];
    if (!(step > 0 || step === 0 && duplicates === "keep")) wrong("dates that do not rise");
  }
}

/** What was accepted, written plainly and read again, is the same. */
function survives({ columns, channels, dates, rows }: Series): void {
  const names = columns.map((_, i) => `c${i}x`);
  const lines = [[...dates ? ["date"] : [], ...names].join(",")];
  for (let i = 0; i < rows; i++) {
    const cells = channels.map((channel) => String(channel[i]));
    lines.push([...dates ? [new Date(dates[i]).toISOString()] : [], ...cells].join(","));
  }
  // Finer dates, and years that ISO 8601 writes with a sign, have no plain form.
  if (dates?.some((date) => !Number.isInteger(date) || date < -6e13 || date > 2.5e14)) return;
  const options: ReadOptions = { date: dates ? "date" : null, columns: names, header: 1 };
  const again = readSeries(lines.join("\n"), FILE, { ...options, duplicates: "keep" });
  assert.equal(again.rows, rows);
  assert.deepEqual(
    again.channels.map((c) => [...c]),
    channels.map((c) => [...c].map((x) => x + 0)),
  );
  assert.deepEqual(again.dates && [...again.dates], dates && [...dates]);
}

function checkTable({ table, bytes, options }: Written): void {
  const series = readSeries(extract(bytes, undefined, FILE), FILE, options);
  assert.deepEqual(series.columns, table.names);
  assert.equal(series.rows, table.rows.length, "rows");
  for (const [j, channel] of series.channels.entries()) {
    assert.deepEqual([...channel], table.rows.map(({ cells }) => cells[j]), table.names[j]);
  }
  const dates = table.form === undefined ? undefined : table.rows.map(({ instant }) => instant);
  assert.deepEqual(series.dates && [...series.dates], dates);
}

/** Of the same kinds as the example of anything that a person may write. */
const PIECES = [
  ...[
    ",",
    ";",
    "\t",
    "|",
    '"',
    '""',
    "'",
    "\n",
    "\r\n",
    "\n\n",
    " ",
    "#",
    "%",
    "-",
    "−",
    ".",
    "e5",
  ],
  ...[
    "NaN",
    "inf",
    "0x1F",
    "1e999",
    "1,5",
    "1 000",
    "2020-02-30",
    "2020-01-01 25:00",
    "+02:00",
    "Z",
  ],
  ...["\ufeff", "\u0000", "é", "sep=;\n", "date", "\u00a0", "31.12.1999", "12/31/99", "1577836800"],
];
const options: fc.Arbitrary<ReadOptions> = fc.record({
  order: fc.constantFrom("strict" as const, "sort" as const),
  duplicates: fc.constantFrom("error" as const, "keep" as const, "first" as const, "last" as const),
  missing: fc.constantFrom(undefined, [""], ["NaN", -9999]),
  zone: fc.constantFrom(undefined, "Europe/Berlin", "UTC", "nowhere"),
  date: fc.constantFrom(undefined, null, "date", "t"),
  delimiter: fc.constantFrom(undefined, ",", ";", "tab"),
  decimal: fc.constantFrom(undefined, ",", "."),
}, { requiredKeys: [] });

const anyTable: fc.Arbitrary<Table> = table();
const text = anyTable.chain((made) => written(made)).map(({ bytes }) =>
  new TextDecoder().decode(bytes)
);

/** A date in some form, or something that looks like one. */
const dateCell = fc.oneof(
  fc.tuple(
    fc.constantFrom(...Object.values(DATE_FORMS)),
    fc.integer({ min: -2e12, max: 4e12 }).map((s) => Math.round(s / 1000) * 1000),
  ).map(([write, instant]) => write(instant)),
  fc.stringMatching(
    /^\d{1,4}[-/. ]\d{1,2}[-/. ]\d{1,4}([ T]\d{1,2}:\d{2}(:\d{2}(\.\d{1,7})?)?)?(Z|[+-]\d{2}:?\d{2})?$/,
  ),
  fc.stringMatching(/^\d{1,14}(\.\d{1,3})?$/),
  fc.stringMatching(/^(\d{1,2} )?(Jan|Mar|May|Dec)[a-z]{0,6}[ -]\d{2,4}$/),
  fc.stringMatching(/^\d{4}-?(Q[0-5]|W\d{2}(-[0-8])?|M\d{1,2})$/),
);

/** What all targets on a text and how it is read have in common. */
const ofText: Pick<Target<[string, ReadOptions]>, "show" | "check" | "runs"> = {
  show: ([text, options]) => `${showText(text)} ${JSON.stringify(options)}`,
  check([text, options]) {
    const series = read(new TextEncoder().encode(text), options);
    if (series) survives(series);
  },
  runs: 500,
};

/** Everything about files of numbers. */
export const targets: Target[] = [
  target({
    name: "series: the same table in every way to write it",
    input: anyTable.chain((made) => written(made)),
    show: ({ bytes, options }) =>
      `${showText(new TextDecoder().decode(bytes))} ${JSON.stringify(options)}, ${
        showBytes(bytes)
      }`,
    check: checkTable,
    runs: 500,
  }),
  target({
    name: "series: a file with slips",
    input: fc.tuple(mutated(text, PIECES), options),
    ...ofText,
  }),
  target({
    name: "series: pieces of a table",
    input: fc.tuple(
      fc.array(
        fc.oneof(
          fc.constantFrom(...PIECES),
          fc.stringMatching(/^\d{1,4}$/),
          fc.string({ maxLength: 3 }),
        ),
        {
          maxLength: 40,
        },
      ).map((pieces) => pieces.join("")),
      options,
    ),
    ...ofText,
  }),
  target({
    name: "series: the same piece thousands of times",
    input: fc.tuple(
      fc.constantFrom(...PIECES, "9", "1,", "1.", "1 ", "x,", '"\n', "# \n", "2020-01-01,1\n"),
      fc.integer({ min: 1, max: 30_000 }),
      fc.constantFrom("cell", "date", "header"),
    ),
    show: ([piece, n, place]) => `${JSON.stringify(piece)} ${n} times as ${place}`,
    check([piece, n, place]) {
      const long = piece.repeat(n);
      const text = {
        cell: `date,x\n2020-01-01,1\n2020-01-02,${long}\n`,
        date: `date,x\n2020-01-01,1\n${long},2\n`,
        header: `${long}\n2020-01-01,1\n2020-01-02,2\n`,
      }[place]!;
      read(new TextEncoder().encode(text));
    },
    runs: 40,
  }),
  target({
    name: "series: damaged bytes",
    input: damaged(anyTable.chain((made) => written(made)).map(({ bytes }) => bytes)),
    show: showBytes,
    check(bytes) {
      const series = read(bytes);
      if (series) survives(series);
    },
    runs: 300,
  }),
  target({
    name: "series: a column of dates, or of what looks like them",
    input: fc.oneof(
      fc.array(dateCell, { minLength: 1, maxLength: 6 }),
      fc.tuple(dateCell, fc.integer({ min: 1, max: 5 })).map(([cell, n]) => Array(n).fill(cell)),
    ),
    show: (cells) => JSON.stringify(cells),
    check(cells) {
      const text = ["date,x", ...cells.map((cell, i) => `"${cell}",${i}.5`)].join("\n");
      const options: ReadOptions = { date: "date", order: "sort", duplicates: "keep" };
      const series = read(new TextEncoder().encode(text), options);
      if (series) survives(series);
    },
    runs: 500,
  }),
];
