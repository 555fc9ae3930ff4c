/** @file A forecast taken apart: what each input value adds to it. Exact, because the forecaster is one linear map of the window. */
import type { Fit, LinearMap } from "./forecaster.ts";
import { SPREAD_EPSILON } from "./linear_map.ts";

/** Parts of the forecast of one column, in the units of the file; for each step they sum to the forecast. */
export interface Contributions {
  /** [horizon]: the forecast where every input is at the mean of the training rows and the deviation of the window counts for nothing. */
  baseline: Float64Array;
  /** [lookback, horizon]: what each input adds, oldest first, by its distance from that mean. */
  inputs: Float64Array;
  /** [horizon]: what the deviation of the window adds, which all inputs make together; absent where the map has no such part. */
  deviation?: Float64Array;
}

/**
 * The forecast from one window, in parts.
 * @param window standardised, [lookback]
 * @param mean and `deviation` of the column, in the units of the file
 */
export function contributionsOf(
  { lookback, horizon, weights, intercept, spread }: LinearMap,
  window: Float64Array,
  { mean, deviation }: { mean: number; deviation: number },
): Contributions {
  const inputs = weights.map((weight, k) => deviation * weight * window[Math.floor(k / horizon)]);
  const baseline = intercept.map((value) => mean + deviation * value);
  if (!spread) return { baseline, inputs };
  const average = window.reduce((sum, value) => sum + value, 0) / lookback;
  const variance = window.reduce((sum, value) => sum + (value - average) ** 2, 0) / lookback;
  const s = Math.sqrt(variance + SPREAD_EPSILON);
  return { baseline, inputs, deviation: spread.map((weight) => deviation * weight * s) };
}

/** The sum of all parts, [horizon]. */
export function sumOf({ baseline, inputs, deviation }: Contributions): Float64Array {
  const horizon = baseline.length;
  const total = baseline.slice();
  inputs.forEach((value, k) => total[k % horizon] += value);
  deviation?.forEach((value, h) => total[h] += value);
  return total;
}

/**
 * The linear map of a fit. Where it has none at hand the forecaster repeats values of its window, and its weights are its answers to
 * windows of one 1 among zeros.
 */
export async function mapOf({ map, forecaster }: Fit): Promise<LinearMap> {
  if (map) return map;
  const { lookback, horizon } = forecaster;
  const weights = new Float64Array(lookback * horizon);
  const window = new Float64Array(lookback);
  for (let l = 0; l < lookback; l++) {
    window[l] = 1;
    await forecaster.predict(window, lookback, 1, weights.subarray(l * horizon, (l + 1) * horizon));
    window[l] = 0;
  }
  return { lookback, horizon, weights, intercept: new Float64Array(horizon) };
}
