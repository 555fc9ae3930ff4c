import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { Tensor } from "../../../lib/tensor/tensor.ts";
import { decodeTensors, encodeTensors } from "../../../pipeline/store/safetensors.ts";

/** A file put together by hand from the description of the format. */
function byHand(header: string, data: number[]): Uint8Array {
  const head = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + head.length + data.length);
  bytes[0] = head.length & 255;
  bytes[1] = head.length >> 8;
  bytes.set(head, 8);
  bytes.set(data, 8 + head.length);
  return bytes;
}

Deno.test("bytes are those of the format", () => {
  const header = '{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}';
  const padded = header + " ".repeat((8 - header.length % 8) % 8);
  // 1.0 and -2.0 in IEEE 754, little endian.
  const expected = byHand(padded, [0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0]);
  const x: Tensor = { dtype: "float32", shape: [2], data: Float32Array.of(1, -2) };
  assert.deepEqual(encodeTensors({ x }), expected);
  assert.deepEqual(decodeTensors(byHand(header, [0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0])), { x });
});

Deno.test("every dtype, scalars, empty tensors and odd sizes survive", () => {
  const tensors: Record<string, Tensor> = {
    scalar: { dtype: "float64", shape: [], data: Float64Array.of(Math.PI) },
    empty: { dtype: "float32", shape: [0, 3], data: new Float32Array(0) },
    odd: { dtype: "bool", shape: [7], data: Int32Array.of(1, 0, 1, 1, 0, 0, 1) },
    special: { dtype: "float32", shape: [4], data: Float32Array.of(NaN, Infinity, -Infinity, -0) },
    ints: { dtype: "int32", shape: [1, 3], data: Int32Array.of(-1, 0, 2 ** 31 - 1) },
    words: { dtype: "uint32", shape: [1], data: Uint32Array.of(2 ** 32 - 1) },
  };
  const bytes = encodeTensors(tensors);
  const back = decodeTensors(bytes);
  assert.deepEqual(Object.keys(back).sort(), Object.keys(tensors).sort());
  for (const [name, tensor] of Object.entries(tensors)) assert.deepEqual(back[name], tensor);
  const reversed = Object.fromEntries(Object.entries(tensors).reverse());
  assert.deepEqual(encodeTensors(reversed), bytes);
  // From the middle of a larger buffer, at an odd offset.
  const shifted = new Uint8Array(bytes.length + 3);
  shifted.set(bytes, 3);
  assert.deepEqual(decodeTensors(shifted.subarray(3)), back);
  // A Buffer shares its memory with others and slices without copying.
  const pooled = Buffer.from(Buffer.concat([Buffer.alloc(5, 255), bytes]).subarray(5));
  assert.deepEqual(decodeTensors(pooled), back);
});

Deno.test("no tensors at all is a file too", () => {
  assert.deepEqual(decodeTensors(encodeTensors({})), {});
});

Deno.test("a tensor that contradicts itself is refused", () => {
  const data = new Float32Array(3);
  assert.throws(
    () => encodeTensors({ w: { dtype: "float32", shape: [2, 2], data } }),
    /Tensor "w": shape \[2,2\] needs 4 numbers, its data has 3/,
  );
  assert.throws(
    () => encodeTensors({ w: { dtype: "float64", shape: [3], data } }),
    /dtype float64 with a Float32Array/,
  );
});

Deno.test("names and types that the format has not are refused", () => {
  const x = (dtype: string) => ({ x: { dtype, shape: [1], data: Float32Array.of(1) } as never });
  assert.throws(
    () => encodeTensors(x("float16")),
    /^Error: Tensor "x": unknown dtype "float16"\.$/,
  );
  assert.throws(
    () =>
      encodeTensors({ __metadata__: { dtype: "float32", shape: [0], data: new Float32Array() } }),
    /"__metadata__" cannot name a tensor/,
  );
  // The same width is not the same type.
  for (const dtype of ["int32", "uint32"]) {
    assert.throws(() => encodeTensors(x(dtype)), new RegExp(`dtype ${dtype} with a Float32Array`));
  }
});

Deno.test("the wider elements lie first, then names in order, and data begins at a multiple of 8", () => {
  const one = (dtype: Tensor["dtype"], data: Tensor["data"]): Tensor => ({
    dtype,
    shape: [1],
    data,
  });
  // A name for each remainder of the header's length.
  for (let extra = 0; extra < 8; extra++) {
    const last = "z".repeat(1 + extra);
    const bytes = encodeTensors({
      a: one("bool", Int32Array.of(1)),
      c: one("int32", Int32Array.of(3)),
      b: one("float32", Float32Array.of(2)),
      [last]: one("float64", Float64Array.of(4)),
    });
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    const text = new TextDecoder().decode(bytes.subarray(8, 8 + length));
    const offsets = Object.entries<{ data_offsets: number[] }>(JSON.parse(text))
      .map(([name, entry]) => [name, ...entry.data_offsets]);
    assert.deepEqual(offsets, [[last, 0, 8], ["b", 8, 12], ["c", 12, 16], ["a", 16, 17]]);
    assert.equal(bytes.length, 8 + length + 17);
    assert.equal(length, Math.ceil(text.trimEnd().length / 8) * 8, "no more than is needed");
  }
});

Deno.test("part of a larger array is written, and no more of it", () => {
  const data = Float32Array.of(9, 1, 2, 9).subarray(1, 3);
  const { x } = decodeTensors(encodeTensors({ x: { dtype: "float32", shape: [2], data } }));
  assert.deepEqual(x.data, Float32Array.of(1, 2));
});

Deno.test("booleans are one byte of 0 or 1 in the file, as on disk before, and 32 bits on the host", () => {
  const data = Int32Array.of(0, 1, 256, -1);
  const bytes = encodeTensors({ x: { dtype: "bool", shape: [4], data } });
  assert.deepEqual([...bytes.subarray(-4)], [0, 1, 1, 1]);
  assert.deepEqual(decodeTensors(bytes).x.data, Int32Array.of(0, 1, 1, 1));
  const narrow = { x: { dtype: "bool", shape: [1], data: Uint8Array.of(1) } as never };
  assert.throws(() => encodeTensors(narrow), /dtype bool with a Uint8Array/);
});

Deno.test("what is read is a copy, and metadata is no tensor", () => {
  const header =
    '{"__metadata__":{"format":"pt"},"x":{"dtype":"U32","shape":[1],"data_offsets":[0,4]}}';
  const bytes = byHand(header, [1, 2, 0, 0]);
  const tensors = decodeTensors(bytes);
  bytes.fill(0);
  assert.deepEqual(tensors, { x: { dtype: "uint32", shape: [1], data: Uint32Array.of(513) } });
});

Deno.test("files that are cut off or lie are refused", () => {
  const whole = encodeTensors({ x: { dtype: "float64", shape: [2], data: Float64Array.of(1, 2) } });
  assert.throws(() => decodeTensors(whole.subarray(0, 4)), /too few/);
  assert.throws(() => decodeTensors(whole.subarray(0, 20)), /cut off/);
  assert.throws(() => decodeTensors(whole.subarray(0, whole.length - 1)), /16 bytes for shape/);
  const lying = byHand('{"x":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}', Array(8).fill(0));
  assert.throws(() => decodeTensors(lying), /"x" has 8 bytes for shape \[3\]/);
  const entry = (dtype: string, shape: string, offsets: string, data: number) =>
    byHand(
      `{"x":{"dtype":"${dtype}","shape":${shape},"data_offsets":${offsets}}}`,
      Array(data).fill(0),
    );
  decodeTensors(entry("F32", "[2]", "[0,8]", 8));
  decodeTensors(entry("F32", "[2]", "[8,16]", 16));
  decodeTensors(entry("F64", "[0,9]", "[0,0]", 0));
  for (
    const [shape, offsets, data] of [
      ["[2]", "[0,8]", 7],
      ["[2]", "[0,7]", 8],
      ["[2]", "[0,9]", 9],
      ["[1,3]", "[0,8]", 8],
      ["[]", "[0,8]", 8],
      ["[2]", "[8,16]", 15],
      ["[2]", "[-8,0]", 8],
    ] as const
  ) {
    const bytes = entry("F32", shape, offsets, data);
    assert.throws(() => decodeTensors(bytes), /^Error: Not a safetensors file: tensor "x" has /);
  }
  assert.throws(
    () => decodeTensors(entry("F16", "[1]", "[0,2]", 2)),
    /tensor "x" has the unsupported dtype F16/,
  );
});

Deno.test("the length of the header is checked before anything is read by it", () => {
  const empty = byHand("{}", []);
  assert.deepEqual(decodeTensors(empty), {});
  for (
    const [length, message] of [[7, /7 bytes are too few/], [
      9,
      /header of 2 bytes is cut off/,
    ]] as const
  ) {
    assert.throws(() => decodeTensors(empty.subarray(0, length)), message);
  }
  const none = new Uint8Array(8);
  assert.throws(() => decodeTensors(none), /the header is no JSON object/);
  // A length that no memory has: the eighth byte counts too.
  none[7] = 1;
  assert.throws(() => decodeTensors(none), /the header of 72057594037927940 bytes is cut off/);
});
