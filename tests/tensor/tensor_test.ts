/** @file Tensors on the host. */
import assert from "node:assert/strict";
import {
  broadcastShape,
  describe,
  hostArray,
  isFloat,
  sizeOf,
  tensor,
  toFloat32,
} from "../../lib/tensor/tensor.ts";

Deno.test("numbers become a tensor of the shape and the type that are asked for", () => {
  const of = (data: ArrayLike<number>, shape: number[], dtype = "float32") => ({
    dtype,
    shape,
    data,
  });
  assert.deepEqual(tensor(2), of(Float32Array.of(2), []));
  assert.deepEqual(tensor(2, [2, 1]), of(Float32Array.of(2, 2), [2, 1]));
  assert.deepEqual(tensor([1, 2]), of(Float32Array.of(1, 2), [2]));
  assert.deepEqual(tensor([0.1], [], "float64"), of(Float64Array.of(0.1), [], "float64"));
  assert.deepEqual(tensor([1, -1], [2], "int32"), of(Int32Array.of(1, -1), [2], "int32"));
  assert.deepEqual(tensor([1, 0], [2], "bool"), of(Int32Array.of(1, 0), [2], "bool"));
  assert.deepEqual(tensor([7], [1], "uint32"), of(Uint32Array.of(7), [1], "uint32"));
  assert.deepEqual(tensor([], [0, 3]), of(new Float32Array(0), [0, 3]));
  assert.throws(() => tensor([1, 2], [3]), /shape \[3\] holds 3 values, but 2 were given/);
  assert.throws(() => tensor([1, 2], []), /holds 1 values, but 2 were given/);
});

Deno.test("observations become a float32 tensor of their own", () => {
  const shape = [1, 2];
  const data = Float64Array.of(0.1, 2);
  const got = toFloat32({ shape, data });
  assert.deepEqual(got, tensor([0.1, 2], [1, 2]));
  data[1] = 3;
  shape[0] = 9;
  assert.equal(got.data[1], 2);
  assert.deepEqual(got.shape, [1, 2]);
});

Deno.test("sizes, names and kinds of shapes and types", () => {
  assert.deepEqual([sizeOf([]), sizeOf([3]), sizeOf([2, 3, 1]), sizeOf([2, 0])], [1, 3, 6, 0]);
  assert.equal(describe(tensor(0, [2, 3])), "float32[2,3]");
  assert.equal(describe({ dtype: "int32", shape: [] }), "int32[]");
  const floats = (["float32", "float64", "int32", "uint32", "bool"] as const).filter(isFloat);
  assert.deepEqual(floats, ["float32", "float64"]);
  assert.ok(hostArray("float64", 2) instanceof Float64Array);
  assert.deepEqual(hostArray("bool", 2), new Int32Array(2));
});

Deno.test("shapes broadcast as NumPy's do", () => {
  assert.deepEqual(broadcastShape([2, 1, 3], [4, 1]), [2, 4, 3]);
  assert.deepEqual(broadcastShape([], [5], [1, 5]), [1, 5]);
  assert.deepEqual(broadcastShape([1], [0]), [0]);
  assert.deepEqual(broadcastShape([], []), []);
});
