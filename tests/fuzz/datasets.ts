/** @file data/datasets.json: a list of entries, or an error that names the file. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { DataError } from "../../lib/data/data_error.ts";
import { findEntry, parseEntries } from "../../lib/data/entry.ts";
import { mutated } from "./mutations.ts";
import { showText, type Target, target, unlessRefused } from "./target.ts";

const FILE = "datasets.json";
const refused = (error: Error) => error instanceof DataError && error.message.startsWith(FILE);

function check(text: string): void {
  const entries = unlessRefused(() => parseEntries(text, FILE), refused);
  if (!entries) return;
  assert.deepEqual(parseEntries(JSON.stringify(entries), FILE), entries, "written and read again");
  for (const entry of entries) assert.deepEqual(findEntry(text, FILE, entry.id), entry);
}

const sha256 = "0".repeat(64);
const whole = {
  id: "mine",
  title: "t",
  licence: "own",
  path: "../x.csv",
  npm: { package: "p", file: "f" },
  url: "https://example.org/x.csv",
  sha256,
  bytes: 5,
  date: "time",
  columns: ["a", "b"],
  missing: [-9999, "NA"],
  split: "etth",
  season: 24,
};
const anything = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom(null, "", -1, 1e300, [], {}, [null], "__proto__"),
);
const entry = fc.tuple(
  fc.subarray(Object.keys(whole)),
  fc.dictionary(
    fc.oneof(
      fc.constantFrom(...Object.keys(whole), "ignore", "Season", "order", "duplicates", "zone"),
      fc.string({ maxLength: 5 }),
    ),
    anything,
    { maxKeys: 2 },
  ),
).map(([kept, changed]) => ({
  ...Object.fromEntries(Object.entries(whole).filter(([key]) => kept.includes(key))),
  ...changed,
}));

/** Everything about datasets.json. */
export const targets: Target[] = [
  target({
    name: "datasets: entries with fields of any kind",
    input: fc.array(fc.oneof({ weight: 9, arbitrary: entry }, { weight: 1, arbitrary: anything }), {
      maxLength: 3,
    }).map((entries) => JSON.stringify(entries)),
    show: showText,
    check,
    runs: 400,
  }),
  target({
    name: "datasets: a file with slips",
    input: mutated(fc.constant(JSON.stringify([whole, { ...whole, id: "other" }], null, 1)), [
      ...[
        "\ufeff",
        ",",
        "null",
        '"',
        "{",
        "}",
        "[",
        "]",
        "//",
        "1e999",
        "\\u0000",
        '"id": "mine",',
      ],
    ]),
    show: showText,
    check,
    runs: 300,
  }),
];
