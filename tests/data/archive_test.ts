/** @file Files out of zip and gzip: whole, or refused as damaged, as too large, or with what the archive has. */
import assert from "node:assert/strict";
import { gzipSync, strToU8, zipSync } from "fflate";
import { extract } from "../../lib/data/archive.ts";
import { refused } from "./refused.ts";

const text = strToU8("a,b\n1,2\n");
const join = (...parts: ArrayLike<number>[]) =>
  Uint8Array.from(parts.flatMap((p) => [...Array.from(p)]));

Deno.test("archive: plain bytes, gzip, a zip member, the only file of a zip, and a gzip inside a zip", () => {
  assert.deepEqual(extract(text, undefined, "f"), text);
  assert.deepEqual(extract(gzipSync(text), undefined, "f"), text);
  const zip = zipSync({ "in/a.csv": text, "b.csv.gz": gzipSync(text), "c.txt": strToU8("c") });
  assert.deepEqual(extract(zip, "in/a.csv", "f"), text);
  assert.deepEqual(extract(zip, "b.csv.gz", "f"), text);
  for (const level of [0, 6] as const) {
    assert.deepEqual(
      extract(zipSync({ "in/": [strToU8(""), {}], "in/a.csv": text }, { level }), undefined, "f"),
      text,
    );
  }
  // A comment may follow the directory of a zip.
  const commented = join(zipSync({ "a.csv": text }), strToU8("hello"));
  commented[commented.length - 5 - 2] = 5;
  assert.deepEqual(extract(commented, undefined, "f"), text);
});

Deno.test("archive: all members of a gzip file, also empty ones, and zero bytes at the end", () => {
  const [a, b, none] = [strToU8("a,b\n1,2\n"), strToU8("3,4\n"), strToU8("")].map((t) =>
    gzipSync(t)
  );
  const both = strToU8("a,b\n1,2\n3,4\n");
  for (const parts of [[a, b], [none, a, b], [a, none, b], [a, b, none], [a, b, [0, 0, 0]]]) {
    assert.deepEqual(extract(join(...parts), undefined, "f"), both);
  }
  // Header fields that RFC 1952 allows: extra, name, comment, checksum of the header.
  const named = gzipSync(text, { filename: "a.csv", mtime: 0 });
  assert.deepEqual(extract(named, undefined, "f"), text);
  const plain = gzipSync(text, { mtime: 0 });
  const all = join(
    [31, 139, 8, 2 | 4 | 16],
    plain.slice(4, 10),
    [3, 0, 9, 9, 9],
    strToU8("c"),
    [0],
    [0, 0],
    plain.slice(10),
  );
  assert.deepEqual(extract(all, undefined, "f"), text);
});

Deno.test("archive: no byte of a gzip or zip file can be another without being noticed", () => {
  const long = strToU8(Array.from({ length: 60 }, (_, i) => `${i},${i * i}`).join("\n"));
  const [gzip, stored] = [gzipSync(long, { mtime: 0 }), gzipSync(long, { mtime: 0, level: 0 })];
  const zip = zipSync({ "a.csv": long }, { mtime: "2024-01-01" });
  for (
    const [bytes, from, to] of [[gzip, 10, gzip.length], [stored, 10, stored.length], [
      zip,
      36,
      zip.length - 70,
    ]] as const
  ) {
    for (let at = from; at < to; at++) {
      const flipped = bytes.slice();
      flipped[at] ^= 1 << (at % 8);
      refused(
        () => extract(flipped, undefined, "f"),
        /^f.*: the archive is damaged: |^f.*unpacks to more/,
        `byte ${at}`,
      );
    }
  }
  for (const length of [5, 12, gzip.length - 9, gzip.length - 1]) {
    refused(() => extract(gzip.slice(0, length), undefined, "f"), /the archive is damaged/);
  }
  refused(() => extract(join(gzip, [0, 7]), undefined, "f"), /neither another member nor the end/);
  for (const [at, value] of [[2, 7], [3, 0x20], [3, 0x80]]) {
    const odd = gzip.slice();
    odd[at] = value;
    refused(() => extract(odd, undefined, "f"), /the archive is damaged: its header/, `${at}`);
  }
  refused(() => extract(gzip.slice(0, 3), undefined, "f"), /the archive is damaged: its header/);
  // The header before the file, and the directory at the end: its place, and the size of what is packed.
  const changed = (at: number, ...values: number[]) => {
    const bytes = zip.slice();
    bytes.set(values, at < 0 ? zip.length + at : at);
    return () => extract(bytes, undefined, "f");
  };
  refused(changed(-22 + 16, 255, 255, 255, 255), /a zip64 archive\. Unpack it first/);
  refused(changed(-22 + 16, 1), /entry 1 of its directory/);
  refused(changed(-22 - 51 + 22, 255), /a\.csv ends too early/);
  refused(changed(-22 - 51 + 42, 1), /the header of a\.csv/);
  refused(changed(-22 - 51 + 10, 9), /compressed with method 9/);
  refused(() => extract(zip.slice(0, 20), "a.csv", "f"), /its directory is missing/);
});

Deno.test("archive: what would unpack to more than is allowed is refused while it is unpacked", () => {
  const bomb = gzipSync(new Uint8Array(30_000_000));
  refused(
    () => extract(bomb, undefined, "f", 20),
    /f: unpacks to more than 20 bytes, the size that is stated/,
  );
  refused(
    () => extract(join(gzipSync(text), gzipSync(text)), undefined, "f", 15),
    /more than \d+ bytes/,
  );
  assert.equal(extract(gzipSync(text), undefined, "f", 8).length, 8);
  const zip = zipSync({ "a.csv": new Uint8Array(1_000_000) });
  refused(() => extract(zip, undefined, "f", 20), /member a\.csv: unpacks to more than 20 bytes/);
  // An entry that understates its size unpacks no further than that.
  const lying = zip.slice();
  const at = lying.length - 22 - 46 - 5 + 24;
  new DataView(lying.buffer).setUint32(at, 10, true);
  refused(() => extract(lying, undefined, "f", 20), /unpacks to more than 20 bytes/);
});

Deno.test("archive: missing members and Office documents are named", () => {
  const zip = zipSync({ "a.csv": text, "b.csv": text, "__MACOSX/a.csv": text });
  refused(
    () => extract(zip, "c.csv", "f.zip"),
    /f\.zip: no member "c\.csv".*a\.csv, b\.csv\. .*--member a\.csv/,
  );
  refused(
    () => extract(zip, undefined, "f.zip"),
    /a zip archive of 2 files, but no member is named/,
  );
  refused(() => extract(text, "a.csv", "f"), /not a zip archive/);
  refused(() => extract(zipSync({}), undefined, "f"), /The archive has: no files/);
  const book = zipSync({ "[Content_Types].xml": text, "xl/workbook.xml": text });
  refused(
    () => extract(book, undefined, "book.csv"),
    /book\.csv: an Office document .*Save the sheet as CSV/,
  );
  const sheet = zipSync({ mimetype: text, "content.xml": text });
  refused(() => extract(sheet, undefined, "f.ods"), /an OpenDocument file, not text/);
  const encrypted = zip.slice();
  encrypted[zip.length - 22 - 46 * 3 - "a.csvb.csv__MACOSX/a.csv".length + 8] |= 1;
  refused(() => extract(encrypted, "a.csv", "f"), /its member a\.csv is encrypted/);
});
