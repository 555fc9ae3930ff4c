/**
 * @file TensorBoard's event files, version "brain.Event:2": protocol buffers in the records of a
 * TFRecord file.
 *
 * Written out by hand because it is four messages with a dozen fields; the field numbers are those of
 * tensorboard/compat/proto/{event,summary,tensor}.proto and tensorboard/plugins/hparams/plugin_data.proto.
 */

/** CRC-32C (Castagnoli), reflected polynomial; RFC 3720, appendix B.4. */
export function crc32c(bytes: Uint8Array): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (0x82f63b78 & -(crc & 1));
  }
  return ~crc >>> 0;
}

/** Rotated and offset, so that a checksum of data that holds checksums stays a good one. */
function masked(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** Length (uint64), its masked CRC, the data, its masked CRC; all little endian. */
export function record(data: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(data.length + 16);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, masked(bytes.subarray(0, 8)), true);
  bytes.set(data, 12);
  view.setUint32(12 + data.length, masked(data), true);
  return bytes;
}

/** What a record of an event file says. */
export type Event =
  | { fileVersion: string }
  | { scalar: { tag: string; value: number } }
  | { hparams: Record<string, string | number | boolean> }
  /** STATUS_SUCCESS or STATUS_FAILURE of the HParams plugin. */
  | { end: "success" | "failure" };

/**
 * The record of one event.
 *
 * @param seconds wall time since 1970
 * @param step a whole number
 */
export function eventRecord(seconds: number, step: number, event: Event): Uint8Array<ArrayBuffer> {
  const what = "fileVersion" in event
    ? text(3, event.fileVersion)
    : message(5, message(1, summaryValue(event, seconds)));
  return record(join([double(1, seconds), ...step ? [varint(2, step)] : [], what]));
}

function summaryValue(event: Exclude<Event, { fileVersion: string }>, seconds: number) {
  if ("scalar" in event) return join([text(1, event.scalar.tag), float(2, event.scalar.value)]);
  const [tag, data] = "hparams" in event
    ? ["_hparams_/session_start_info", message(3, sessionStart(event.hparams, seconds))]
    : [
      "_hparams_/session_end_info",
      message(4, join([varint(1, event.end === "success" ? 1 : 2), double(2, seconds)])),
    ];
  const plugin = join([text(1, "hparams"), message(2, data)]);
  // A value without content needs a tensor all the same: DT_FLOAT of shape [0].
  const tensor = join([varint(1, 1), message(2, message(2, varint(1, 0)))]);
  return join([text(1, tag), message(8, tensor), message(9, message(1, plugin))]);
}

/** google.protobuf.Value holds a number in field 2, text in 3, a truth value in 4. */
function sessionStart(hparams: Record<string, string | number | boolean>, seconds: number) {
  const entries = Object.entries(hparams).map(([name, value]) => {
    const wrapped = typeof value === "number"
      ? double(2, value)
      : typeof value === "string"
      ? text(3, value)
      : varint(4, Number(value));
    return message(1, join([text(1, name), message(2, wrapped)]));
  });
  return join([...entries, double(5, seconds)]);
}

// The wire format: a field is its number and wire type, then the value.

function varintBytes(value: number): number[] {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(Math.trunc(value)));
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return [...bytes, Number(rest)];
}

function varint(field: number, value: number): Uint8Array {
  return Uint8Array.from([field << 3, ...varintBytes(value)]);
}

function double(field: number, value: number): Uint8Array {
  const bytes = new Uint8Array(9);
  bytes[0] = field << 3 | 1;
  new DataView(bytes.buffer).setFloat64(1, value, true);
  return bytes;
}

function float(field: number, value: number): Uint8Array {
  const bytes = new Uint8Array(5);
  bytes[0] = field << 3 | 5;
  new DataView(bytes.buffer).setFloat32(1, value, true);
  return bytes;
}

function message(field: number, bytes: Uint8Array): Uint8Array {
  return join([Uint8Array.from([field << 3 | 2, ...varintBytes(bytes.length)]), bytes]);
}

function text(field: number, value: string): Uint8Array {
  return message(field, new TextEncoder().encode(value));
}

function join(parts: Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
