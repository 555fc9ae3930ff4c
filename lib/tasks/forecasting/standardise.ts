/**
 * @file Channels in standard deviations of their training rows, at any scale of the file: sums of squares of 1e200 overflow, and those
 * of 1e-200 are zero, so moments are taken in units of a power of two. Multiplying by one rounds nothing.
 */

/** Mean and population standard deviation of the training rows of a channel. */
export interface Standard {
  /** In units of the file. */
  mean: number;
  /** In units of the file. */
  deviation: number;
  /** The values in deviations from the mean. */
  standardised: Float64Array;
}

/** Rounding of a constant moves it by a few units in the last place; what varies by more is data. */
const CONSTANT_ULPS = 32;

/** Whether values differ by no more than the rounding of one number, by the spacing of doubles at their level. */
export function isConstant(values: Float64Array): boolean {
  const [low, high] = extremes(values);
  return high - low <= roundingOf(Math.max(-low, high));
}

/** By how much rounding moves a number, at most: 32 units in its last place. */
export function roundingOf(value: number): number {
  // Half of a unit would round to zero at the smallest numbers.
  return CONSTANT_ULPS * Math.max(Number.EPSILON * unitOf(Math.abs(value)), Number.MIN_VALUE);
}

/** The smallest and the largest value. */
export function extremes(values: Float64Array): [low: number, high: number] {
  let low = Infinity, high = -Infinity;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

/**
 * Standardises a channel.
 * @param values finite
 * @param train [first, end) of the rows whose moments count; not constant
 */
export function standardise(values: Float64Array, train: [number, number]): Standard {
  const rows = values.subarray(...train);
  const [low, high] = extremes(rows);
  const unit = unitOf(Math.max(-low, high));
  const n = rows.length;
  let mean = rows.reduce((sum, value) => sum + value / unit, 0) / n;
  const squares = () => rows.reduce((sum, value) => sum + (value / unit - mean) ** 2, 0) / n;
  let variance = squares();
  // A level far above the deviation leaves its rounding in the mean: a second pass takes it out.
  const off = rows.reduce((sum, value) => sum + (value / unit - mean), 0) / n;
  if (Math.abs(off) > 1e-9 * Math.sqrt(variance)) {
    mean += off;
    variance = squares();
  }
  const deviation = Math.sqrt(variance);
  return {
    mean: mean * unit,
    deviation: deviation * unit,
    standardised: values.map((value) => (value / unit - mean) / deviation),
  };
}

/** The power of two at or just below a number, as far as dividing by it neither overflows nor rounds. */
function unitOf(largest: number): number {
  if (largest === 0) return 1;
  return 2 ** Math.min(1000, Math.max(-1000, Math.floor(Math.log2(largest))));
}
