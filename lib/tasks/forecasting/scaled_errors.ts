/**
 * @file Errors beside those of naive forecasts: MASE (Hyndman and Koehler 2006, section 3) and the skill score, which say the same of
 * series of any scale.
 */
import type { TestedForecaster } from "./evaluate.ts";
import type { Problem } from "./problem.ts";

/**
 * Mean absolute change over a season (or a row, where there is no season) in the training rows, of each column: what the naive
 * forecast errs by there. In standardised units.
 */
export function naiveErrors(
  { channels, split: { train: [from, to] }, season = 1 }: Problem,
): Float64Array {
  return Float64Array.from(channels, (channel) => {
    let sum = 0;
    for (let t = from + season; t < to; t++) sum += Math.abs(channel[t] - channel[t - season]);
    return sum / (to - from - season);
  });
}

/** MAE of each column over its naive error, averaged over columns; undefined where a naive forecast makes none. */
export function meanAbsoluteScaledError(
  { test }: Pick<TestedForecaster, "test">,
  naive: Float64Array,
): number | undefined {
  let sum = 0;
  for (const [c, error] of naive.entries()) {
    if (!(error > 0)) return undefined;
    sum += test.channels[c].mae / error;
  }
  return sum / naive.length;
}

/** The share of another forecaster's MSE that is gone: 1 - MSE / its MSE; undefined where it makes no error. */
export function skillScore(mse: number, baseline: number): number | undefined {
  return baseline > 0 ? 1 - mse / baseline : undefined;
}
