/**
 * @file Two one-sided t tests (Schuirmann 1987): that a mean is small is shown, not taken from the failure to show that it is large. An
 * interval that contains 0 at -7 [-31, 17] shows nothing.
 */
import { type Interval, meanInterval, tQuantile, tTail } from "./intervals.ts";

/** What {@linkcode equivalence} finds. */
export interface Equivalence {
  /** The larger of the two one-sided p values: that |mean| < margin. */
  p: number;
  /** At level 1 - 2 `level`: it lies within the margin just where p is at most `level`. */
  interval: Interval;
  /** Chance of showing equivalence with this spread if the mean were 0. */
  power: number;
}

/**
 * Is the mean of paired differences within +-margin? At `level` .05 by a 90 % interval.
 * @param margin fixed before the numbers are seen, in their units
 * @throws {RangeError} for a margin that is not positive, and as {@linkcode meanInterval}
 */
export function equivalence(
  values: ArrayLike<number>,
  margin: number,
  level = 0.05,
): Equivalence {
  if (!(margin > 0)) throw new RangeError(`equivalence: margin ${margin}: expected more than 0.`);
  const interval = meanInterval(values, 1 - 2 * level);
  const { mean, high, n } = interval;
  if (high === undefined) return { p: 1, interval, power: 0 };
  const error = (high - mean) / tQuantile(1 - level, n - 1);
  if (error === 0) return { p: Math.abs(mean) < margin ? 0 : 1, interval, power: 1 };
  const p = tTail((margin - Math.abs(mean)) / error, n - 1);
  const spare = margin / error - tQuantile(1 - level, n - 1);
  return { p, interval, power: Math.max(0, 1 - 2 * tTail(spare, n - 1)) };
}
