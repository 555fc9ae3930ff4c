/**
 * @file What a long job saves for its own restart, with the curve points it had sent by then, so that
 * a resumed job leaves the whole curve.
 *
 * The file is the sha256 of the job's key and of all that follows (32 bytes); the length of the names of curves and the number of
 * points (4 bytes each); the names, as JSON; of all points the place of the name (4 bytes), the step and the value (8 bytes each);
 * and what the job saved. Numbers are little endian.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync } from "node:fs";
import type { MetricPoint } from "./changes.ts";
import { writeFileDurable } from "./files.ts";
import type { Objects } from "./objects.ts";
import type { Checkpoint } from "../stage.ts";

const SUM = 32;
const HEAD = SUM + 8;
const POINT = 4 + 8 + 8;

/**
 * A checkpoint that is not as it was written, or is another job's, is none: the job starts over, and says so.
 *
 * @param label names the job in that line
 * @param metrics filled on load and written on save
 */
export function checkpointOf(
  objects: Objects,
  { key, label }: { key: string; label: string },
  metrics: MetricPoint[],
): Checkpoint {
  const path = objects.checkpointPath(key);
  return {
    // deno-lint-ignore require-await -- a later executor may fetch it
    async load() {
      if (!existsSync(path)) return undefined;
      const saved = decode(key, path);
      if (!saved) {
        console.warn(`The checkpoint of ${label} is damaged; starting over.`);
        rmSync(path, { recursive: true, force: true });
        return undefined;
      }
      metrics.length = 0;
      for (const point of saved.metrics) metrics.push(point);
      return saved.bytes;
    },
    // deno-lint-ignore require-await -- as above
    async save(bytes) {
      writeFileDurable(path, encode(key, metrics, bytes), objects.temporaryDir);
    },
  };
}

function encode(key: string, metrics: MetricPoint[], bytes: Uint8Array): Uint8Array {
  const places = new Map<string, number>();
  for (const [name] of metrics) if (!places.has(name)) places.set(name, places.size);
  const names = new TextEncoder().encode(JSON.stringify([...places.keys()]));
  const file = new Uint8Array(HEAD + names.length + POINT * metrics.length + bytes.length);
  const view = new DataView(file.buffer);
  view.setUint32(SUM, names.length, true);
  view.setUint32(SUM + 4, metrics.length, true);
  file.set(names, HEAD);
  let at = HEAD + names.length;
  for (const [name, step, value] of metrics) {
    view.setUint32(at, places.get(name)!, true);
    view.setFloat64(at + 4, step, true);
    view.setFloat64(at + 12, value, true);
    at += POINT;
  }
  file.set(bytes, at);
  file.set(checksum(key, file));
  return file;
}

function decode(
  key: string,
  path: string,
): { metrics: MetricPoint[]; bytes: Uint8Array } | undefined {
  let file: Uint8Array;
  try {
    file = readFileSync(path);
  } catch {
    return undefined; // A folder, or a disk that gives nothing back.
  }
  if (file.length < HEAD) return undefined;
  const expected = checksum(key, file);
  if (expected.some((byte, i) => file[i] !== byte)) return undefined;
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  let at = HEAD + view.getUint32(SUM, true);
  const names: string[] = JSON.parse(new TextDecoder().decode(file.subarray(HEAD, at)));
  const metrics = Array.from({ length: view.getUint32(SUM + 4, true) }, (): MetricPoint => {
    const name = names[view.getUint32(at, true)];
    const [step, value] = [view.getFloat64(at + 4, true), view.getFloat64(at + 12, true)];
    at += POINT;
    return [name, step, value];
  });
  return { metrics, bytes: new Uint8Array(file.subarray(at)) };
}

const checksum = (key: string, file: Uint8Array): Uint8Array =>
  createHash("sha256").update(key).update(file.subarray(SUM)).digest();
