/**
 * @file Sums of products of two signals at all lags up to some: directly, or by the transform of blocks, which for hundreds of lags of
 * a long signal takes a tenth of the time.
 */
import { type Complex, type Fft, makeFft, overlapSize } from "./fft.ts";

/** From so many lags on, of so many values, the transform is quicker. */
const MANY_LAGS = 64, MANY_VALUES = 4096;

/**
 * Adds to `out[lag]` the sum of a[i] b[i + lag] over i < n, for lags below `out.length`.
 * @param a [>= n]
 * @param b [>= n + out.length - 1]
 */
export function addLagProducts(
  out: Float64Array,
  a: Float64Array,
  b: Float64Array,
  n: number,
): void {
  if (out.length < MANY_LAGS || n < MANY_VALUES) addDirectly(out, a, b, n);
  else addByTransform(out, a, b, n);
}

function addDirectly(out: Float64Array, a: Float64Array, b: Float64Array, n: number): void {
  // Four sums at a time: each addition of one sum waits for the last, those of four do not wait for each other.
  for (let lag = 0; lag < out.length; lag += 4) {
    let s = 0, t = 0, u = 0, v = 0;
    for (let i = 0; i < n; i++) {
      const value = a[i];
      s += value * b[i + lag];
      t += value * b[i + lag + 1];
      u += value * b[i + lag + 2];
      v += value * b[i + lag + 3];
    }
    const last = Math.min(4, out.length - lag);
    for (const [k, sum] of [s, t, u, v].entries()) if (k < last) out[lag + k] += sum;
  }
}

let known: Fft | undefined;

/** The blocks of `a` are so much shorter than those of `b` that no lag wraps around; their spectra are summed before one inverse. */
function addByTransform(out: Float64Array, a: Float64Array, b: Float64Array, n: number): void {
  const size = overlapSize(out.length);
  const fft = known = known?.size === size ? known : makeFft(size);
  const zeros = (): Complex => ({ re: new Float64Array(size), im: new Float64Array(size) });
  const x = zeros(), y = zeros(), sum = zeros();
  const step = size - out.length + 1;
  for (let from = 0; from < n; from += step) {
    const count = Math.min(step, n - from);
    load(x, a.subarray(from, from + count));
    load(y, b.subarray(from, from + count + out.length - 1));
    fft.forward(x.re, x.im);
    fft.forward(y.re, y.im);
    for (let k = 0; k < size; k++) {
      sum.re[k] += x.re[k] * y.re[k] + x.im[k] * y.im[k];
      sum.im[k] += x.re[k] * y.im[k] - x.im[k] * y.re[k];
    }
  }
  fft.inverse(sum.re, sum.im);
  for (let lag = 0; lag < out.length; lag++) out[lag] += sum.re[lag];
}

function load({ re, im }: Complex, values: Float64Array): void {
  re.fill(0, values.length);
  re.set(values);
  im.fill(0);
}
