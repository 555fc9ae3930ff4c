/**
 * @file Errors that calibrate intervals, and their conformal quantiles (Vovk et al. 2005; Lei et al. 2018): for every column and step
 * ahead, of a model fitted on the training rows, on windows of later ones.
 */
import type { Forecaster } from "./forecaster.ts";
import { blockOf, countWindows } from "./metrics.ts";
import { kthSmallest } from "./order_statistic.ts";
import type { Problem } from "./problem.ts";

/** Windows that calibrate an interval: neighbours overlap, so more add time and hardly information. */
const CALIBRATION_WINDOWS = 2000;

/** Errors of one column and step ahead that calibrate its interval, from all windows of validation and test. */
export function calibrationErrors({ split, horizon }: Problem): number {
  return countErrors(split.validation, horizon) + countErrors(split.test, horizon);
}

/** Errors of one column and step ahead from a range. */
export function countErrors(range: [number, number], horizon: number): number {
  const windows = countWindows(range, horizon);
  return Math.ceil(windows / strideOf(windows));
}

/** The largest level that intervals from n errors have: the largest of them is exceeded once in n + 1 times. */
export function attainableLevel(n: number): number {
  return n / (n + 1);
}

/** Rows from one window that calibrates to the next. */
export const strideOf = (windows: number): number =>
  Math.max(1, Math.ceil(windows / CALIBRATION_WINDOWS));

/**
 * Absolute errors over evenly spaced windows of a range.
 * @param out those of step h start at h * stepLength
 */
export async function absoluteErrors(
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
export function rankOf(errors: number, level: number): number {
  return Math.max(1, Math.ceil((errors + 1) * level - 1e-9));
}
