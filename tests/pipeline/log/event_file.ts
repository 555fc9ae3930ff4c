/**
 * @file An independent decoder of TensorBoard's event files: it shares nothing with the code that writes
 * them but the checksum, which has a test of its own.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { crc32c } from "../../../pipeline/log/tfevents.ts";

// A reader of protocol buffers that knows the wire format and no message; the field numbers below are
// typed from tensorboard/compat/proto/{event,summary}.proto.
type Field = { field: number; value: number | Uint8Array };

export function fieldsOf(bytes: Uint8Array): Field[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const fields: Field[] = [];
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let scale = 1;; scale *= 128) {
      const byte = bytes[at++];
      value += (byte % 128) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const [field, type] = [Math.floor(tag / 8), tag % 8];
    if (type === 0) fields.push({ field, value: varint() });
    else if (type === 1) fields.push({ field, value: view.getFloat64((at += 8) - 8, true) });
    else if (type === 5) fields.push({ field, value: view.getFloat32((at += 4) - 4, true) });
    else if (type === 2) {
      const length = varint();
      assert.ok(at + length <= bytes.length, "a field ends within its message");
      fields.push({ field, value: bytes.subarray(at, at += length) });
    } else assert.fail(`wire type ${type}`);
  }
  return fields;
}

export function get<T extends number | Uint8Array>(
  bytes: Uint8Array,
  ...path: number[]
): T | undefined {
  let value: number | Uint8Array | undefined = bytes;
  for (const number of path) {
    value = fieldsOf(value as Uint8Array).find(({ field }) => field === number)?.value;
    if (value === undefined) return undefined;
  }
  return value as T;
}

export const words = (bytes: Uint8Array | undefined) => bytes && new TextDecoder().decode(bytes);

/** Records until the bytes end or stop making sense, as TensorBoard reads a file that grows. */
export function recordsOf(bytes: Uint8Array): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const found: Uint8Array[] = [];
  const check = (from: number, to: number) => {
    const crc = crc32c(bytes.subarray(from, to));
    const rotated = (BigInt(crc) >> 15n) + ((BigInt(crc) << 17n) % 2n ** 32n);
    assert.equal(view.getUint32(to, true), Number((rotated + 0xa282ead8n) % 2n ** 32n));
  };
  for (let at = 0; at + 12 <= bytes.length;) {
    const length = Number(view.getBigUint64(at, true));
    if (at + 16 + length > bytes.length) break;
    check(at, at + 8);
    check(at + 12, at + 12 + length);
    found.push(bytes.subarray(at + 12, at + 12 + length));
    at += 16 + length;
  }
  return found;
}

/** Scalars of a file as [tag, step, value]. */
export function scalarsOf(bytes: Uint8Array): [string, number, number][] {
  return recordsOf(bytes).flatMap((event): [string, number, number][] => {
    const value = get<number>(event, 5, 1, 2);
    const step = get<number>(event, 2) ?? 0;
    return value === undefined ? [] : [[words(get(event, 5, 1, 1))!, step, value]];
  });
}

/** The only event file below a folder. */
export function eventFile(folder: string): { name: string; bytes: Uint8Array } {
  const names = readdirSync(folder, { recursive: true }).map(String).filter((n) =>
    n.includes("tfevents")
  );
  assert.equal(names.length, 1, names.join(" "));
  return { name: names[0], bytes: new Uint8Array(readFileSync(join(folder, names[0]))) };
}
