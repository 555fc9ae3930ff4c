/**
 * @file Student t confidence intervals of a mean and of a paired difference: runs are few (5
 * systems, 3 seeds), so the normal quantile would be far too narrow. With two runs t is 12.7: an
 * illustration, not a verdict.
 *
 * Degrees of freedom here are whole, where the distribution function is a finite sum: exact,
 * without a library (@stdlib's quantile brings 223 packages, jstat's is right to 8 digits only).
 *
 * @example Is model a better than model b on the same five systems?
 * ```ts
 * import assert from "node:assert/strict";
 * import { pairedInterval } from "./intervals.ts";
 *
 * const a = [1.10, 1.21, 1.07, 1.32, 1.15], b = [1.14, 1.26, 1.10, 1.38, 1.18];
 * const { mean, high } = pairedInterval(a, b);
 * assert.ok(mean < 0 && high! < 0); // a loses less: the interval of a - b lies below zero
 * ```
 */

/** A mean with its confidence interval, in the values' units. */
export interface Interval {
  /** Of the values, or of the differences of pairs. */
  mean: number;
  /** Ends of the interval; absent for a single value, which has none. */
  low?: number;
  /** Upper end; absent where `low` is. */
  high?: number;
  /** Number of independent values. */
  n: number;
  /** Confidence, 0.95 unless asked otherwise. */
  level: number;
}

/**
 * The mean of independent values with its t interval.
 * @throws RangeError for no values, a value that is not finite, or a level outside (0, 1).
 */
export function meanInterval(values: ArrayLike<number>, level = 0.95): Interval {
  if (!(level > 0 && level < 1)) {
    throw new RangeError(`Confidence level ${level}: expected between 0 and 1, such as 0.95.`);
  }
  const n = values.length;
  if (n === 0) throw new RangeError("meanInterval: no values, so no mean.");
  let sum = 0;
  for (let i = 0; i < n; i++) {
    if (!Number.isFinite(values[i])) {
      throw new RangeError(
        `meanInterval: value ${i} of ${n} is ${values[i]}: expected finite numbers. ` +
          "Leave out a failed run where you can say so, never in silence.",
      );
    }
    sum += values[i];
  }
  const mean = sum / n;
  if (n === 1) return { mean, n, level };
  let squares = 0;
  for (let i = 0; i < n; i++) squares += (values[i] - mean) ** 2;
  const half = tQuantile((1 + level) / 2, n - 1) * Math.sqrt(squares / (n - 1) / n);
  return { mean, low: mean - half, high: mean + half, n, level };
}

/**
 * The mean of a - b, pair by pair (the same system, the same data under two models), with its t
 * interval.
 * @throws RangeError as {@link meanInterval}, and for different lengths.
 */
export function pairedInterval(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  level = 0.95,
): Interval {
  if (a.length !== b.length) {
    throw new RangeError(
      `pairedInterval: ${a.length} and ${b.length} values: expected pairs. ` +
        "Compare the runs that both have.",
    );
  }
  return meanInterval(Array.from(a, (value, i) => value - b[i]), level);
}

/**
 * The t with P(T <= t) = p, for Student's T with a whole number of degrees of freedom, to about
 * 1e-12 for p from 1e-4 to 1 - 1e-4 (bisection on the angle atan(t / sqrt(degrees))).
 * @throws RangeError for p outside (0, 1) and degrees that are not an integer of at least 1.
 */
export function tQuantile(p: number, degrees: number): number {
  if (!(p > 0 && p < 1)) throw new RangeError(`tQuantile: p = ${p}: expected 0 < p < 1.`);
  if (!Number.isInteger(degrees) || degrees < 1) {
    throw new RangeError(
      `tQuantile: ${degrees} degrees of freedom: expected an integer of at least 1.`,
    );
  }
  if (p < 0.5) return -tQuantile(1 - p, degrees);
  const asked = `${p} ${degrees}`;
  const known = quantiles.get(asked);
  if (known !== undefined) return known;
  let low = 0;
  let high = Math.PI / 2;
  for (let halving = 0; halving < 60; halving++) {
    const middle = (low + high) / 2;
    if (central(middle, degrees) < 2 * p - 1) low = middle;
    else high = middle;
  }
  const quantile = Math.tan((low + high) / 2) * Math.sqrt(degrees);
  quantiles.set(asked, quantile);
  return quantile;
}

/** Found before: tables ask for the same few again and again. */
const quantiles = new Map<string, number>();

/**
 * P(T > t) for Student's T with a whole number of degrees of freedom, to about 1e-15.
 * @throws RangeError for degrees that are not an integer of at least 1, and a t that is no number.
 */
export function tTail(t: number, degrees: number): number {
  if (Number.isNaN(t) || !Number.isInteger(degrees) || degrees < 1) {
    throw new RangeError(
      `tTail: t = ${t} with ${degrees} degrees of freedom: expected a number and an integer of at least 1.`,
    );
  }
  const within = central(Math.atan(Math.abs(t) / Math.sqrt(degrees)), degrees);
  return t >= 0 ? (1 - within) / 2 : (1 + within) / 2;
}

/**
 * P(|T| <= sqrt(degrees) tan(angle)): Abramowitz and Stegun, 26.7.3 (odd) and 26.7.4 (even
 * degrees).
 */
function central(angle: number, degrees: number): number {
  const cosine = Math.cos(angle);
  const odd = degrees % 2 === 1;
  let term = odd ? cosine : 1;
  let sum = degrees === 1 ? 0 : term;
  for (let k = odd ? 3 : 2; k < degrees && term > 1e-18 * sum; k += 2) {
    term *= cosine * cosine * (k - 1) / k;
    sum += term;
  }
  return odd ? 2 / Math.PI * (angle + Math.sin(angle) * sum) : Math.sin(angle) * sum;
}
