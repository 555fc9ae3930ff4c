/** @file Where an earthquake's first wave arrives in a seismogram: the pickers that seismologists try first, and a linear map before them. */
import { centre, windowMoments } from "../../tasks/forecasting/moments.ts";
import { solveLeastSquares, withIntercept } from "../../tasks/forecasting/references/ols.ts";

/** Samples at the beginning of a window that precede the arrival. */
export const quiet = 500;
/** Short and long window of the ratio, and how far the refinement looks around its pick; samples of 10 ms. */
const [short, long, around] = [50, 300, 200];
/** Order of the autoregression of the noise. */
const order = 16;

/**
 * The sample at which the mean energy of the next half second is the largest multiple of that of the last three seconds (STA/LTA,
 * Allen 1978).
 * @param energy sum of squares of the components, a sample each
 */
export function energyRatioPick(energy: Float64Array): number {
  const sums = cumulative(energy);
  let best = { at: long, ratio: -1 };
  for (let t = long; t + short <= energy.length; t++) {
    const before = (sums[t] - sums[t - long]) / long;
    const after = (sums[t + short] - sums[t]) / short;
    const ratio = before > 0 ? after / before : 0;
    if (ratio > best.ratio) best = { at: t, ratio };
  }
  return best.at;
}

/**
 * The sample that best divides a stretch around `near` into two of different variance (AIC picker, Maeda 1985):
 *
 *   AIC(k) = k log var(x_1..k) + (n - k - 1) log var(x_k+1..n)
 */
export function variancePick(signal: Float64Array, near: number): number {
  const from = Math.max(0, near - around), to = Math.min(signal.length, near + around);
  const stretch = signal.subarray(from, to);
  const n = stretch.length;
  const sums = cumulative(stretch), squares = cumulative(stretch.map((x) => x * x));
  const variance = (a: number, b: number) => {
    const mean = (sums[b] - sums[a]) / (b - a);
    return Math.max((squares[b] - squares[a]) / (b - a) - mean * mean, Number.MIN_VALUE);
  };
  let best = { at: near, value: Infinity };
  // A variance wants a few samples.
  for (let k = 10; k <= n - 10; k++) {
    const value = k * Math.log(variance(0, k)) + (n - k - 1) * Math.log(variance(k, n));
    if (value < best.value) best = { at: from + k, value };
  }
  return best.at;
}

/**
 * Errors of the linear prediction of each sample from those before it, fitted to the {@linkcode quiet} beginning: what is no noise
 * stands out whatever the noise's colour (Leonard and Kennett 1999). The first samples have error 0.
 */
export function predictionErrors(signal: Float64Array): Float64Array {
  const covariances = centre(windowMoments([signal], [0, quiet], order, 1));
  const { weights, intercept } = withIntercept(covariances, solveLeastSquares(covariances));
  return signal.map((x, t) => {
    if (t < order) return 0;
    let error = x - intercept[0];
    for (let a = 0; a < order; a++) error -= weights[a] * signal[t - order + a];
    return error;
  });
}

/** Sum of squares over components, sample by sample. */
export function energyOf(components: readonly Float64Array[]): Float64Array {
  return components[0].map((_, t) => components.reduce((sum, x) => sum + x[t] * x[t], 0));
}

function cumulative(values: Float64Array): Float64Array {
  const sums = new Float64Array(values.length + 1);
  for (let i = 0; i < values.length; i++) sums[i + 1] = sums[i] + values[i];
  return sums;
}
