/**
 * @file The forecast beyond the last row, with intervals, in the units of the file.
 *
 * Intervals are split-conformal (Vovk et al. 2005; Lei et al. 2018): for every column and step ahead,
 * the quantile of the absolute errors that a model fitted on the training rows makes on later ones. They assume
 * no distribution, but that coming errors are like past ones; for a series that drifts this fails, so the
 * coverage is measured as well: calibrated on validation, counted on test.
 */
import { DataError } from "../../data/data_error.ts";
import type { Series } from "../../data/series.ts";
import type { Forecaster } from "./forecaster.ts";
import { blockOf, countWindows } from "./metrics.ts";
import { kthSmallest } from "./order_statistic.ts";
import type { Problem } from "./problem.ts";

/** Forecasts with intervals, one list entry a column. */
export interface Forecast {
  /** Names of the columns that were forecast, in order. */
  columns: string[];
  /** One array of `horizon` values a column, in the units of the file. */
  point: Float64Array[];
  /** Lower ends of the intervals, like `point`. */
  low: Float64Array[];
  /** Upper ends of the intervals, like `point`. */
  high: Float64Array[];
  /** Share of test values inside intervals of the same level calibrated on validation alone; absent where its errors are too few. */
  coverage?: number;
}

/** Windows that calibrate an interval: neighbours overlap, so more add time and hardly information. */
const CALIBRATION_WINDOWS = 2000;

/** Errors of one column and step ahead that calibrate its interval, from all windows of validation and test. */
export function calibrationErrors({ split, horizon }: Problem): number {
  return countErrors(split.validation, horizon) + countErrors(split.test, horizon);
}

function countErrors(range: [number, number], horizon: number): number {
  const windows = countWindows(range, horizon);
  return Math.ceil(windows / strideOf(windows));
}

/** The largest level that intervals from n errors have: the largest of them is exceeded once in n + 1 times. */
export function attainableLevel(n: number): number {
  return n / (n + 1);
}

const strideOf = (windows: number) => Math.max(1, Math.ceil(windows / CALIBRATION_WINDOWS));

/**
 * Forecasts the `horizon` rows after the last one.
 * @param fitted on the training rows: its errors on validation and test calibrate the intervals.
 * @param refitted on all rows: makes the forecast.
 * @param level share of values an interval should cover, above 0, at most {@linkcode attainableLevel} of the
 *   {@linkcode calibrationErrors}.
 * @throws {RangeError} for a level that so few errors cannot give.
 * @throws {DataError} for a forecast beyond the largest number.
 */
export async function forecastBeyond(
  series: Series,
  problem: Problem,
  fitted: Forecaster,
  refitted: Forecaster,
  level: number,
): Promise<Forecast> {
  const { horizon, channels, mean, deviation, split } = problem;
  const errors = calibrationErrors(problem);
  if (rankOf(errors, level) > errors) {
    throw new RangeError(
      `intervals of ${level}: ${errors} errors a step can give ${attainableLevel(errors)} at most.`,
    );
  }
  const forecast: Forecast = { columns: problem.columns, point: [], low: [], high: [] };
  const before = countErrors(split.validation, horizon);
  // [horizon, errors]: of each step those on validation first, then those on test.
  const absolute = new Float64Array(horizon * errors);
  let inside = 0;
  for (const [c, channel] of channels.entries()) {
    const out = new Float64Array(horizon);
    await refitted.predict(channel, series.rows, 1, out);
    await absoluteErrors(channel, fitted, split.validation, absolute, errors);
    await absoluteErrors(channel, fitted, split.test, absolute.subarray(before), errors);
    const point = new Float64Array(horizon);
    const low = new Float64Array(horizon), high = new Float64Array(horizon);
    for (let h = 0; h < horizon; h++) {
      const step = absolute.subarray(h * errors, (h + 1) * errors);
      const earlier = conformalQuantile(step.subarray(0, before), level);
      for (let i = before; i < errors; i++) if (step[i] <= earlier) inside++;
      const half = conformalQuantile(step, level);
      const inUnits = (value: number) => value * deviation[c] + mean[c];
      point[h] = inUnits(out[h]);
      low[h] = inUnits(out[h] - half);
      high[h] = inUnits(out[h] + half);
      if (!Number.isFinite(low[h]) || !Number.isFinite(high[h])) {
        throw new DataError(
          { file: problem.file, column: problem.columns[c] },
          `the forecast ${h + 1} rows ahead leaves the range of numbers (1.8e308). ` +
            "Divide the column by a power of ten.",
        );
      }
    }
    forecast.point.push(point);
    forecast.low.push(low);
    forecast.high.push(high);
  }
  if (rankOf(before, level) <= before) {
    forecast.coverage = inside / ((errors - before) * horizon * channels.length);
  }
  return forecast;
}

/**
 * Absolute errors over evenly spaced windows of a range.
 * @param out those of step h start at h * stepLength
 */
async function absoluteErrors(
  channel: Float64Array,
  forecaster: Forecaster,
  range: [number, number],
  out: Float64Array,
  stepLength: number,
): Promise<void> {
  const { horizon } = forecaster;
  const windows = countWindows(range, horizon);
  const stride = strideOf(windows);
  // In blocks, as they are scored: memory does not grow with horizon times rows.
  const block = Math.max(1, Math.floor(blockOf(forecaster) / stride)) * stride;
  const forecasts = new Float64Array(horizon * Math.min(block, windows));
  for (let done = 0; done < windows; done += block) {
    const size = Math.min(block, windows - done);
    await forecaster.predict(
      channel,
      range[0] + done,
      size,
      forecasts.subarray(0, horizon * size),
    );
    for (let h = 0; h < horizon; h++) {
      for (let i = 0; i < size; i += stride) {
        const error = forecasts[h * size + i] - channel[range[0] + done + i + h];
        out[h * stepLength + (done + i) / stride] = Math.abs(error);
      }
    }
  }
}

/**
 * The ceil((n + 1) level)-th smallest error: a new exchangeable one is at most that with probability `level`
 * at least. Infinite with too few errors for the level.
 */
export function conformalQuantile(errors: Float64Array, level: number): number {
  const rank = rankOf(errors.length, level);
  return rank > errors.length ? Infinity : kthSmallest(errors.slice(), rank - 1);
}

/** The product of a level such as 0.55 is a whole number but for its rounding. */
function rankOf(errors: number, level: number): number {
  return Math.max(1, Math.ceil((errors + 1) * level - 1e-9));
}
