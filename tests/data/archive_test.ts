import assert from "node:assert/strict";
import { gzipSync, strToU8, zipSync } from "fflate";
import { extract } from "../../lib/data/archive.ts";

const text = strToU8("a,b\n1,2\n");

Deno.test("archive: plain bytes, gzip, a zip member and a gzip inside a zip", () => {
  assert.deepEqual(extract(text, undefined, "f"), text);
  assert.deepEqual(extract(gzipSync(text), undefined, "f"), text);
  const zip = zipSync({ "in/a.csv": text, "b.csv.gz": gzipSync(text), "c.txt": strToU8("c") });
  assert.deepEqual(extract(zip, "in/a.csv", "f"), text);
  assert.deepEqual(extract(zip, "b.csv.gz", "f"), text);
});

Deno.test("archive: missing members and damage are named", () => {
  const zip = zipSync({ "a.csv": text, "b.csv": text });
  assert.throws(() => extract(zip, "c.csv", "f.zip"), /f\.zip: no member "c\.csv".*a\.csv, b\.csv/);
  assert.throws(() => extract(zip, undefined, "f.zip"), /no member is named.*a\.csv, b\.csv/);
  assert.throws(() => extract(text, "a.csv", "f"), /not a zip archive/);
  assert.throws(() => extract(gzipSync(text).slice(0, 12), undefined, "f"), /damaged/);
  assert.throws(() => extract(zip.slice(0, 20), "a.csv", "f"), /damaged/);
});
