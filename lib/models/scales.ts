/** @file Time scales of a window: averages over so many rows, the newest first. */
import * as z from "zod";
import type { OptionSchema } from "../options.ts";

/** One scale. */
export interface Scale {
  /** Rows in an average. */
  readonly every: number;
  /** Averages that are read, one after the other, back from the end of the window. */
  readonly lags: number;
}

/** Days of a week, weeks of a month, months of a quarter, for rows that are trading days. */
const trading: Scale[] = [
  { every: 1, lags: 5 },
  { every: 5, lags: 4 },
  { every: 22, lags: 3 },
];

/** An option that is a list of scales. */
export function scalesSchema(): OptionSchema<Scale[]> {
  const count = () => z.number().int().min(1);
  return z.array(z.strictObject({ every: count(), lags: count() })).min(1).default(trading);
}

/**
 * The averages as a matrix [lookback, lags] on a window, newest first.
 * @throws {RangeError} for a scale that reaches back further than the window.
 */
export function averages({ every, lags }: Scale, lookback: number): Float64Array<ArrayBuffer> {
  if (every * lags > lookback) {
    throw new RangeError(
      `scale of ${lags} averages over ${every} rows: it reaches back ${
        every * lags
      } rows, the lookback is ${lookback}; ` +
        "take a longer window or fewer lags",
    );
  }
  const out = new Float64Array(lookback * lags);
  for (let lag = 0; lag < lags; lag++) {
    for (let i = 0; i < every; i++) {
      out[(lookback - 1 - lag * every - i) * lags + lag] = 1 / every;
    }
  }
  return out;
}
