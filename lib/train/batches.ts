/** @file Many sequences through a program that takes a fixed number of them. */
import type { EngineName, Tensor } from "../engine/mod.ts";

/** Largest batch that keeps `bytesEach * batch` within the budget; at least 1. */
export function fitBatch(wanted: number, bytesEach: number, budgetBytes: number): number {
  return Math.max(1, Math.min(wanted, Math.floor(budgetBytes / bytesEach)));
}

export interface RunOptions {
  readonly engine?: EngineName;
  readonly threads?: number;
  readonly batch: number;
  readonly onBatch?: (done: number, total: number) => void;
  /** Of a rollout: after token `done` of `total` of every batch. */
  readonly onStep?: (done: number, total: number) => void;
}

export type Engine = Pick<RunOptions, "engine" | "threads">;

/** Runs `run` on slices of at most `batch` sequences; the last slice is padded with zeros. */
export async function inBatches(
  y: Tensor,
  batch: number,
  run: (slice: Tensor, count: number, first: number) => Promise<void>,
): Promise<void> {
  const [total, ...rest] = y.shape;
  const each = rest.reduce((a, b) => a * b, 1);
  for (let first = 0; first < total; first += batch) {
    const count = Math.min(batch, total - first);
    const data = new Float32Array(batch * each);
    data.set(y.data.subarray(first * each, (first + count) * each) as Float32Array);
    await run({ dtype: "float32", shape: [batch, ...rest], data }, count, first);
  }
}
