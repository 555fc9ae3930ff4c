/**
 * @file Seasonal adjustment as the benchmarks of the M4 competition do it: where the autocorrelation at the season is significant
 * (Assimakopoulos and Nikolopoulos 2000), the series is divided by the indices of classical multiplicative decomposition.
 */

/** One-sided 5 % of the normal distribution, to the digits that the competition used. */
const CRITICAL = 1.645;

/** Whether a series has a season: at least three of them, and an autocorrelation beyond what the lags before it explain. */
export function isSeasonal(y: Float64Array, season: number): boolean {
  if (season < 2 || y.length < 3 * season) return false;
  const n = y.length;
  const mean = y.reduce((sum, value) => sum + value, 0) / n;
  const covariance = (lag: number) => {
    let sum = 0;
    for (let t = lag; t < n; t++) sum += (y[t] - mean) * (y[t - lag] - mean);
    return sum;
  };
  const variance = covariance(0);
  let before = 1, own = 0;
  for (let lag = 1; lag <= season; lag++) {
    own = covariance(lag) / variance;
    if (lag < season) before += 2 * own * own;
  }
  return Math.abs(own) > CRITICAL * Math.sqrt(before / n);
}

/**
 * Indices [season] by which values are multiples of the level, that of the first row first: means over seasons of the values over
 * their centred moving average, scaled to a mean of 1.
 */
export function seasonalIndices(y: Float64Array, season: number): Float64Array {
  const n = y.length, half = Math.floor(season / 2);
  const sums = new Float64Array(season), counts = new Float64Array(season);
  for (let t = half; t < n - half; t++) {
    let trend = 0;
    for (let k = -half; k <= half; k++) {
      // Of an even season both ends count half.
      const weight = season % 2 === 0 && Math.abs(k) === half ? 0.5 : 1;
      trend += weight * y[t + k] / season;
    }
    sums[t % season] += y[t] / trend;
    counts[t % season]++;
  }
  const indices = sums.map((sum, k) => sum / counts[k]);
  const mean = indices.reduce((sum, value) => sum + value, 0) / season;
  return indices.map((index) => index / mean);
}

/** A series without its season, and the season of the rows after it. */
export interface Adjusted {
  /** Each divided by the index of its season, oldest first. */
  values: Float64Array;
  /** Index of the row `h` rows after the last. */
  indexAt(h: number): number;
}

/** The series as it is where it has no season. */
export function adjusted(y: Float64Array, season: number): Adjusted {
  if (!isSeasonal(y, season)) return { values: y, indexAt: () => 1 };
  const indices = seasonalIndices(y, season);
  return {
    values: y.map((value, t) => value / indices[t % season]),
    indexAt: (h) => indices[(y.length + h) % season],
  };
}
