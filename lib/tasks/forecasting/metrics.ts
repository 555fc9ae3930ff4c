/**
 * @file MSE and MAE over every stride-1 window of a range, as the long-horizon literature reports
 * them: on standardised values, averaged over windows, horizon and channels.
 */
import type { Forecaster } from "./forecaster.ts";
import type { Problem } from "./problem.ts";

/** Errors of standardised values over all windows of a range. */
export interface Scores {
  /** Mean squared error over windows, horizon and channels. */
  mse: number;
  /** Mean absolute error over the same. */
  mae: number;
  /** Forecast origins; each gives one window a channel. */
  windows: number;
  /** Of each channel, in the order of `problem.columns`. */
  channels: { mse: number; mae: number }[];
  /** Squared error of each window, averaged over horizon and channels, in the order of origins. */
  squaredErrors: Float64Array;
}

/** Origins scored at once where the forecaster has no wish: bounds memory at horizon * 4096 numbers. */
const BLOCK = 4096;

/** Origins to be forecast at once. */
export const blockOf = ({ block }: Forecaster): number => block ?? BLOCK;

/** Forecast origins of a range of rows: every window whose targets all lie in it. */
export function countWindows([from, to]: [number, number], horizon: number): number {
  return Math.max(0, to - from - horizon + 1);
}

/**
 * Scores a forecaster on a range of rows.
 * @throws RangeError when the rows before the range are fewer than the forecaster's lookback.
 */
export async function score(
  problem: Problem,
  forecaster: Forecaster,
  range: [number, number],
): Promise<Scores> {
  const { horizon } = problem;
  if (forecaster.horizon !== horizon) {
    throw new RangeError(`the model forecasts ${forecaster.horizon} rows, not ${horizon}.`);
  }
  if (range[0] < forecaster.lookback) {
    throw new RangeError(
      `the model looks back ${forecaster.lookback} rows, but only ${range[0]} precede the range.`,
    );
  }
  const windows = countWindows(range, horizon);
  const squaredErrors = new Float64Array(windows);
  const share = 1 / (horizon * problem.channels.length);
  const channels: Scores["channels"] = [];
  const block = blockOf(forecaster);
  const forecasts = new Float64Array(horizon * Math.min(block, windows));
  for (const channel of problem.channels) {
    let squares = 0, absolutes = 0;
    for (let done = 0; done < windows; done += block) {
      const count = Math.min(block, windows - done);
      const out = forecasts.subarray(0, horizon * count);
      await forecaster.predict(channel, range[0] + done, count, out);
      for (let h = 0; h < horizon; h++) {
        const forecast = out.subarray(h * count, (h + 1) * count);
        const from = range[0] + done + h, target = channel.subarray(from, from + count);
        // Sums by horizon step keep the rounding error of long runs small.
        let square = 0, absolute = 0;
        for (let i = 0; i < count; i++) {
          const error = forecast[i] - target[i];
          square += error * error;
          squaredErrors[done + i] += error * error * share;
          absolute += Math.abs(error);
        }
        squares += square;
        absolutes += absolute;
      }
    }
    channels.push({ mse: squares / (windows * horizon), mae: absolutes / (windows * horizon) });
  }
  const average = (key: "mse" | "mae") =>
    channels.reduce((sum, channel) => sum + channel[key], 0) / channels.length;
  return { mse: average("mse"), mae: average("mae"), windows, channels, squaredErrors };
}

/**
 * Means over consecutive blocks of origins, the method of batch means: windows of neighbouring origins share
 * most of their targets, so single windows are no independent observations. An incomplete last block is
 * left out.
 */
export function blockMeans(squaredErrors: Float64Array, length: number): number[] {
  const blocks = Math.floor(squaredErrors.length / length);
  return Array.from({ length: blocks }, (_, k) => {
    let sum = 0;
    for (let i = k * length; i < (k + 1) * length; i++) sum += squaredErrors[i];
    return sum / length;
  });
}
