/**
 * @file Convolution and pooling: windows are gathered, and a convolution is a sum of products over them. The
 * convolutions of TensorFlow.js know neither general padding nor strides together with dilation.
 */
import type { ConvParams } from "../graph.ts";
import type { Tensor1D } from "@tensorflow/tfjs-core";
import { sizeOf } from "../types.ts";
import type { TF } from "./backend.ts";
import { contract } from "./contraction.ts";
import { pad, shrink } from "./movement.ts";
import {
  materialize,
  range,
  reshape,
  reshaped,
  stored,
  type Stretched,
  whole,
} from "./stretched.ts";

/** Flat indices of every window's elements: [...outs, ...window] over the spatial axes. */
function windowIndices(
  spatial: readonly number[],
  outs: readonly number[],
  window: readonly number[],
  strides: readonly number[],
  dilation: readonly number[] = window.map(() => 1),
): number[] {
  const pitch = spatial.map((_, i) => sizeOf(spatial.slice(i + 1)));
  let flat = [0];
  const extend = (count: number, step: number) =>
    flat = flat.flatMap((base) => range(count).map((i) => base + i * step));
  outs.forEach((count, i) => extend(count, strides[i] * pitch[i]));
  window.forEach((count, i) => extend(count, dilation[i] * pitch[i]));
  return flat;
}

/** Reads the elements `indices` (flat over the trailing axes): [...leading, ...shape]. */
function gatherTrailing(
  tf: TF,
  x: Stretched,
  rank: number,
  indices: readonly number[],
  shape: readonly number[],
): Stretched {
  const lead = x.shape.slice(0, x.shape.length - rank);
  const spatial = x.shape.slice(lead.length);
  const rows = reshaped(tf, materialize(tf, x), [sizeOf(lead), sizeOf(spatial)]);
  const taken = tf.gather(rows, tf.tensor1d(Int32Array.from(indices), "int32"), 1);
  return whole(reshaped(tf, taken, [...lead, ...shape]), x.dtype);
}

/** Puts `by - 1` zeros between neighbours along an axis. */
function dilate(tf: TF, x: Stretched, axis: number, by: number): Stretched {
  if (by === 1) return x;
  const n = x.shape[axis];
  const apart = reshape(tf, x, x.shape.toSpliced(axis + 1, 0, 1));
  const padded = pad(tf, apart, apart.shape.map((_, i) => [0, i === axis + 1 ? by - 1 : 0]));
  const joined = reshape(tf, padded, x.shape.with(axis, n * by));
  return shrink(tf, joined, joined.shape.map((d, i) => [0, i === axis ? (n - 1) * by + 1 : d]));
}

/** General convolution of [v.., N, C, spatial..] with [v.., O, C, window..]: [v.., N, O, outs..]. */
export function convolve(
  tf: TF,
  lhs: Stretched,
  rhs: Stretched,
  { vmapDims: v, strides, padding, lhsDilation, rhsDilation }: ConvParams,
  shape: readonly number[],
): Stretched {
  const k = strides.length;
  let input = lhs;
  lhsDilation.forEach((by, i) => input = dilate(tf, input, v + 2 + i, by));
  input = pad(tf, input, [...range(v + 2).map((): [number, number] => [0, 0]), ...padding]);
  const outs = shape.slice(v + 2);
  const window = rhs.shape.slice(v + 2);
  const indices = windowIndices(input.shape.slice(v + 2), outs, window, strides, rhsDilation);
  const patches = gatherTrailing(tf, input, k, indices, [...outs, ...window]);
  // Both as [v.., N, O, C, outs.., window..], each with size 1 where the other varies.
  const left = reshape(tf, patches, patches.shape.toSpliced(v + 1, 0, 1));
  const apart = stored(rhs).toSpliced(v + 2, 0, ...outs.map(() => 1)).toSpliced(v, 0, 1);
  const right = { ...rhs, tensor: reshaped(tf, rhs.tensor, apart), shape: apart };
  const full = [...shape.slice(0, v + 2), rhs.shape[v + 1], ...outs, ...window];
  const summed = [v + 2, ...range(k, v + 3 + k)];
  return contract(tf, left, right, full, summed, lhs.dtype);
}

/** jax-js `pool`: the windows of the trailing axes, [...lead, ...outs, ...window]. */
export function pool(
  tf: TF,
  x: Stretched,
  window: readonly number[],
  strides: readonly number[],
  shape: readonly number[],
): Stretched {
  const k = window.length;
  const outs = shape.slice(shape.length - 2 * k, shape.length - k);
  const indices = windowIndices(x.shape.slice(-k), outs, window, strides);
  return gatherTrailing(tf, x, k, indices, [...outs, ...window]);
}

/** The transpose of {@linkcode pool}: adds every window's elements back where they came from. */
export function poolTranspose(
  tf: TF,
  x: Stretched,
  shape: readonly number[],
  window: readonly number[],
  strides: readonly number[],
): Stretched {
  const k = window.length;
  const outs = x.shape.slice(x.shape.length - 2 * k, x.shape.length - k);
  const spatial = shape.slice(-k);
  const indices = windowIndices(spatial, outs, window, strides);
  const rows = sizeOf(shape.slice(0, -k));
  const updates = tf.transpose(reshaped(tf, materialize(tf, x), [rows, indices.length]), [1, 0]);
  const at = tf.tensor1d(Int32Array.from(indices), "int32") as Tensor1D;
  const sums = tf.scatterND(tf.reshape(at, [indices.length, 1]), updates, [sizeOf(spatial), rows]);
  return whole(reshaped(tf, tf.transpose(sums, [1, 0]), shape), x.dtype);
}
