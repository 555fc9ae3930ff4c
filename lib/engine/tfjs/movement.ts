/** @file Kernels that move data: slices, pads, flips, splits and concatenations. */
import type { TF } from "./backend.ts";
import { materialize, range, stored, type Stretched, whole } from "./stretched.ts";

/** [from, to) of a slice, or [before, after] of a pad. */
export type Interval = readonly [number, number];

/** Elements `from` to `to` (exclusive) of every axis. */
export function shrink(tf: TF, x: Stretched, slice: readonly Interval[]): Stretched {
  const shape = slice.map(([from, to]) => to - from);
  const kept = (i: number) => stored(x)[i] !== x.shape[i];
  if (slice.every(([from, to], i) => kept(i) || (from === 0 && to === x.shape[i]))) {
    return { ...x, shape };
  }
  const begin = slice.map(([from], i) => (kept(i) ? 0 : from));
  const tensor = tf.slice(x.tensor, begin, shape.map((d, i) => (kept(i) ? 1 : d)));
  return { ...x, tensor, shape };
}

/** Pads with zeros; negative widths cut. */
export function pad(tf: TF, x: Stretched, width: readonly Interval[]): Stretched {
  const inner = shrink(
    tf,
    x,
    width.map(([lo, hi], i): Interval => [Math.max(0, -lo), x.shape[i] - Math.max(0, -hi)]),
  );
  const grow = width.map(([lo, hi]): [number, number] => [Math.max(0, lo), Math.max(0, hi)]);
  if (grow.every(([lo, hi]) => lo === 0 && hi === 0)) return inner;
  const tensor = tf.pad(materialize(tf, inner), grow);
  return whole(tensor, x.dtype);
}

/** The elements along these axes from last to first. */
export function flip(tf: TF, x: Stretched, axis: readonly number[]): Stretched {
  const moved = axis.filter((i) => stored(x)[i] > 1);
  return moved.length === 0 ? x : { ...x, tensor: tf.reverse(x.tensor, moved) };
}

/** Pieces of these sizes along an axis. */
export function split(tf: TF, x: Stretched, axis: number, sizes: readonly number[]): Stretched[] {
  let start = 0;
  return sizes.map((size) => {
    const slice = x.shape.map((d, i): Interval => (i === axis ? [start, start + size] : [0, d]));
    start += size;
    return shrink(tf, x, slice);
  });
}

/** Values one after the other along an axis; their other sizes agree. */
export function concatenate(tf: TF, xs: readonly Stretched[], axis: number): Stretched {
  const parts = xs.filter((x) => x.shape[axis] > 0);
  // What all of them stretch alike stays stretched.
  const shared = range(xs[0].shape.length).filter((i) =>
    i !== axis && parts.every((x) => stored(x)[i] === 1)
  );
  const tensors = parts.map((x) =>
    materialize(tf, { ...x, shape: x.shape.map((d, i) => (shared.includes(i) ? 1 : d)) })
  );
  const tensor = tf.concat(tensors, axis);
  const size = parts.reduce((sum, x) => sum + x.shape[axis], 0);
  return { tensor, shape: xs[0].shape.with(axis, size), dtype: xs[0].dtype };
}
