/**
 * @file Linear maps of a window, and their application to every stride-1 window of a channel.
 *
 * The windows overlap, so applying a map to all of them is a correlation of the channel with each
 * column of the map: overlap-save with an FFT does it in O(rows * horizon * log size) and not
 * O(rows * horizon * lookback). At lookback 336, horizon 720, 2,161 windows and 7 channels that is
 * 0.6 s where a blocked matrix product takes 5 s; both are float64 and agree to 1e-15.
 */
import { type Complex, type Fft, makeFft, overlapSize } from "../../linalg/fft.ts";
import type { Forecaster, LinearMap } from "./forecaster.ts";
export type { LinearMap } from "./forecaster.ts";

/** Keeps the standard deviation of a constant window away from zero, as in RevIN. */
export const SPREAD_EPSILON = 1e-5;

/** Below this lookback the direct sum is quicker than the transform. */
const DIRECT_LOOKBACK = 24;
/** About how many products of the direct sum take as long as one transform; a lower guess keeps more transforms. */
const PRODUCTS_A_TRANSFORM = 100_000;

/** Whether the direct sum over a few windows is quicker than transforming blocks of thousands. */
function isQuickDirectly({ lookback, horizon }: LinearMap, count: number): boolean {
  return lookback < DIRECT_LOOKBACK ||
    count * lookback * horizon < PRODUCTS_A_TRANSFORM * (1 + horizon / 2);
}

/** A forecaster that applies the map. */
export function linearForecaster(map: LinearMap): Forecaster {
  const { lookback, horizon, weights, intercept, spread } = map;
  if (weights.length !== lookback * horizon || intercept.length !== horizon) {
    throw new RangeError(
      `a map from ${lookback} to ${horizon} has ${weights.length} weights and ` +
        `${intercept.length} intercepts.`,
    );
  }
  let plan: Plan | undefined;
  return {
    lookback,
    horizon,
    block: validOf(overlapSize(lookback), lookback),
    predict(channel, first, count, out) {
      for (let h = 0; h < horizon; h++) out.fill(intercept[h], h * count, (h + 1) * count);
      if (isQuickDirectly(map, count)) correlateDirectly(map, channel, first, count, out);
      else correlate(plan ??= makePlan(map), channel, first, count, out);
      if (!spread) return;
      const s = windowSpread(channel, first, count, lookback);
      for (let h = 0; h < horizon; h++) {
        const row = out.subarray(h * count, (h + 1) * count);
        for (let i = 0; i < count; i++) row[i] += spread[h] * s[i];
      }
    },
  };
}

/**
 * sqrt(variance + SPREAD_EPSILON) of the `lookback` rows before each origin, shape [count].
 *
 * Windows of 1, 2, 4 ... rows are joined in pairs, and each window out of those that its length is the sum of (Chan, Golub &
 * LeVeque 1983, eq. 2.1): as exact as two passes over each window, at log2(lookback) operations a row.
 */
export function windowSpread(
  channel: Float64Array,
  first: number,
  count: number,
  lookback: number,
): Float64Array {
  const rows = count + lookback - 1;
  // Of the window that starts at each row: its mean, and the sum of squared distances from that.
  let mean = channel.slice(first - lookback, first - lookback + rows);
  let squares = new Float64Array(rows);
  const windowMean = new Float64Array(count), windowSquares = new Float64Array(count);
  for (let size = 1, joined = 0; size <= lookback; size *= 2) {
    if (lookback & size) {
      const share = size / (joined + size), weight = joined * share;
      for (let i = 0; i < count; i++) {
        const distance = mean[joined + i] - windowMean[i];
        windowMean[i] += share * distance;
        windowSquares[i] += squares[joined + i] + weight * distance * distance;
      }
      joined += size;
    }
    if (2 * size > lookback) break;
    const pairs = mean.length - size;
    const nextMean = new Float64Array(pairs), nextSquares = new Float64Array(pairs);
    for (let i = 0; i < pairs; i++) {
      const distance = mean[i + size] - mean[i];
      nextMean[i] = mean[i] + distance / 2;
      nextSquares[i] = squares[i] + squares[i + size] + distance * distance * size / 2;
    }
    [mean, squares] = [nextMean, nextSquares];
  }
  return windowSquares.map((sum) => Math.sqrt(sum / lookback + SPREAD_EPSILON));
}

/** Adds to `out` the sums over each window. */
function correlateDirectly(
  { lookback, horizon, weights }: LinearMap,
  channel: Float64Array,
  first: number,
  count: number,
  out: Float64Array,
): void {
  for (let h = 0; h < horizon; h++) {
    for (let l = 0; l < lookback; l++) {
      const w = weights[l * horizon + h];
      const offset = first - lookback + l;
      for (let i = 0; i < count; i++) out[h * count + i] += w * channel[offset + i];
    }
  }
}

interface Plan {
  fft: Fft;
  lookback: number;
  horizon: number;
  /** Spectra of two time-reversed columns at a time, as real and imaginary part of one signal, divided by the size. */
  spectra: Complex[];
}

/** Circular correlation is the linear one at so many lags, the first ones. */
const validOf = (size: number, lookback: number) => size - lookback + 1;

const zeros = (size: number): Complex => ({
  re: new Float64Array(size),
  im: new Float64Array(size),
});

function makePlan({ lookback, horizon, weights }: LinearMap): Plan {
  const size = overlapSize(lookback);
  const fft = makeFft(size);
  const spectra: Complex[] = [];
  for (let h = 0; h < horizon; h += 2) {
    const { re, im } = zeros(size);
    for (let l = 0; l < lookback; l++) {
      const reversed = l === 0 ? 0 : size - l;
      re[reversed] = weights[l * horizon + h] / size;
      if (h + 1 < horizon) im[reversed] = weights[l * horizon + h + 1] / size;
    }
    fft.forward(re, im);
    spectra.push({ re, im });
  }
  return { fft, lookback, horizon, spectra };
}

/** Adds to `out` the sums over each window. */
function correlate(
  { fft, lookback, horizon, spectra }: Plan,
  channel: Float64Array,
  first: number,
  count: number,
  out: Float64Array,
): void {
  const { size } = fft;
  const x = zeros(size), y = zeros(size);
  const valid = validOf(size, lookback);
  for (let done = 0; done < count; done += valid) {
    const block = Math.min(valid, count - done);
    const start = first + done - lookback;
    x.re.fill(0);
    x.im.fill(0);
    x.re.set(channel.subarray(start, start + block + lookback - 1));
    fft.forward(x.re, x.im);
    spectra.forEach((spectrum, pair) => {
      fft.inverseOfProduct(x, spectrum, y);
      addTo(out, 2 * pair * count + done, y.re, block);
      if (2 * pair + 1 < horizon) addTo(out, (2 * pair + 1) * count + done, y.im, block);
    });
  }
}

function addTo(out: Float64Array, at: number, values: Float64Array, count: number): void {
  for (let i = 0; i < count; i++) out[at + i] += values[i];
}
