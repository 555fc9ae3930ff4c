/**
 * @file The forecast beyond the last row, with intervals, in the units of the file.
 *
 * Intervals are split-conformal: for every column and step ahead, the quantile of the absolute errors that a model fitted on
 * the training rows makes on later ones. They assume no distribution, but that coming errors are like past ones; for a series
 * that drifts this fails, so the coverage is measured as well: calibrated on validation, counted on test.
 */
import { DataError } from "../../data/data_error.ts";
import type { Series } from "../../data/series.ts";
import {
  absoluteErrors,
  attainableLevel,
  calibrationErrors,
  conformalQuantile,
  countErrors,
  rankOf,
} from "./calibration.ts";
import type { Forecaster } from "./forecaster.ts";
import type { Problem } from "./problem.ts";

/** Intervals of one level, one list entry a column, one number a step. */
export interface Intervals {
  /** Share of values that they should cover. */
  level: number;
  /** Lower ends. */
  low: Float64Array[];
  /** Upper ends. */
  high: Float64Array[];
  /** Share of test values inside intervals of the same level calibrated on validation alone; absent where its errors are too few. */
  coverage?: number;
}

/** Forecasts with intervals, one list entry a column. */
export interface Forecast {
  /** Names of the columns that were forecast, in order. */
  columns: string[];
  /** One array of `horizon` values a column, in the units of the file. */
  point: Float64Array[];
  /** In the order of the levels that were asked for. */
  intervals: Intervals[];
}

/**
 * Forecasts the `horizon` rows after the last one.
 * @param fitted on the training rows: its errors on validation and test calibrate the intervals.
 * @param refitted on all rows: makes the forecast.
 * @param levels shares of values that intervals should cover, each above 0, at most {@linkcode attainableLevel} of the
 *   {@linkcode calibrationErrors}; none, and no errors are made.
 * @throws {RangeError} for a level that so few errors cannot give.
 * @throws {DataError} for a forecast beyond the largest number.
 */
export async function forecastBeyond(
  series: Series,
  problem: Problem,
  fitted: Forecaster,
  refitted: Forecaster,
  levels: readonly number[],
): Promise<Forecast> {
  const { horizon, channels, mean, deviation, split } = problem;
  const errors = calibrationErrors(problem);
  for (const level of levels) {
    if (rankOf(errors, level) <= errors) continue;
    throw new RangeError(
      `intervals of ${level}: ${errors} errors a step can give ${attainableLevel(errors)} at most.`,
    );
  }
  const point: Float64Array[] = [];
  const intervals = levels.map((level): Intervals => ({ level, low: [], high: [] }));
  const inside = levels.map(() => 0);
  const before = countErrors(split.validation, horizon);
  // [horizon, errors]: of each step those on validation first, then those on test.
  const absolute = new Float64Array(horizon * errors);
  for (const [c, channel] of channels.entries()) {
    const out = new Float64Array(horizon);
    await refitted.predict(channel, series.rows, 1, out);
    const inUnits = (value: number, h: number) => {
      const made = value * deviation[c] + mean[c];
      if (Number.isFinite(made)) return made;
      throw new DataError(
        { file: problem.file, column: problem.columns[c] },
        `the forecast ${h + 1} rows ahead leaves the range of numbers (1.8e308). ` +
          "Divide the column by a power of ten.",
      );
    };
    point.push(out.map(inUnits));
    if (levels.length === 0) continue;
    await absoluteErrors(channel, fitted, split.validation, absolute, errors);
    await absoluteErrors(channel, fitted, split.test, absolute.subarray(before), errors);
    for (const [k, { level, low, high }] of intervals.entries()) {
      const half = new Float64Array(horizon);
      for (let h = 0; h < horizon; h++) {
        const step = absolute.subarray(h * errors, (h + 1) * errors);
        const earlier = conformalQuantile(step.subarray(0, before), level);
        for (let i = before; i < errors; i++) if (step[i] <= earlier) inside[k]++;
        half[h] = conformalQuantile(step, level);
      }
      low.push(out.map((value, h) => inUnits(value - half[h], h)));
      high.push(out.map((value, h) => inUnits(value + half[h], h)));
    }
  }
  for (const [k, interval] of intervals.entries()) {
    if (rankOf(before, interval.level) > before) continue;
    interval.coverage = inside[k] / ((errors - before) * horizon * channels.length);
  }
  return { columns: problem.columns, point, intervals };
}
