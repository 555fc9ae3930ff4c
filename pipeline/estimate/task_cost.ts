/** @file What the cost of a task's jobs depends on. */
import type { Part } from "../parts.ts";

/** Options that change what the data are, but not how long anything takes. */
const free: Record<string, readonly string[]> = {
  filtering: ["lambda", "sigma", "condition", "observation", "structure"],
};

/** A task without the options that its costs do not depend on. */
export function costly({ name, options }: Part): Part {
  const kept = Object.entries(options).filter(([option]) => !free[name]?.includes(option));
  return { name, options: Object.fromEntries(kept) };
}

/** Observations in a sequence of simulated data, of all channels: with the defaults of the filtering task. */
export function observationsOf({ options }: Part): number {
  const { length = 256, obsDim = 2 } = options as { length?: number; obsDim?: number };
  return length * obsDim;
}

/** Observations of one seed in a training step. */
export function tokensOf({ options }: Part, batch: number): number {
  const { length, lookback = 256 } = options as { length?: number; lookback?: number };
  return batch * (length ?? lookback);
}
