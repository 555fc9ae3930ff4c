/** @file Archives and tensors: damage is said, and never becomes another content. */
import assert from "node:assert/strict";
import { deflateRawSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { strToU8, zipSync } from "fflate";
import { extract } from "../../lib/data/archive.ts";
import { DataError } from "../../lib/data/data_error.ts";
import { decodeTensors, encodeTensors } from "../../pipeline/store/safetensors.ts";
import { damaged } from "./mutations.ts";
import { showBytes, type Target, target, unlessRefused } from "./target.ts";

const refused = (error: Error) =>
  error instanceof DataError && /^f(\.csv)?[,:]/.test(error.message);
const unpack = (bytes: Uint8Array) =>
  unlessRefused(() => extract(bytes, undefined, "f", 1 << 20), refused);

const content = fc.uint8Array({ maxLength: 60 }).map((bytes) =>
  // Not an archive itself, which would be unpacked as well.
  Uint8Array.from([0x61, ...bytes])
);
const gzipped = fc.record({
  parts: fc.array(content, { minLength: 1, maxLength: 3 }),
  level: fc.constantFrom(0, 1, 9),
  padding: fc.nat(8),
}).map(({ parts, level, padding }) => ({
  bytes: joined([...parts.map((part) => gzipSync(part, { level })), new Uint8Array(padding)]),
  meant: joined(parts),
}));
const zipped = fc.tuple(content, fc.constantFrom(0, 6)).map(([file, level]) => ({
  bytes: zipSync({ "f.csv": file }, { level: level as 0 | 6 }),
  meant: file,
}));

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** A checksum lets one change in four thousand million pass, and a length none. */
function neverAnother({ bytes, meant }: { bytes: Uint8Array; meant: Uint8Array }): void {
  const found = unpack(bytes);
  if (found === undefined) return;
  // What no longer begins as an archive is a text of its own.
  if (found === bytes) return;
  if (
    found.length < meant.length && meant.subarray(0, found.length).every((b, i) => b === found[i])
  ) {
    // Members of a gzip file stand alone: a whole number of them may be left.
    return;
  }
  assert.deepEqual([...found], [...meant], "damage that nobody noticed");
}

const tensors = fc.dictionary(
  fc.string({ minLength: 1, maxLength: 5 }).filter((name) => name !== "__metadata__"),
  fc.array(fc.float({ noNaN: true }), { maxLength: 6 }),
  { maxKeys: 3 },
).map((named) =>
  encodeTensors(Object.fromEntries(
    Object.entries(named).map((
      [name, data],
    ) => [name, {
      dtype: "float32" as const,
      shape: [data.length],
      data: Float32Array.from(data),
    }]),
  ))
);

/** Everything about archives and tensors. */
export const targets: Target[] = [
  target({
    name: "archive: every member of a gzip or zip file",
    input: fc.oneof(gzipped, zipped),
    show: ({ bytes }) => showBytes(bytes),
    check({ bytes, meant }) {
      assert.deepEqual([...unpack(bytes) ?? []], [...meant]);
    },
    runs: 150,
  }),
  target({
    name: "archive: damaged",
    input: fc.oneof(gzipped, zipped).chain(({ bytes, meant }) =>
      damaged(fc.constant(bytes)).map((bytes) => ({ bytes, meant }))
    ),
    show: ({ bytes }) => showBytes(bytes),
    check: neverAnother,
    runs: 400,
  }),
  target({
    name: "archive: any bytes behind the signature of one",
    input: fc.tuple(
      fc.constantFrom([0x1f, 0x8b], [0x1f, 0x8b, 8, 0], [0x50, 0x4b, 3, 4], [0x50, 0x4b, 5, 6]),
      fc.oneof(
        fc.uint8Array({ maxLength: 80 }),
        content.map((bytes) => new Uint8Array(deflateRawSync(bytes))),
        fc.string({ maxLength: 40 }).map((text) => strToU8(text)),
      ),
    ).map(([head, rest]) => Uint8Array.from([...head, ...rest])),
    show: showBytes,
    check: (bytes) => void unpack(bytes),
    runs: 300,
  }),
  target({
    name: "safetensors: damaged",
    input: damaged(tensors),
    show: showBytes,
    check(bytes) {
      const found = unlessRefused(
        () => decodeTensors(bytes),
        (error) => error.constructor === Error,
      );
      if (found) assert.deepEqual(decodeTensors(encodeTensors(found)), found);
    },
    runs: 300,
  }),
];
