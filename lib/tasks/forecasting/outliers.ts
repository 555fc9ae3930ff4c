/**
 * @file Values that no score survives: one so far from all others that in double precision they are the same number beside it, and
 * milder ones that decide the scores by themselves, which are mostly codes for "no measurement".
 */

import { kthSmallest } from "./order_statistic.ts";
import { roundingOf } from "./standardise.ts";

/** Values of one channel that are far from all others. */
export interface Outliers {
  /** Rows, in order. */
  rows: number[];
  /** Row of the one that is furthest from the median. */
  furthest: number;
  /** Its distance from the median, over the usual distance. */
  distance: number;
}

/** Beyond it not even the rounding errors of numbers like the others could be told apart beside the spike. */
const VANISHING = 2 ** 60;
/** Beyond it a value counts a million times in a squared error. */
const REMARKABLE = 1000;
/** Largest share of rows that are outliers; more are a state of their own, such as a machine that is on. */
const RARE = 0.05;

/**
 * Looks for values more than a thousand times as far from the median as half of those that differ from it.
 * Half is what makes the measure robust: no spike moves it; and those that differ, because most hours have no rain.
 * @param values finite
 * @returns `vanishing` when the others vanish beside them, otherwise `rare` ones; undefined where there are none
 */
export function findOutliers(
  values: Float64Array,
): ({ kind: "vanishing" | "rare" } & Outliers) | undefined {
  const middle = lowerMedian(values);
  const distances = new Float64Array(values.length);
  let furthest = 0;
  for (let row = 0; row < values.length; row++) {
    distances[row] = Math.abs(values[row] - middle);
    if (distances[row] > distances[furthest]) furthest = row;
  }
  if (mostlyBeyond(distances, distances[furthest] / REMARKABLE)) return undefined;
  const rounding = roundingOf(middle);
  const usual = lowerMedian(distances.filter((distance) => distance > rounding));
  const distance = distances[furthest] / usual;
  const beyond = (limit: number) => {
    const rows: number[] = [];
    distances.forEach((d, row) => d / usual > limit && rows.push(row));
    return { rows, furthest, distance };
  };
  if (distance > VANISHING) return { kind: "vanishing", ...beyond(VANISHING) };
  if (!(distance > REMARKABLE)) return undefined; // also where no value differs from the median
  const rare = beyond(REMARKABLE);
  return rare.rows.length <= RARE * values.length ? { kind: "rare", ...rare } : undefined;
}

/** Of an even number the lower of the two in the middle; NaN of none. */
function lowerMedian(values: Float64Array): number {
  return values.length === 0 ? NaN : kthSmallest(values.slice(), (values.length - 1) >> 1);
}

/** The quick answer for ordinary channels. */
function mostlyBeyond(distances: Float64Array, limit: number): boolean {
  let count = 0;
  for (const distance of distances) if (distance >= limit) count++;
  return 2 * count > distances.length;
}
