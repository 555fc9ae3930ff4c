/**
 * @file Values that are broadcast without being stored so. A gradient of a matrix product multiplies operands
 * that were stretched along each other's axes; kept at size 1 along them, they stay small until a kernel
 * really needs every element.
 */
import { type DType, sizeOf } from "../types.ts";
import type { TF, TfTensor } from "./backend.ts";

/** A value of shape `shape`; an axis along which `tensor` has size 1 is stretched. */
export interface Stretched {
  /** What is stored: of the rank of `shape`, each axis of its size or 1. */
  readonly tensor: TfTensor;
  /** The logical shape. */
  readonly shape: readonly number[];
  /** The logical type; a `uint32` is stored as the int32 of the same bits. */
  readonly dtype: DType;
}

/** The stored shape: 1 along axes that are stretched. */
export const stored = (x: Stretched): readonly number[] => x.tensor.shape;

/** A value whose every element is stored. */
export function whole(tensor: TfTensor, dtype: DType): Stretched {
  return { tensor, shape: tensor.shape, dtype };
}

const same = (a: readonly number[], b: readonly number[]) =>
  a.length === b.length && a.every((d, i) => d === b[i]);

/** `n` ascending whole numbers from `start`. */
export const range = (n: number, start = 0): number[] =>
  Array.from({ length: n }, (_, i) => i + start);

/** A tensor under another shape of the same size; itself where it has that shape. */
export function reshaped(tf: TF, tensor: TfTensor, shape: readonly number[]): TfTensor {
  return same(tensor.shape, shape) ? tensor : tf.reshape(tensor, [...shape]);
}

/** Every element stored. */
export function materialize(tf: TF, { tensor, shape }: Stretched): TfTensor {
  if (same(tensor.shape, shape)) return tensor;
  // Neighbouring axes that are stretched or stored alike are one axis for the kernel.
  const { operands: [small], out } = merged([tensor.shape], shape);
  return reshaped(tf, tf.broadcastTo(reshaped(tf, tensor, small), out), shape);
}

/** Leading axes of size 1 up to `rank`. */
export function raised(tf: TF, x: Stretched, rank: number): Stretched {
  const ones = Array(rank - x.shape.length).fill(1);
  return ones.length === 0 ? x : {
    ...x,
    tensor: tf.reshape(x.tensor, [...ones, ...stored(x)]),
    shape: [...ones, ...x.shape],
  };
}

/**
 * Merges neighbouring axes that every operand has, or lacks, alike: kernels of TensorFlow.js are limited in their
 * ranks, and slow where operands of different shapes meet.
 * @param shapes of equal rank, each axis that of `out` or 1.
 */
function merged(shapes: readonly (readonly number[])[], out: readonly number[]) {
  const axes: number[] = [];
  const parts: boolean[][] = [];
  out.forEach((size, i) => {
    if (size === 1) return;
    const has = shapes.map((shape) => shape[i] !== 1);
    const last = parts.at(-1);
    if (last?.every((h, k) => h === has[k])) axes[axes.length - 1] *= size;
    else {
      axes.push(size);
      parts.push(has);
    }
  });
  const operands = shapes.map((_, k) => axes.map((size, i) => (parts[i][k] ? size : 1)));
  return { operands, out: axes };
}

/**
 * Applies an elementwise kernel to operands that broadcast by NumPy's rule; what all of them stretch stays
 * stretched.
 */
export function elementwise(
  tf: TF,
  operands: readonly Stretched[],
  shape: readonly number[],
  dtype: DType,
  kernel: (...tensors: TfTensor[]) => TfTensor,
): Stretched {
  const all = operands.map((x) => raised(tf, x, shape.length));
  const out = shape.map((_, i) => {
    const sizes = all.map((x) => stored(x)[i]);
    return sizes.includes(0) ? 0 : Math.max(...sizes);
  });
  const { operands: shapes } = merged(all.map(stored), out);
  const tensors = all.map((x, k) => {
    // A scalar is what the kernels of the pure backend broadcast fast.
    const lead = shapes[k].findIndex((d) => d !== 1);
    return reshaped(tf, x.tensor, lead < 0 ? [] : shapes[k].slice(lead));
  });
  return { tensor: reshaped(tf, kernel(...tensors), out), shape, dtype };
}

/** The stored tensor with its axes in another order, as a list of the axes that are not 1. */
export function permuted(tf: TF, tensor: TfTensor, order: readonly number[]): TfTensor {
  // Axes that stay neighbours move as one; axes of size 1 do not move at all.
  const runs: number[][] = [];
  const present = range(tensor.rank).filter((i) => tensor.shape[i] !== 1);
  for (const axis of order.filter((i) => tensor.shape[i] !== 1)) {
    const last = runs.at(-1)?.at(-1);
    if (last !== undefined && present.indexOf(axis) === present.indexOf(last) + 1) {
      runs.at(-1)!.push(axis);
    } else runs.push([axis]);
  }
  if (runs.length <= 1) return tensor;
  const sorted = runs.toSorted((a, b) => a[0] - b[0]);
  const sizes = sorted.map((run) => sizeOf(run.map((i) => tensor.shape[i])));
  return tf.transpose(reshaped(tf, tensor, sizes), runs.map((run) => sorted.indexOf(run)));
}

/** Axis i of the result is axis `perm[i]` of x. */
export function transpose(tf: TF, x: Stretched, perm: readonly number[]): Stretched {
  const moved = permuted(tf, x.tensor, perm);
  return {
    ...x,
    tensor: reshaped(tf, moved, perm.map((i) => stored(x)[i])),
    shape: perm.map((i) => x.shape[i]),
  };
}

/** jax-js `broadcast`: inserts axes at the positions `axis`, then stretches those of size 1. */
export function broadcast(
  tf: TF,
  x: Stretched,
  shape: readonly number[],
  axis: readonly number[],
): Stretched {
  let next = 0;
  const small = shape.map((_, i) => (axis.includes(i) ? 1 : stored(x)[next++]));
  return { ...x, tensor: reshaped(tf, x.tensor, small), shape };
}

/** The elements in row-major order under a shape of the same size; stretched axes stay so where they can. */
export function reshape(tf: TF, x: Stretched, shape: readonly number[]): Stretched {
  const small = reshapedStored(x, shape);
  return small
    ? { ...x, tensor: reshaped(tf, x.tensor, small), shape }
    : { ...x, tensor: reshaped(tf, materialize(tf, x), shape), shape };
}

/** What is stored after a reshape that needs no copy: no stretched axis is merged with a stored one, or cut. */
function reshapedStored(x: Stretched, shape: readonly number[]): number[] | undefined {
  if (sizeOf(shape) === 0) return undefined;
  const small = shape.map(() => 1);
  // Equal running products delimit groups of axes that become each other.
  for (let [from, to] = [0, 0]; from < x.shape.length || to < shape.length;) {
    const [start, begin] = [from, to];
    let [before, after] = [x.shape[from++] ?? 1, shape[to++] ?? 1];
    while (before !== after) {
      if (before < after) before *= x.shape[from++];
      else after *= shape[to++];
    }
    const group = range(Math.min(from, x.shape.length) - start, start).filter((i) =>
      x.shape[i] !== 1
    );
    const kept = group.filter((i) => stored(x)[i] !== 1);
    if (kept.length === 0) continue;
    if (kept.length < group.length) return undefined;
    for (let i = begin; i < to && i < shape.length; i++) small[i] = shape[i];
  }
  return small;
}

/** Reduces over `axis`; a stretched axis counts as often as it is long. */
export function reduce(
  tf: TF,
  x: Stretched,
  axis: readonly number[],
  op: "Add" | "Mul" | "Max" | "Min",
): Stretched {
  const gone = new Set(axis);
  const stretched = axis.filter((i) => stored(x)[i] !== x.shape[i]);
  if (op === "Mul" && stretched.length > 0) {
    return reduce(tf, whole(materialize(tf, x), x.dtype), axis, op);
  }
  // Neighbouring axes that share a fate are one axis for the kernel.
  const shape: number[] = [];
  const summed: number[] = [];
  let before: boolean | undefined;
  stored(x).forEach((size, i) => {
    if (size === 1) return;
    if (before === gone.has(i)) shape[shape.length - 1] *= size;
    else {
      if (gone.has(i)) summed.push(shape.length);
      shape.push(size);
    }
    before = gone.has(i);
  });
  const kernels = { Add: tf.sum, Mul: tf.prod, Max: tf.max, Min: tf.min };
  let tensor = x.tensor;
  if (summed.length > 0) tensor = kernels[op](reshaped(tf, tensor, shape), summed);
  if (op === "Add" && stretched.length > 0) {
    const times = sizeOf(stretched.map((i) => x.shape[i]));
    tensor = tf.mul(tensor, tf.scalar(times, x.dtype === "float32" ? "float32" : "int32"));
  }
  const kept = range(x.shape.length).filter((i) => !gone.has(i));
  return {
    tensor: reshaped(tf, tensor, kept.map((i) => stored(x)[i])),
    shape: kept.map((i) => x.shape[i]),
    dtype: x.dtype,
  };
}
