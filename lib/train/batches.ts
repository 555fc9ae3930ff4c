/** @file Many sequences through a program that takes a fixed number of them. */
import { hostArray, sizeOf, type Tensor } from "../tensor/tensor.ts";

/** Largest batch that keeps `bytesEach * batch` within the budget; at least 1. */
export function fitBatch(wanted: number, bytesEach: number, budgetBytes: number): number {
  return Math.max(1, Math.min(wanted, Math.floor(budgetBytes / bytesEach)));
}

/** Some sequences, as many as a program takes. */
export interface Slice {
  /** [batch, ...], padded with zeros. */
  readonly x: Tensor;
  /** Sequences in it that are no padding. */
  readonly count: number;
  /** Index of the first of them. */
  readonly first: number;
}

/** Slices of `batch` sequences of x [N, ...], in order. */
export function* inBatches(x: Tensor, batch: number): Generator<Slice> {
  const [total, ...rest] = x.shape;
  const each = sizeOf(rest);
  for (let first = 0; first < total; first += batch) {
    const count = Math.min(batch, total - first);
    const data = hostArray(x.dtype, batch * each);
    data.set(x.data.subarray(first * each, (first + count) * each));
    yield { x: { dtype: x.dtype, shape: [batch, ...rest], data }, count, first };
  }
}
