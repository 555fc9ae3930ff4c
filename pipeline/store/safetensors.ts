/**
 * @file Tensors as safetensors: 8 bytes of header length, a JSON header, the raw little-endian data.
 *
 * Opens in Python with `safetensors.numpy.load_file(path)`. Names are written in sorted order and the
 * header padded to 8 bytes, so equal tensors are equal bytes and the data is aligned for typed arrays.
 * Format: https://huggingface.co/docs/safetensors
 */
import { type DType, hostArray, sizeOf, type Tensor } from "../../lib/tensor/tensor.ts";

const CODES: Record<DType, string> = {
  float32: "F32",
  float64: "F64",
  int32: "I32",
  uint32: "U32",
  bool: "BOOL",
};

/** @throws {Error} naming the tensor when its data does not fit its shape or type */
export function encodeTensors(tensors: Readonly<Record<string, Tensor>>): Uint8Array {
  const header: Record<string, { dtype: string; shape: number[]; data_offsets: number[] }> = {};
  const parts: Uint8Array[] = [];
  // Widest elements first, as the reference implementation does: every tensor stays aligned.
  const names = Object.keys(tensors).sort((a, b) =>
    widthOf(tensors[b].dtype) - widthOf(tensors[a].dtype) || (a < b ? -1 : 1)
  );
  let offset = 0;
  for (const name of names) {
    const { dtype, shape, data } = tensors[name];
    if (name === "__metadata__") throw new Error(`"__metadata__" cannot name a tensor.`);
    if (!(dtype in CODES)) throw new Error(`Tensor "${name}": unknown dtype "${dtype}".`);
    const size = sizeOf(shape);
    if (size !== data.length) {
      throw new Error(
        `Tensor "${name}": shape [${shape}] needs ${size} numbers, its data has ${data.length}.`,
      );
    }
    const bytes = bytesOf(name, dtype, data);
    header[name] = {
      dtype: CODES[dtype],
      shape: [...shape],
      data_offsets: [offset, offset + bytes.length],
    };
    parts.push(bytes);
    offset += bytes.length;
  }
  let json = JSON.stringify(header);
  let head = new TextEncoder().encode(json);
  if (head.length % 8) {
    json += " ".repeat(8 - head.length % 8);
    head = new TextEncoder().encode(json);
  }
  const out = new Uint8Array(8 + head.length + offset);
  new DataView(out.buffer).setBigUint64(0, BigInt(head.length), true);
  out.set(head, 8);
  let at = 8 + head.length;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** @throws {Error} saying what is wrong with bytes that are no safetensors file */
export function decodeTensors(bytes: Uint8Array): Record<string, Tensor> {
  const bad = (what: string) => new Error(`Not a safetensors file: ${what}.`);
  if (bytes.length < 8) throw bad(`${bytes.length} bytes are too few`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = Number(view.getBigUint64(0, true));
  if (8 + length > bytes.length) throw bad(`the header of ${length} bytes is cut off`);
  const header = headerOf(bytes.subarray(8, 8 + length), bad);
  const tensors: Record<string, Tensor> = {};
  for (const [name, entry] of Object.entries<HeaderEntry>(header)) {
    if (name === "__metadata__") continue;
    const dtype = (Object.keys(CODES) as DType[]).find((d) => CODES[d] === entry?.dtype);
    if (!dtype) throw bad(`tensor "${name}" has the unsupported dtype ${entry?.dtype}`);
    if (!isCounts(entry.shape) || !isCounts(entry.data_offsets)) {
      throw bad(`tensor "${name}" has no shape, or no place`);
    }
    const [from, to] = entry.data_offsets;
    const size = sizeOf(entry.shape);
    const fits = from <= to && 8 + length + to <= bytes.length;
    if (!fits || to - from !== size * widthOf(dtype)) {
      throw bad(`tensor "${name}" has ${to - from} bytes for shape [${entry.shape}]`);
    }
    // A copy: the tensor outlives the file's buffer and starts aligned wherever that one starts.
    // (Not bytes.slice: a Node Buffer's shares memory with what lies beside it.)
    const data = hostArray(dtype, size);
    const stored = bytes.subarray(8 + length + from, 8 + length + to);
    if (dtype === "bool") data.set(stored);
    else new Uint8Array(data.buffer).set(stored);
    tensors[name] = { dtype, shape: entry.shape, data };
  }
  return tensors;
}

function headerOf(bytes: Uint8Array, bad: (what: string) => Error): Record<string, HeaderEntry> {
  try {
    const header: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    if (typeof header === "object" && header !== null && !Array.isArray(header)) {
      return header as Record<string, HeaderEntry>;
    }
  } catch {
    // Told below.
  }
  throw bad("the header is no JSON object");
}

const isCounts = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);

interface HeaderEntry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

/** Bytes of an element in the file. */
function widthOf(dtype: DType): number {
  return dtype === "float64" ? 8 : dtype === "bool" ? 1 : 4;
}

/** Booleans are one byte in the file and four on the host. */
function bytesOf(name: string, dtype: DType, data: Tensor["data"]): Uint8Array {
  if (data.constructor !== hostArray(dtype, 0).constructor) {
    throw new Error(`Tensor "${name}": dtype ${dtype} with a ${data.constructor.name}.`);
  }
  if (dtype === "bool") return Uint8Array.from(data, (v) => v ? 1 : 0);
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
