/**
 * @file Second moments of all training windows without forming one: what least squares needs.
 *
 * A window is lookback + horizon consecutive rows. Moving one row down both indices of
 * J[a][b] = sum_i x[i+a] x[i+b] drops one product and adds one,
 *   J[a+1][b+1] = J[a][b] + x[n+a] x[n+b] - x[a] x[b],
 * so only the first row of J costs a pass over the data: O(rows * width + width^2) a channel where
 * the product of the window matrix with itself costs O(rows * width^2).
 */
import { multiply } from "../../linalg/matrix.ts";
import { addLagProducts } from "../../linalg/lag_products.ts";
import type { Problem } from "./problem.ts";

/** Sums over windows x [lookback] and their targets y [horizon], row-major. */
export interface Moments {
  /** Rows of a window. */
  lookback: number;
  /** Rows of its target. */
  horizon: number;
  /** Windows times channels. */
  count: number;
  /** [lookback, lookback]: sum of x x'. */
  G: Float64Array;
  /** [lookback, horizon]: sum of x y'. */
  C: Float64Array;
  /** Sum of |y|^2. */
  energy: number;
  /** [lookback]: sum of x. */
  sumX: Float64Array;
  /** [horizon]: sum of y. */
  sumY: Float64Array;
}

/** Sums over every window of every channel inside rows [from, to). */
export function windowMoments(
  channels: Float64Array[],
  [from, to]: [number, number],
  lookback: number,
  horizon: number,
): Moments {
  const width = lookback + horizon;
  const n = to - from - width + 1;
  if (n < 1) throw new RangeError(`${to - from} rows hold no window of ${width} rows.`);
  const G = new Float64Array(lookback * lookback);
  const C = new Float64Array(lookback * horizon);
  const rows = channels.map((channel) => channel.subarray(from, to));
  let energy = 0;
  const firstRow = new Float64Array(width);
  for (const x of rows) addLagProducts(firstRow, x, x, n);
  const first = timeMajor(rows, 0, width), ending = timeMajor(rows, n, width - 1);
  for (let lag = 0; lag < width; lag++) {
    let value = firstRow[lag];
    // Down the diagonal; only lag 0 is followed into the targets, whose energy it is.
    const last = lag === 0 ? width : Math.min(lookback, width - lag);
    for (let a = 0; a < last; a++) {
      const b = a + lag;
      if (a >= lookback) energy += value;
      else if (b < lookback) G[a * lookback + b] = G[b * lookback + a] = value;
      else C[a * horizon + b - lookback] = value;
      if (a + 1 === last) break;
      for (let c = 0; c < rows.length; c++) {
        value += ending[a * rows.length + c] * ending[b * rows.length + c] -
          first[a * rows.length + c] * first[b * rows.length + c];
      }
    }
  }
  const sums = new Float64Array(width);
  for (const x of rows) {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += x[i];
    for (let a = 0; a < width; a++) {
      sums[a] += sum;
      if (a + 1 < width) sum += x[n + a] - x[a];
    }
  }
  return {
    lookback,
    horizon,
    count: n * channels.length,
    G,
    C,
    energy,
    sumX: sums.slice(0, lookback),
    sumY: sums.slice(lookback),
  };
}

const known = new WeakMap<Problem, Moments>();

/** Sums over all training windows of a problem, computed once: several models are fitted to them. */
export function trainingMoments(problem: Problem): Moments {
  let moments = known.get(problem);
  if (!moments) {
    const { channels, split, lookback, horizon } = problem;
    moments = windowMoments(channels, split.train, lookback, horizon);
    known.set(problem, moments);
  }
  return moments;
}

/** Rows [from, from + count) of all channels, [count, channels]: thousands of channels are read one after the other. */
function timeMajor(channels: Float64Array[], from: number, count: number): Float64Array {
  const out = new Float64Array(count * channels.length);
  channels.forEach((x, c) => {
    for (let t = 0; t < count; t++) out[t * channels.length + c] = x[from + t];
  });
  return out;
}

/**
 * Moments about the mean, divided by the number of windows: covariances. The intercept that goes
 * with weights W is then mean(y) - W' mean(x), exactly the best one.
 */
export interface Covariances {
  /** Rows of a window. */
  lookback: number;
  /** Rows of its target. */
  horizon: number;
  /** Windows times channels that they are means over. */
  count: number;
  /** [lookback, lookback]: mean of (x - meanX)(x - meanX)'. */
  G: Float64Array;
  /** [lookback, horizon]: mean of (x - meanX)(y - meanY)'. */
  C: Float64Array;
  /** Mean of |y - meanY|^2. */
  energy: number;
  /** [lookback]: mean of x. */
  meanX: Float64Array;
  /** [horizon]: mean of y. */
  meanY: Float64Array;
}

/** Covariances of windows and targets from their moments. */
export function centre(moments: Moments): Covariances {
  const { lookback, horizon, count } = moments;
  const meanX = moments.sumX.map((sum) => sum / count);
  const meanY = moments.sumY.map((sum) => sum / count);
  const G = moments.G.map((value, k) =>
    value / count - meanX[Math.floor(k / lookback)] * meanX[k % lookback]
  );
  const C = moments.C.map((value, k) =>
    value / count - meanX[Math.floor(k / horizon)] * meanY[k % horizon]
  );
  const energy = meanY.reduce((sum, mean) => sum - mean * mean, moments.energy / count);
  return { lookback, horizon, count, G, C, energy, meanX, meanY };
}

/**
 * Mean squared training error, over windows and horizon, of centred weights W [lookback, horizon]
 * with their best intercept: (energy - 2 tr(W'C) + tr(W'GW)) / horizon.
 */
export function trainingLoss(covariances: Covariances, W: Float64Array): number {
  const { lookback, horizon, G, C, energy } = covariances;
  const GW = multiply(G, W, lookback, lookback, horizon);
  let total = energy;
  for (let k = 0; k < W.length; k++) total += W[k] * (GW[k] - 2 * C[k]);
  return total / horizon;
}
