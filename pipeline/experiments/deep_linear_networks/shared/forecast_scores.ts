/** @file What the forecasting task leaves of a forecaster, and the numbers that tables make of it. */
import { around } from "../../../table/values.ts";
import type { Cell } from "../../../results.ts";

/** `scores.json` of the stages reference and evaluate. */
export interface ForecastScores {
  test: { mse: number; mae: number; windows: number; channels: { mae: number }[] };
  /** Squared errors of consecutive blocks of the test period. */
  blocks: number[];
  fit: { lookback?: number; excess?: number };
  /** Of the seasonal naive forecast: what MASE divides by, channel by channel. */
  scale?: number[];
  /** Likewise: rows that it looks back on. */
  season?: number;
}

/**
 * Mean over channels of the MAE over that of the seasonal naive forecast within the training rows.
 * @param floor scores of the seasonal naive forecast on the same series
 * @throws {Error} for a floor without its scale, or of other channels
 */
export function maseOf({ test: { channels } }: ForecastScores, { scale }: ForecastScores): number {
  if (scale?.length !== channels.length) {
    throw new Error(`MASE: ${scale?.length ?? 0} scales of ${channels.length} channels.`);
  }
  return channels.reduce((sum, { mae }, c) => sum + mae / scale[c], 0) / channels.length;
}

/** The test error with its 95 % interval by batch means, where there are blocks. */
export function meanSquaredError(run: string, { test, blocks }: ForecastScores): Cell {
  const error = { coefficient: 1, metric: "MSE", runs: [run], values: [test.mse] };
  const cell = { value: test.mse, n: test.windows, runs: [run] };
  if (blocks.length < 2) return { ...cell, terms: [error] };
  return {
    ...cell,
    ...around(test.mse, blocks),
    terms: [error, {
      ...{ coefficient: 1, metric: "MSE of a block", spread: true },
      ...{ runs: blocks.map(() => run), values: blocks, parts: blocks.map((_, part) => part) },
    }],
  };
}
