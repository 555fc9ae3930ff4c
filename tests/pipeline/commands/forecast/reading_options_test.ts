/** @file The flags that say how a file is read: one for every such field of a dataset entry, and what each becomes. */
import assert from "node:assert/strict";
import { parseEntries, readOptions } from "../../../../lib/data/entry.ts";
import { parseOptions, UsageError } from "../../../../pipeline/commands/forecast/options.ts";
import { READING_FLAGS } from "../../../../pipeline/commands/forecast/reading_options.ts";

const read = (...flags: string[]) => parseOptions(["f.csv", ...flags])!.read;

Deno.test("reading flags: every choice of a dataset entry is one", () => {
  const entry = { id: "x", title: "X", licence: "own", path: "x.csv" };
  const [parsed] = parseEntries(JSON.stringify([entry]), "datasets.json");
  const choices = Object.keys(readOptions(parsed));
  assert.deepEqual(choices.filter((name) => !(name in READING_FLAGS)), []);
  assert.deepEqual(Object.keys(READING_FLAGS).filter((name) => !choices.includes(name)), [
    "member",
  ]);
});

Deno.test("reading flags: each one becomes its option", () => {
  const flags =
    "--date d=dd/mm/yyyy --zone Europe/Berlin --order sort --duplicates last --delimiter pipe " +
    "--decimal comma --thousands point --header 3 --encoding latin1 --member a/b.csv --series id=a --missing NA";
  assert.deepEqual(read(...flags.split(" "), "--columns", "b, a", "--ignore", "c"), {
    columns: ["b", "a"],
    ignore: ["c"],
    series: { id: "a" },
    date: "d=dd/mm/yyyy",
    zone: "Europe/Berlin",
    missing: ["NA"],
    order: "sort",
    duplicates: "last",
    delimiter: "pipe",
    decimal: "comma",
    thousands: "point",
    header: 3,
    encoding: "latin1",
    member: "a/b.csv",
  });
});

Deno.test("reading flags: none, several, and what holds commas or equals signs", () => {
  assert.deepEqual(read("--date", "none", "--header", "none"), { date: null, header: null });
  assert.deepEqual(read("--columns", 'a,"b, c","say ""x"""').columns, ["a", "b, c", 'say "x"']);
  assert.deepEqual(read("--columns", "a", "--columns", "b,c").columns, ["a", "b", "c"]);
  assert.deepEqual(read("--series", "a=b=c", "--series", "store=1").series, {
    "a=b": "c",
    store: "1",
  });
  assert.deepEqual(read("--series", "store").series, { store: "" });
  assert.deepEqual(read("--missing", "-9999", "--missing", "").missing, ["-9999", ""]);
});

Deno.test("reading flags: a mistake names the flag, its value and what is allowed, the nearest first", () => {
  const cases: [string[], RegExp][] = [
    [["--order", "sorted"], /^--order sorted: expected sort, strict\.$/],
    [["--duplicates", "frist"], /^--duplicates frist: expected first, /],
    [["--decimal", ";"], /^--decimal ;: expected /],
    [["--header", "0"], /^--header 0: expected the number of a line, or none\.$/],
    [["--date", ""], /^--date : expected a column, or none/],
    [["--delimeter", "x"], /^Unknown option --delimeter\. Nearest: --delimiter, /],
  ];
  for (const [flags, message] of cases) {
    assert.throws(() => read(...flags), (error) => {
      assert.ok(error instanceof UsageError, `${flags}`);
      assert.match(error.message, message);
      return true;
    });
  }
});
