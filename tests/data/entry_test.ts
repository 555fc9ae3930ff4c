import assert from "node:assert/strict";
import { parseEntries, readOptions } from "../../lib/data/entry.ts";

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
    [[{ ...entry, sha256: "abc" }], /sha256: 64 lower-case hex digits/],
    [[{ ...entry, url: undefined }], /needs one of path, npm, url, mirror/],
    [[{ ...entry, url: "ftp://a" }], /url: Invalid URL/],
    [[{ ...entry, splitt: "etth" }], /splitt/],
    [[{ ...entry, split: "80/20" }], /split: .*70\/10\/20/],
    [[{ ...entry, id: "Big" }], /id: lower-case/],
    [[entry, entry], /entry 2 \("x"\): the id is used twice/],
    [[{}], /entry 1 \("no id"\)/],
  ];
  for (const [entries, message] of cases) assert.throws(() => parse(...entries), message);
  assert.throws(() => parseEntries("{", "datasets.json"), /datasets\.json: not JSON/);
  assert.throws(() => parseEntries("{}", "datasets.json"), /expected a list/);
});
