/** @file What two programs that were measured in alternation say about each other. */
import { pairedInterval } from "../../../lib/analysis/intervals.ts";

/** How many times as long as ours the other takes, with a 95 % interval. */
export interface Ratio {
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
}

/**
 * Theirs / ours, paired by alternation: the geometric mean with a t interval of the logarithms.
 * @param ours times of a step, one for each alternation; at least two.
 */
export function pairedRatio(ours: readonly number[], theirs: readonly number[]): Ratio {
  const { mean, low, high } = pairedInterval(theirs.map(Math.log), ours.map(Math.log));
  if (low === undefined || high === undefined) {
    throw new RangeError("pairedRatio: one alternation has no interval; measure two or more.");
  }
  return { ratio: Math.exp(mean), low: Math.exp(low), high: Math.exp(high) };
}

/** Whether ours takes more than 5 % longer: the whole interval of ours / theirs lies above 1.05. */
export function isSlower({ high }: Ratio): boolean {
  return 1 / high > 1.05;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length / 2;
  return (sorted[Math.ceil(half) - 1] + sorted[Math.floor(half)]) / 2;
}

export function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, v) => sum + Math.log(v), 0) / values.length);
}

/** Orders of `count` programs in each alternation: ABC CBA ABC … */
export function alternation(count: number, i: number): number[] {
  const order = [...Array(count).keys()];
  return i % 2 === 0 ? order : order.reverse();
}
