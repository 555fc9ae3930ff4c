/** @file What the cost of a task's jobs depends on. */
import type { Part } from "../parts.ts";

/** Options that change what the data are, but not how long anything takes. */
const free: Record<string, readonly string[]> = {
  filtering: ["lambda", "sigma", "condition", "observation", "structure"],
  parity: ["minimum"],
  recall: ["power"],
};

/** A task without the options that its costs do not depend on. */
export function costly({ name, options }: Part): Part {
  const kept = Object.entries(options).filter(([option]) => !free[name]?.includes(option));
  return { name, options: Object.fromEntries(kept) };
}

/** Sizes of a task: its options, or their defaults. */
interface Sizes {
  /** Of a sequence of simulated data. */
  length: number;
  /** Of a training sequence, where it is another one. */
  trained?: number;
  /** Of an observation. */
  channels?: number;
}

const sizes: Record<string, (options: Record<string, number | undefined>) => Sizes> = {
  filtering: ({ length = 256, obsDim = 2 }) => ({ length, channels: obsDim }),
  forecasting: ({ lookback = 0 }) => ({ length: lookback }),
  panel: ({ lookback = 0 }) => ({ length: lookback }),
  parity: ({ length = 256, maximum = 40 }) => ({ length, trained: maximum }),
  recall: ({ length = 64 }) => ({ length }),
};

/** Of a task that is not listed, `length`, for want of anything better. */
function sizesOf({ name, options }: Part): Sizes {
  const own = options as Record<string, number | undefined>;
  return sizes[name]?.(own) ?? { length: own.length ?? 256 };
}

/** Observations or symbols in a sequence of simulated data, of all channels. */
export function observationsOf(task: Part): number {
  const { length, channels = 1 } = sizesOf(task);
  return length * channels;
}

/** Observations or symbols of one seed in a training step. */
export function tokensOf(task: Part, batch: number): number {
  const { length, trained = length } = sizesOf(task);
  return batch * trained;
}
