/**
 * @file The discrete Fourier transform as matrix products, for sizes of which no matrix [n, n] could be held: mixed radices
 * (Cooley & Tukey 1965), n = r1 r2 ... with every r at most 32, so that one number costs 2 (r1 + r2 + ...) products and not n.
 *
 * The two directions undo each other's digit reversal, as those of lib/linalg/fft.ts do: what multiplies spectra and goes back
 * never reorders anything.
 */
import { numpy as np } from "@jax-js/jax";
import type { JaxArray, JaxDType } from "../engine/arrays.ts";
import { constant } from "./constant.ts";

/** Real and imaginary parts of the same shape; an imaginary part that is left out is 0. */
export interface Spectrum {
  /** Real part, [..., n]. */
  readonly re: JaxArray;
  /** Imaginary part, [..., n]. */
  readonly im?: JaxArray;
}

/** Radices are at most this large: a product with [32, 32] fills a core's vector units, one with [2, 2] does not. */
const largest = 32;

/** The least size of at least `least` that has no prime factor above 5. @throws {RangeError} for no whole number from 1 on. */
export function smoothSize(least: number): number {
  if (!Number.isInteger(least) || least < 1) {
    throw new RangeError(`Fourier transform of size ${least}: expected a whole number from 1 on.`);
  }
  let best = Infinity;
  for (let five = 1; five < 5 * least; five *= 5) {
    for (let three = five; three < 3 * least; three *= 3) {
      let size = three;
      while (size < least) size *= 2;
      best = Math.min(best, size);
    }
  }
  return best;
}

/** Radices of a size, the largest first; their product is the size. @throws {RangeError} for a prime factor above 5. */
export function radicesOf(size: number): number[] {
  const primes: number[] = [];
  let left = Number.isInteger(size) && size > 0 ? size : NaN;
  for (const prime of [5, 3, 2]) for (; left % prime === 0; left /= prime) primes.push(prime);
  if (left !== 1) {
    const next = smoothSize(Math.max(1, Math.ceil(size) || 1));
    throw new RangeError(
      `Fourier transform of size ${size}: expected a product of 2, 3 and 5; pad to ${next}.`,
    );
  }
  // Each prime to the smallest product that has room for it.
  const count = Math.max(1, Math.ceil(Math.log(size) / Math.log(largest) - 1e-9));
  const radices: number[] = Array(count).fill(1);
  for (const prime of primes) {
    const smallest = radices.indexOf(Math.min(...radices));
    if (radices[smallest] * prime > largest) radices.push(prime);
    else radices[smallest] *= prime;
  }
  return radices.sort((a, b) => b - a);
}

/** cos and sin of 2 pi j k / n for j < rows, k < columns. */
function angles(n: number, rows: number, columns: number, dtype: JaxDType): Required<Spectrum> {
  const [re, im] = [Math.cos, Math.sin].map((f) => {
    const data = new Float64Array(rows * columns);
    for (let j = 0; j < rows; j++) {
      // Reduced modulo n: large angles lose digits.
      for (let k = 0; k < columns; k++) data[j * columns + k] = f(2 * Math.PI * ((j * k) % n) / n);
    }
    return constant(data, [rows, columns], dtype);
  });
  return { re, im };
}

/** (a + i b) (c + i d) by a bilinear `times`, of which all are consumed. */
function product(
  times: (left: JaxArray, right: JaxArray) => JaxArray,
  { re: a, im: b }: Required<Spectrum>,
  { re: c, im: d }: Spectrum,
): Required<Spectrum> {
  if (!d) return { re: times(a, c.ref), im: times(b, c) };
  return {
    re: times(a.ref, c.ref).sub(times(b.ref, d.ref)),
    im: times(a, d).add(times(b, c)),
  };
}

const conjugate = ({ re, im }: Required<Spectrum>) => ({ re, im: im.neg() });
const pointwise = (a: JaxArray, b: JaxArray) => a.mul(b);
/** t [r, r] times every x [N, r, m]. (A product of two axes with three puts its axes in another order in jax-js.) */
const down = (t: JaxArray, x: JaxArray) => np.matmul(t.reshape([1, ...t.shape]), x);
const each = ({ re, im }: Spectrum, f: (x: JaxArray) => JaxArray): Spectrum =>
  im ? { re: f(re), im: f(im) } : { re: f(re) };

/**
 * X_k = sum_j x_j exp(-2 pi i j k / n) along the last axis, in the order that {@linkcode inverse} reads.
 * @param x [..., n]; consumed.
 */
export function forward(x: Spectrum, radices = radicesOf(x.re.shape.at(-1)!)): Required<Spectrum> {
  const { shape, dtype } = x.re;
  const n = shape.at(-1)!;
  const [r, ...rest] = radices;
  const m = n / r;
  const table = conjugate(angles(r, r, r, dtype));
  if (rest.length === 0) {
    // The table is symmetric.
    return product((t, x) => np.matmul(x, t), table, x);
  }
  const rows = each(x, (x) => x.reshape([-1, r, m]));
  const turned = product(pointwise, conjugate(angles(n, r, m, dtype)), product(down, table, rows));
  const inner = forward(each(turned, (x) => x.reshape([-1, m])), rest);
  return each(inner, (x) => x.reshape(shape)) as Required<Spectrum>;
}

/**
 * The real part of the signal that {@linkcode forward} gives this spectrum.
 * @param x [..., n]; consumed.
 */
export function inverse(x: Required<Spectrum>): JaxArray {
  const n = x.re.shape.at(-1)!;
  const { re, im } = unscaled(x, radicesOf(n), true);
  im?.dispose();
  return re.mul(1 / n);
}

function unscaled(x: Required<Spectrum>, radices: number[], real: boolean): Spectrum {
  const { shape, dtype } = x.re;
  const n = shape.at(-1)!;
  const [r, ...rest] = radices;
  const m = n / r;
  const table = angles(r, r, r, dtype);
  /** Of the outermost step only the real part is wanted: half of the products. */
  const last = (times: typeof pointwise, { re, im }: Required<Spectrum>): Spectrum => {
    if (!real) return product(times, table, { re, im });
    return { re: times(table.re, re).sub(times(table.im, im)) };
  };
  if (rest.length === 0) return last((t, x) => np.matmul(x, t), x);
  const inner = unscaled(
    each(x, (x) => x.reshape([-1, m])) as Required<Spectrum>,
    rest,
    false,
  );
  const rows = each(inner, (x) => x.reshape([-1, r, m]));
  const turned = product(pointwise, angles(n, r, m, dtype), rows);
  return each(last(down, turned), (x) => x.reshape(shape));
}
