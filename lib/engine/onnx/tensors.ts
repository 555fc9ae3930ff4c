/** @file Host tensors as ONNX Runtime's, and back. */
import * as ort from "onnxruntime-node";
import { hostArray, type Tensor } from "../types.ts";
import type { Dialect } from "./model.ts";

/** What ONNX Runtime takes and returns. */
export type OrtTensor = ort.Tensor;

/** A tensor as the sessions of a dialect take it. Without a conversion it shares the caller's data. */
export function toOrt({ dtype, shape, data }: Tensor, { types }: Dialect): OrtTensor {
  const dims = [...shape];
  switch (types[dtype]) {
    case undefined:
      throw new TypeError(`this engine has no ${dtype}`);
    case "bool":
      return new ort.Tensor("bool", Uint8Array.from(data, (x) => Number(x !== 0)), dims);
    case "int64":
      return new ort.Tensor("int64", BigInt64Array.from(data as Uint32Array, BigInt), dims);
    default:
      // deno-lint-ignore no-explicit-any
      return new ort.Tensor(dtype as any, data as any, dims);
  }
}

/** A copy of what a session gave: int64 may stand for uint32 there, and bytes for booleans. */
export function fromOrt(
  tensor: OrtTensor,
  { dtype, shape }: Pick<Tensor, "dtype" | "shape">,
): Tensor {
  const source = tensor.data as ArrayLike<number> | BigInt64Array;
  const data = hostArray(dtype, source.length);
  if (source instanceof BigInt64Array) {
    for (let i = 0; i < data.length; i++) data[i] = Number(source[i]);
  } else data.set(source);
  return { dtype, shape, data };
}
