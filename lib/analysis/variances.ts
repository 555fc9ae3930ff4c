/**
 * @file Two sources of variance in a balanced one-way layout with two repetitions, and the error that a measurement brings along
 * (analysis of variance, method of moments; Searle, Casella & McCulloch 1992, chapter 3).
 */

/** Variances by their source; estimates of small ones can be negative. */
export interface Variances {
  /** Between units (systems); NaN for one unit. */
  readonly unit: number;
  /** Between repetitions of a unit (initialisations), sampling included as far as repetitions do not share it. */
  readonly repetition: number;
  /** Of one measurement, from its standard error. */
  readonly sampling: number;
}

/**
 * The variances of a table with two measurements of each unit.
 * @param pairs two measurements of each unit
 * @param errors standard error of each measurement, in any order
 * @throws {RangeError} for no units, and for numbers that are not finite
 */
export function variances(
  pairs: readonly (readonly [number, number])[],
  errors: readonly number[],
): Variances {
  if (
    pairs.length === 0 || errors.length === 0 ||
    ![...pairs.flat(), ...errors].every(Number.isFinite)
  ) {
    throw new RangeError(
      `variances: ${pairs.length} units, ${errors.length} errors: expected finite numbers, at least one of each.`,
    );
  }
  const mean = (values: number[]) => values.reduce((sum, x) => sum + x, 0) / values.length;
  const repetition = mean(pairs.map(([a, b]) => (a - b) ** 2 / 2));
  const means = pairs.map(([a, b]) => (a + b) / 2);
  const centre = mean(means);
  const between = means.reduce((sum, x) => sum + (x - centre) ** 2, 0) / (means.length - 1);
  return {
    unit: between - repetition / 2,
    repetition,
    sampling: mean(errors.map((error) => error ** 2)),
  };
}

/** Standard error of the mean of so many units with so many repetitions each. */
export function errorOfMean(
  { unit, repetition }: Variances,
  units: number,
  repetitions: number,
): number {
  return Math.sqrt((Math.max(0, unit) + Math.max(0, repetition) / repetitions) / units);
}
