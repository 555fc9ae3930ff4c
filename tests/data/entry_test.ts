import assert from "node:assert/strict";
import { findEntry, parseEntries, readOptions } from "../../lib/data/entry.ts";

const sha256 = "0".repeat(64);
const entry = { id: "x", title: "X", licence: "MIT", url: "https://example.org/x.csv", sha256 };
const parse = (...entries: unknown[]) => parseEntries(JSON.stringify(entries), "datasets.json");

Deno.test("entries: defaults are filled, local paths need no sha256", () => {
  const [parsed] = parse({ id: "mine", title: "Mine", licence: "own", path: "mine.csv" });
  assert.equal(parsed.split, "70/10/20");
  assert.equal(parsed.drop_constant, false);
  assert.deepEqual(readOptions(parsed).order, "strict");
});

Deno.test("entries: each mistake names the entry and the field", () => {
  const cases: [unknown[], RegExp][] = [
    [[{ ...entry, sha256: undefined }], /entry 1 \("x"\): sha256: needs sha256/],
    [[{ ...entry, sha256: "abc" }], /sha256 is "abc": 64 lower-case hex digits/],
    [[{ ...entry, url: undefined }], /needs one of path, npm, url, mirror/],
    [[{ ...entry, url: "ftp://a" }], /url is "ftp:\/\/a": Invalid URL/],
    [[{ ...entry, splitt: "etth" }], /splitt/],
    [[{ ...entry, split: "80/20" }], /split is "80\/20": .*70\/10\/20/],
    [[{ ...entry, id: "Big" }], /id is "Big": lower-case/],
    [[entry, entry], /entry 2 \("x"\): the id is used twice/],
    [[{}], /entry 1 \("no id"\): id: /],
    [
      [entry, { ...entry, id: "y", Season: 24 }],
      /entry 2 \("y"\): unknown field "Season"; allowed are season, /,
    ],
    [[{ ...entry, colums: ["a"] }], /unknown field "colums"; allowed are columns, /],
    [[{ ...entry, a: 1, b: 2 }], /unknown field "a"; allowed .*; unknown field "b"; allowed/],
    [
      [{ ...entry, npm: { package: "p", fil: "f" } }],
      /npm\.file: .*npm: unknown field "fil"; allowed are file, package/,
    ],
    [[{ ...entry, missing: [null] }], /missing\.0 is null: expected number or string/],
    [[{ ...entry, bytes: 1.5 }], /bytes is 1\.5: /],
    [[{ ...entry, title: 3 }], /title is 3: .*string/],
    [
      [{ ...entry, columns: ["a"], ignore: ["b"] }],
      /ignore is \["b"\]: leave it out, or columns/,
    ],
    [["x"], /entry 1 \("no id"\): .*object/],
    [[null], /entry 1 \("no id"\): .*object/],
  ];
  for (const [entries, message] of cases) assert.throws(() => parse(...entries), message);
  assert.throws(() => parseEntries("{", "datasets.json"), /datasets\.json: not JSON/);
  assert.throws(() => parseEntries("{}", "datasets.json"), /expected a list/);
  assert.throws(() => parseEntries('[\n {"id": "a",}]', "d"), /d: not JSON: .*line 2 column 13/);
});

Deno.test("entries: a byte order mark is no part of the text", () => {
  assert.equal(parseEntries(`\uFEFF${JSON.stringify([entry])}`, "datasets.json")[0].id, "x");
});

Deno.test("entries: one that is asked for needs no other, and names those that are wrong", () => {
  const text = JSON.stringify([{ ...entry, id: "bad", Title: 1 }, entry, 3]);
  const notes: string[] = [];
  assert.equal(findEntry(text, "d.json", "x", (line) => notes.push(line)).title, "X");
  assert.equal(notes.length, 2);
  assert.match(notes[0], /^d\.json: entry 1 \("bad"\): unknown field "Title"; allowed are title/);
  assert.match(notes[1], /^d\.json: entry 3 \("no id"\): /);
  assert.throws(() => findEntry(text, "d.json", "bad"), /entry 1 \("bad"\): unknown field "Title"/);
  assert.throws(
    () => findEntry(text, "d.json", "bda"),
    /^DataError: bda: no such file, and no dataset of this id\. Datasets: bad, x\.$/,
  );
  assert.throws(() => findEntry("[]", "d.json", "x"), /x: no such file.*Datasets: none/);
  const twice = JSON.stringify([entry, { ...entry, title: "Y" }]);
  assert.equal(findEntry(twice, "d.json", "x", (line) => notes.push(line)).title, "X");
  assert.match(notes[2], /entry 2 \("x"\): the id is used twice/);
});
