/** @file Small random series and the brute-force forms that the fast code is held against. */
import type { Series } from "../../../lib/data/series.ts";
import type { Forecaster } from "../../../lib/tasks/forecasting/forecaster.ts";
import type { Problem } from "../../../lib/tasks/forecasting/problem.ts";
import { fold, keyOf, normals } from "../../../lib/random/random.ts";

/** Independent random walks with a season: nothing a linear map fits exactly. */
export function randomSeries(rows: number, columns: number, seed = 0): Series {
  const channels = Array.from({ length: columns }, (_, c) => {
    const noise = normals(fold(keyOf(seed), c), rows);
    let level = 0;
    return noise.map((e, t) => (level = 0.95 * level + e) + 3 * Math.sin(t / 3) + 10 * c);
  });
  const names = channels.map((_, c) => `c${c}`);
  return { file: "random.csv", columns: names, channels, rows, notes: [] };
}

/** Every window of rows [from, to), lookback + horizon rows each, over all channels. */
export function windows(channels: Float64Array[], [from, to]: [number, number], width: number) {
  const out: number[][] = [];
  for (const channel of channels) {
    for (let start = from; start + width <= to; start++) {
      out.push([...channel.subarray(start, start + width)]);
    }
  }
  return out;
}

/** MSE and MAE by loops over windows, steps and channels, one forecast at a time. */
export async function naiveScore(
  problem: Problem,
  forecaster: Forecaster,
  [from, to]: [number, number],
) {
  const { horizon, channels } = problem;
  let squares = 0, absolutes = 0, n = 0, origins = 0;
  for (let origin = from; origin + horizon <= to; origin++) {
    origins++;
    for (const channel of channels) {
      const one = new Float64Array(horizon);
      await forecaster.predict(channel, origin, 1, one);
      for (let h = 0; h < horizon; h++) {
        squares += (one[h] - channel[origin + h]) ** 2;
        absolutes += Math.abs(one[h] - channel[origin + h]);
        n++;
      }
    }
  }
  return { mse: squares / n, mae: absolutes / n, windows: origins };
}

/** Largest |a - b| relative to the largest |b|. */
export function relativeError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  let difference = 0, size = 0;
  for (let i = 0; i < a.length; i++) {
    if (!Number.isFinite(a[i])) return Infinity;
    difference = Math.max(difference, Math.abs(a[i] - b[i]));
    size = Math.max(size, Math.abs(b[i]));
  }
  return difference / size;
}
