import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { decodeTensors, encodeTensors, type Tensor } from "../../pipeline/store/safetensors.ts";

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
    odd: { dtype: "bool", shape: [7], data: Uint8Array.of(1, 0, 1, 1, 0, 0, 1) },
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

Deno.test("files that are cut off or lie are refused", () => {
  const whole = encodeTensors({ x: { dtype: "float64", shape: [2], data: Float64Array.of(1, 2) } });
  assert.throws(() => decodeTensors(whole.subarray(0, 4)), /too few/);
  assert.throws(() => decodeTensors(whole.subarray(0, 20)), /cut off/);
  assert.throws(() => decodeTensors(whole.subarray(0, whole.length - 1)), /16 bytes for shape/);
  const lying = byHand('{"x":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}', Array(8).fill(0));
  assert.throws(() => decodeTensors(lying), /"x" has 8 bytes for shape \[3\]/);
});
