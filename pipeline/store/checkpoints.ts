/**
 * @file What a long job saves for its own restart, with the curve points it had sent by then, so that
 * a resumed job leaves the whole curve.
 *
 * The file is the sha256 of all that follows (32 bytes), the length of the curve (4 bytes, little endian), the curve as
 * `canonical` JSON, and what the job saved.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { canonical } from "../content/canonical.ts";
import type { MetricPoint } from "./changes.ts";
import { writeFileDurable } from "./files.ts";
import type { Objects } from "./objects.ts";
import type { Checkpoint } from "../stage.ts";

const SUM = 32;
const HEAD = SUM + 4;

/**
 * A checkpoint that is not as it was written is none: the job starts anew, and says so.
 *
 * @param metrics filled on load and written on save
 */
export function checkpointOf(objects: Objects, key: string, metrics: MetricPoint[]): Checkpoint {
  const path = objects.checkpointPath(key);
  return {
    // deno-lint-ignore require-await -- a later executor may fetch it
    async load() {
      if (!existsSync(path)) return undefined;
      const saved = decode(readFileSync(path));
      if (!saved) {
        console.warn(`The checkpoint ${path} is damaged or of another version; starting anew.`);
        return undefined;
      }
      metrics.length = 0;
      for (const point of saved.metrics) metrics.push(point);
      return saved.bytes;
    },
    // deno-lint-ignore require-await -- as above
    async save(bytes) {
      writeFileDurable(path, encode(metrics, bytes), objects.temporaryDir);
    },
  };
}

function encode(metrics: MetricPoint[], bytes: Uint8Array): Uint8Array {
  const curve = new TextEncoder().encode(canonical(metrics));
  const file = new Uint8Array(HEAD + curve.length + bytes.length);
  new DataView(file.buffer).setUint32(SUM, curve.length, true);
  file.set(curve, HEAD);
  file.set(bytes, HEAD + curve.length);
  file.set(checksum(file));
  return file;
}

function decode(file: Uint8Array): { metrics: MetricPoint[]; bytes: Uint8Array } | undefined {
  if (file.length < HEAD) return undefined;
  const expected = checksum(file);
  if (expected.some((byte, i) => file[i] !== byte)) return undefined;
  const length = new DataView(file.buffer, file.byteOffset).getUint32(SUM, true);
  const curve: [string, number | string, number | string][] = JSON.parse(
    new TextDecoder().decode(file.subarray(HEAD, HEAD + length)),
  );
  return {
    // NaN and the infinities are text.
    metrics: curve.map(([name, step, value]) => [name, Number(step), Number(value)]),
    bytes: new Uint8Array(file.subarray(HEAD + length)),
  };
}

const checksum = (file: Uint8Array): Uint8Array =>
  createHash("sha256").update(file.subarray(SUM)).digest();
