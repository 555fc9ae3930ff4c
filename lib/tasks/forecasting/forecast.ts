/**
 * @file The forecast beyond the last row, with intervals, in the units of the file.
 *
 * Intervals are split-conformal (Vovk et al. 2005; Lei et al. 2018): for every column and step ahead,
 * the quantile of the absolute errors that a model fitted on the training rows makes on later ones. They assume
 * no distribution, but that coming errors are like past ones; for a series that drifts this fails, so the
 * coverage is measured as well: calibrated on validation, counted on test.
 */
import type { Series } from "../../data/series.ts";
import type { Forecaster } from "./forecaster.ts";
import { countWindows } from "./metrics.ts";
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
  /** Share of test values inside intervals of the same level calibrated on validation alone. */
  coverage: number;
}

/** Windows that calibrate an interval: neighbours overlap, so more add time and hardly information. */
const CALIBRATION_WINDOWS = 2000;

/**
 * Forecasts the `horizon` rows after the last one.
 * @param fitted on the training rows: its errors on validation and test calibrate the intervals.
 * @param refitted on all rows: makes the forecast.
 * @param level share of values an interval should cover, between 0 and 1.
 */
export async function forecastBeyond(
  series: Series,
  problem: Problem,
  fitted: Forecaster,
  refitted: Forecaster,
  level: number,
): Promise<Forecast> {
  const { horizon, channels, mean, deviation, split } = problem;
  const forecast: Forecast = {
    columns: problem.columns,
    point: [],
    low: [],
    high: [],
    coverage: 0,
  };
  let inside = 0, total = 0;
  for (const [c, channel] of channels.entries()) {
    const out = new Float64Array(horizon);
    await refitted.predict(channel, series.rows, 1, out);
    const validation = await absoluteErrors(channel, fitted, split.validation, horizon);
    const test = await absoluteErrors(channel, fitted, split.test, horizon);
    const point = new Float64Array(horizon);
    const low = new Float64Array(horizon), high = new Float64Array(horizon);
    for (let h = 0; h < horizon; h++) {
      const earlier = conformalQuantile(validation[h], level);
      inside += test[h].reduce((n, error) => n + (error <= earlier ? 1 : 0), 0);
      total += test[h].length;
      const half = conformalQuantile(concatenate(validation[h], test[h]), level);
      const inUnits = (value: number) => value * deviation[c] + mean[c];
      point[h] = inUnits(out[h]);
      low[h] = inUnits(out[h] - half);
      high[h] = inUnits(out[h] + half);
    }
    forecast.point.push(point);
    forecast.low.push(low);
    forecast.high.push(high);
  }
  forecast.coverage = inside / total;
  return forecast;
}

/** Absolute errors of each step ahead, over evenly spaced windows of a range. */
async function absoluteErrors(
  channel: Float64Array,
  forecaster: Forecaster,
  range: [number, number],
  horizon: number,
): Promise<Float64Array[]> {
  const windows = countWindows(range, horizon);
  const stride = Math.ceil(windows / CALIBRATION_WINDOWS);
  const out = new Float64Array(horizon * windows);
  await forecaster.predict(channel, range[0], windows, out);
  return Array.from({ length: horizon }, (_, h) => {
    const errors = new Float64Array(Math.ceil(windows / stride));
    for (let k = 0; k < errors.length; k++) {
      const i = k * stride;
      errors[k] = Math.abs(out[h * windows + i] - channel[range[0] + i + h]);
    }
    return errors;
  });
}

/**
 * The ceil((n + 1) level)-th smallest error: a new exchangeable one is below it with probability `level`
 * at least. With too few errors for the level, the largest.
 */
export function conformalQuantile(errors: Float64Array, level: number): number {
  const sorted = errors.slice().sort();
  const rank = Math.min(sorted.length, Math.ceil((sorted.length + 1) * level));
  return sorted[rank - 1];
}

function concatenate(a: Float64Array, b: Float64Array): Float64Array {
  const out = new Float64Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}
