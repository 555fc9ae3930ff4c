/** @file Gather, scatter and sorting with indices computed at run time. */
import type { Tensor1D } from "@tensorflow/tfjs-core";
import type { IndexParams } from "../graph.ts";
import { sizeOf } from "../types.ts";
import type { TF, TfTensor } from "./backend.ts";
import {
  elementwise,
  materialize,
  permuted,
  range,
  reshaped,
  type Stretched,
  whole,
} from "./stretched.ts";

/** One flat index into the product of the indexed axes, and the shape of the indices. */
function flatIndex(tf: TF, indices: readonly Stretched[], dims: readonly number[]) {
  const rank = Math.max(...indices.map((x) => x.shape.length));
  const shape = range(rank).map((i) => {
    const sizes = indices.map((x) => x.shape[x.shape.length - rank + i] ?? 1);
    return sizes.includes(0) ? 0 : Math.max(...sizes);
  });
  const flat = indices.reduce((sum, index, i) => {
    const size = tf.scalar(dims[i], "int32");
    return elementwise(tf, [sum, index], shape, "int32", (s, x) => tf.add(tf.mul(s, size), x));
  }, whole(tf.scalar(0, "int32"), "int32"));
  return { index: tf.reshape(materialize(tf, flat), [sizeOf(shape)]) as Tensor1D, shape };
}

/** Positions of `count` leading axes moved to position `to` of an array of the given rank. */
function leadingTo(rank: number, count: number, to: number): number[] {
  return range(rank - count, count).toSpliced(to, 0, ...range(count));
}

/** A whole tensor with its axes in another order. */
function moved(tf: TF, tensor: TfTensor, perm: readonly number[]): TfTensor {
  return reshaped(tf, permuted(tf, tensor, perm), perm.map((i) => tensor.shape[i]));
}

/** NumPy-style advanced indexing along `axis`; the index axes land at `outDim`. */
export function gather(
  tf: TF,
  x: Stretched,
  indices: readonly Stretched[],
  { axis, outDim }: IndexParams,
): Stretched {
  const { index, shape } = flatIndex(tf, indices, axis.map((i) => x.shape[i]));
  const rest = range(x.shape.length).filter((i) => !axis.includes(i)).map((i) => x.shape[i]);
  const others = range(x.shape.length).filter((i) => !axis.includes(i));
  const source = moved(tf, materialize(tf, x), [...axis, ...others]);
  const rows = reshaped(tf, source, [sizeOf(axis.map((i) => x.shape[i])), sizeOf(rest)]);
  const taken = reshaped(tf, tf.gather(rows, index, 0), [...shape, ...rest]);
  return whole(moved(tf, taken, leadingTo(taken.rank, shape.length, outDim)), x.dtype);
}

/**
 * The transpose of {@linkcode gather}: adds (or writes) updates into zeros. The pure backend adds duplicates in
 * order; on a GPU the order, and with it the last bits of a sum, is open.
 */
export function scatter(
  tf: TF,
  updates: Stretched,
  indices: readonly Stretched[],
  { axis, outDim, shape, op }: IndexParams & { shape: readonly number[]; op: string },
): Stretched {
  const { index, shape: indexShape } = flatIndex(tf, indices, axis.map((i) => shape[i]));
  const others = range(shape.length).filter((i) => !axis.includes(i));
  const width = sizeOf(others.map((i) => shape[i]));
  const back = leadingTo(updates.shape.length, indexShape.length, outDim);
  const forward = back.map((_, i) => back.indexOf(i));
  const rows = reshaped(tf, moved(tf, materialize(tf, updates), forward), [index.size, width]);
  const target: [number, number] = [sizeOf(axis.map((i) => shape[i])), width];
  const at = tf.reshape(index, [index.size, 1]);
  const summed = op === "add"
    ? tf.scatterND(at, rows, target)
    : tf.tensorScatterUpdate(tf.zeros(target, rows.dtype), at, rows);
  const order = [...axis, ...others];
  const full = reshaped(tf, summed, order.map((i) => shape[i]));
  return whole(moved(tf, full, shape.map((_, i) => order.indexOf(i))), updates.dtype);
}

/**
 * Ascending along the last axis, with the stable permutation; NaN sorts last, as in NumPy. On the host: `topk` of
 * TensorFlow.js is neither stable on every backend nor sure about NaN.
 */
export function sort(tf: TF, x: Stretched): [Stretched, Stretched] {
  const source = materialize(tf, x);
  const data = source.dataSync() as Float32Array | Int32Array | Uint8Array;
  const key = x.dtype === "uint32" ? (i: number) => data[i] >>> 0 : (i: number) => data[i];
  const n = x.shape.at(-1) ?? 1;
  const values = data.slice();
  const order = new Int32Array(data.length);
  for (let row = 0; row < data.length; row += n) {
    const places = range(n, row).sort((i, j) => {
      const [a, b] = [key(i), key(j)];
      if (Number.isNaN(a) || Number.isNaN(b)) {
        return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
      }
      return a - b || 0;
    });
    places.forEach((place, i) => {
      values[row + i] = data[place];
      order[row + i] = place - row;
    });
  }
  const shape = [...x.shape];
  return [
    whole(tf.tensor(values, shape, source.dtype), x.dtype),
    whole(tf.tensor(order, shape, "int32"), "int32"),
  ];
}
