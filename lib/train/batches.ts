/** @file Many sequences through a program that takes a fixed number of them. */
import type { Tensor, TypedArray } from "../tensor/tensor.ts";

/** Largest batch that keeps `bytesEach * batch` within the budget; at least 1. */
export function fitBatch(wanted: number, bytesEach: number, budgetBytes: number): number {
  return Math.max(1, Math.min(wanted, Math.floor(budgetBytes / bytesEach)));
}

/** Runs `run` on slices of `batch` sequences; the last slice is padded with zeros. */
export async function inBatches(
  x: Tensor,
  batch: number,
  run: (slice: Tensor, count: number, first: number) => Promise<void>,
): Promise<void> {
  const [total, ...rest] = x.shape;
  const each = rest.reduce((a, b) => a * b, 1);
  for (let first = 0; first < total; first += batch) {
    const count = Math.min(batch, total - first);
    const data = new (x.data.constructor as new (size: number) => TypedArray)(batch * each);
    data.set(x.data.subarray(first * each, (first + count) * each));
    await run({ dtype: x.dtype, shape: [batch, ...rest], data }, count, first);
  }
}
