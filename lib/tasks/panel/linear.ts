/**
 * @file One linear map of a window for all series of a panel: every series in standard deviations of its history, all windows of
 * all histories pooled and taken about their mean, and quantiles from errors on the last quarter of each history.
 */
import type { Forecaster as WindowForecaster } from "../forecasting/forecaster.ts";
import { linearForecaster, windowSpread } from "../forecasting/linear_map.ts";
import { centre, type Covariances, type Moments, windowMoments } from "../forecasting/moments.ts";
import { levelled, withLevel } from "../forecasting/level.ts";
import { solveLeastSquares, withIntercept } from "../forecasting/references/ols.ts";
import { type Standard, standardise } from "../forecasting/standardise.ts";
import type { PanelForecaster } from "./forecaster.ts";
import { history, type Panel, type PanelSeries, requireHistory } from "./series.ts";

/** Share of a history whose errors calibrate the quantiles. */
const CALIBRATION = 0.25;

/** Standardised by its history; the rows after it in the same units. */
function standardOf(panel: Panel, one: PanelSeries): Standard {
  return standardise(one.values, [0, history(panel, one).length]);
}

/** All windows inside the histories, of standardised values. */
export interface PooledWindows {
  /** As they are. */
  readonly raw: Covariances;
  /** About the mean of each window: a map of these follows every shift of a series. */
  readonly levelled: Covariances;
}

/**
 * Covariances of all windows inside the histories.
 * @param share of each history, from its beginning
 * @throws {RangeError} for a series without a window
 */
export function pooledWindows(panel: Panel, lookback: number, share = 1): PooledWindows {
  const { horizon, series } = panel;
  requireHistory(panel, (lookback + horizon) / share, `lookback ${lookback} + horizon ${horizon}`);
  // Series of one length share the pass over their windows.
  const byEnd = new Map<number, Float64Array[]>();
  for (const one of series) {
    const end = Math.floor(share * history(panel, one).length);
    const known = byEnd.get(end);
    const { standardised } = standardOf(panel, one);
    if (known) known.push(standardised);
    else byEnd.set(end, [standardised]);
  }
  let all: Moments | undefined;
  for (const [end, channels] of byEnd) {
    const found = windowMoments(channels, [0, end], lookback, horizon);
    if (all) add(all, found);
    else all = found;
  }
  const raw = centre(all!);
  return { raw, levelled: levelled(raw, lookback) };
}

/** Adds b to a, in place: of thousands of series each has as many sums as all have. */
function add(a: Moments, b: Moments): void {
  for (const part of ["G", "C", "sumX", "sumY"] as const) {
    const [to, from] = [a[part], b[part]];
    for (let i = 0; i < to.length; i++) to[i] += from[i];
  }
  a.count += b.count;
  a.energy += b.energy;
}

/** A map of raw standardised windows from weights of windows about their mean. */
function mapOf({ raw, levelled: { lookback, horizon } }: PooledWindows, weights: Float64Array) {
  return linearForecaster(
    withIntercept(raw, withLevel(weights, lookback, horizon, lookback)),
  );
}

/**
 * The forecaster of a linear map. A quantile is the point forecast plus that of the errors of its series and step, in standard
 * deviations of the window: quiet weeks have narrow intervals. The errors are those on the last quarter of each history of the least-squares map that is
 * fitted on the first three.
 * @param weights [lookback, horizon], of standardised windows about their mean
 */
export function linearPanelForecaster(
  panel: Panel,
  windows: PooledWindows,
  weights: Float64Array,
): PanelForecaster {
  const { lookback, horizon } = windows.raw;
  const { levels, series } = panel;
  const window = mapOf(windows, weights);
  const standards = new Map(series.map((one) => [one.name, standardOf(panel, one)]));
  const errors = new Map<string, Float64Array>();
  if (levels.length > 0) {
    const before = pooledWindows(panel, lookback, 1 - CALIBRATION);
    const fitted = mapOf(before, solveLeastSquares(before.levelled));
    for (const one of series) {
      const { standardised } = standards.get(one.name)!;
      const known = standardised.subarray(0, history(panel, one).length);
      errors.set(one.name, errorQuantiles(known, fitted, levels));
    }
  }
  return {
    async forecast({ name }, origin) {
      const { mean, deviation, standardised } = standards.get(name)!;
      const out = new Float64Array(horizon);
      await window.predict(standardised, origin, 1, out);
      const point = out.map((value) => mean + deviation * value);
      const found = errors.get(name);
      if (!found) return { point };
      const [spread] = windowSpread(standardised, origin, 1, lookback);
      const quantiles = found.map((error, i) =>
        point[Math.floor(i / levels.length)] + deviation * spread * error
      );
      return { point, quantiles };
    },
  };
}

/** Quantiles [horizon, levels] of errors over the spread of their windows, at every origin in the last quarter of a history. */
function errorQuantiles(
  known: Float64Array,
  { lookback, horizon, predict }: WindowForecaster,
  levels: readonly number[],
): Float64Array {
  const last = known.length - horizon;
  const first = Math.max(lookback, Math.floor((1 - CALIBRATION) * known.length));
  const count = last - first + 1;
  if (count < 1) {
    throw new RangeError(
      `${known.length} rows leave no errors to take quantiles of, with lookback ${lookback} and horizon ${horizon}.`,
    );
  }
  const forecasts = new Float64Array(horizon * count);
  predict(known, first, count, forecasts);
  const spread = windowSpread(known, first, count, lookback);
  const quantiles = new Float64Array(horizon * levels.length);
  const errors = new Float64Array(count);
  for (let h = 0; h < horizon; h++) {
    for (let i = 0; i < count; i++) {
      errors[i] = (known[first + i + h] - forecasts[h * count + i]) / spread[i];
    }
    errors.sort();
    levels.forEach((level, q) => quantiles[h * levels.length + q] = quantile(errors, level));
  }
  return quantiles;
}

/** Of sorted values, linear between the two that enclose it (Hyndman and Fan 1996, definition 7). */
export function quantile(sorted: Float64Array, level: number): number {
  const at = level * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
}
