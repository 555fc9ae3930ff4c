/** @file Encodings: each is found and named, and what is no text is said to be so. */
import assert from "node:assert/strict";
import { gzipSync } from "fflate";
import { decode } from "../../lib/data/text.ts";
import { refused } from "./refused.ts";

const TEXT = "datum,kälte\n2024-01-20,-3.5\n2024-01-21,−1.25\n";
const utf8 = new TextEncoder().encode(TEXT);

/** Two bytes a character, by hand. */
function utf16(text: string, little: boolean, mark: boolean): Uint8Array {
  const codes = [...(mark ? [0xfeff] : []), ...text].map((c) =>
    typeof c === "number" ? c : c.charCodeAt(0)
  );
  return Uint8Array.from(codes.flatMap((c) => little ? [c & 255, c >> 8] : [c >> 8, c & 255]));
}

Deno.test("text: every encoding gives the same text, with and without byte order mark", () => {
  const cases: [Uint8Array, string][] = [
    [utf8, "UTF-8"],
    [Uint8Array.of(0xef, 0xbb, 0xbf, ...utf8), "UTF-8"],
    [utf16(TEXT, true, true), "UTF-16 LE"],
    [utf16(TEXT, true, false), "UTF-16 LE"],
    [utf16(TEXT, false, true), "UTF-16 BE"],
    [utf16(TEXT, false, false), "UTF-16 BE"],
  ];
  for (const [bytes, encoding] of cases) {
    assert.deepEqual(decode(bytes, "f"), { text: TEXT, encoding }, encoding);
  }
});

Deno.test("text: bytes of one character each are Windows-1252", () => {
  const latin = Uint8Array.from("Température,5 €", (c) => c === "€" ? 0x80 : c.charCodeAt(0));
  assert.deepEqual(decode(latin, "f"), { text: "Température,5 €", encoding: "Windows-1252" });
  assert.equal(decode(latin, "f", "latin1").text, "Température,5 €");
  assert.equal(decode(utf8, "f", "windows-1252").text.slice(0, 14), "datum,kÃ¤lte\n2");
});

Deno.test("text: lines end in a line feed, whatever the system", () => {
  for (const end of ["\n", "\r\n", "\r"]) {
    assert.equal(decode(new TextEncoder().encode(`a${end}b${end}`), "f").text, "a\nb\n");
  }
});

Deno.test("text: what is no text, damaged or unknown is named", () => {
  const bytes = (...values: number[]) => Uint8Array.from(values);
  const text = (value: string) => new TextEncoder().encode(value);
  const damaged = text("ä,ö\n1,2\nü,3\n");
  damaged[damaged.length - 4] = 0xff;
  const cases: [Uint8Array, RegExp, string?][] = [
    [bytes(), /f: the file is empty \(0 bytes\)/],
    [text("PAR1\u0015"), /not text, but a Parquet file/],
    [text("<!DOCTYPE html>\n<p>404"), /an HTML or XML page, .*Fetch the file itself/],
    [text('\n[{"a": 1}]'), /f: JSON\. Export it as CSV/],
    [text("version https://git-lfs.github.com/spec/v1\n"), /a Git LFS pointer/],
    [text("% EEG\n@RELATION x\n"), /an ARFF file/],
    [bytes(0x28, 0xb5, 0x2f, 0xfd), /compressed with Zstandard: unpack it first/],
    [text("BZh91AY"), /compressed with bzip2/],
    [text("SQLite format 3"), /SQLite/],
    [bytes(0xff, 0xfe, 0, 0, 0x61, 0, 0, 0), /UTF-32 is not read/],
    [text("a,b\n1,\u00002\n"), /f, line 2: a binary file\? The character with code 0/],
    [gzipSync(text("a")).slice(4), /a binary file\?/],
    [damaged, /f, line 3: a byte that is not UTF-8, .*--encoding windows-1252/],
    [utf8, /the encoding "utf-9" is not known. Allowed: utf-8, /, "utf-9"],
    [bytes(0x61, 0xff), /f: not UTF-8 throughout/, "utf-8"],
  ];
  for (const [value, message, encoding] of cases) {
    refused(() => decode(value, "f", encoding), message);
  }
});
