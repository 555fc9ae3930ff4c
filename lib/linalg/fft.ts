/**
 * @file Complex FFT in float64 whose two directions cancel each other's bit reversal: the forward
 * transform leaves its output in bit-reversed order and the inverse one starts from it, so a
 * convolution (transform, multiply, transform back) never permutes anything.
 */

/** Transforms of complex signals of one size, given as real and imaginary parts of `size` numbers each. */
export interface Fft {
  /** A power of two. */
  size: number;
  /** In place; natural order in, bit-reversed order out (decimation in frequency). */
  forward(re: Float64Array, im: Float64Array): void;
  /** In place; bit-reversed order in, natural order out, scaled by 1/size (decimation in time). */
  inverse(re: Float64Array, im: Float64Array): void;
  /**
   * Writes to `out` the inverse of the product of two transforms, times `size`: multiplied on the way into the first halvings, it
   * takes one pass over the numbers less than a product and `inverse`; the factor belongs to a transform that many calls share.
   */
  inverseOfProduct(a: Complex, b: Complex, out: Complex): void;
}

/** Real and imaginary parts of a signal or of its transform. */
export interface Complex {
  /** [size] */
  re: Float64Array;
  /** [size] */
  im: Float64Array;
}

/** Two halvings in one pass over blocks of 4 `quarter` numbers: half the traffic of one at a time. */
interface Pass {
  quarter: number;
  /** Of k below `quarter` the parts of w, w^2 and w^3, where w = exp(-2 pi i k / (4 quarter)), one after the other. */
  twiddles: Float64Array;
}

function makePass(quarter: number): Pass {
  const twiddles = new Float64Array(6 * quarter);
  for (let k = 0; k < quarter; k++) {
    for (let power = 1; power <= 3; power++) {
      const angle = 2 * Math.PI * k * power / (4 * quarter);
      twiddles[6 * k + 2 * power - 2] = Math.cos(angle);
      twiddles[6 * k + 2 * power - 1] = -Math.sin(angle);
    }
  }
  return { quarter, twiddles };
}

/** A size at which blocks of a long signal are well transformed, where each loses as many numbers as there are lags but one. */
export function overlapSize(lags: number): number {
  let size = 4096;
  while (size < 4 * lags) size *= 2;
  return size;
}

/** Transforms of one size, a power of two. */
export function makeFft(size: number): Fft {
  if (size < 1 || (size & (size - 1)) !== 0) {
    throw new RangeError(`FFT size ${size}: no power of 2.`);
  }
  const passes: Pass[] = [];
  let block = size;
  for (; block >= 4; block /= 4) passes.push(makePass(block / 4));
  // An odd number of halvings leaves pairs.
  const pairs = block === 2;
  return {
    size,
    forward(re, im) {
      for (const pass of passes) forwardPass(pass, size, re, im);
      if (pairs) sumsAndDifferences(size, re, im);
    },
    inverse(re, im) {
      if (pairs) sumsAndDifferences(size, re, im);
      for (let p = passes.length - 1; p >= 0; p--) inversePass(passes[p], size, re, im);
      const scale = 1 / size;
      for (let i = 0; i < size; i++) {
        re[i] *= scale;
        im[i] *= scale;
      }
    },
    inverseOfProduct(a, b, { re, im }) {
      const joins = !pairs && passes.length > 0;
      if (joins) fourProducts(size, a, b, re, im);
      else {
        for (let k = 0; k < size; k++) {
          const p = a.re[k], q = a.im[k], r = b.re[k], s = b.im[k];
          re[k] = p * r - q * s;
          im[k] = p * s + q * r;
        }
        if (pairs) sumsAndDifferences(size, re, im);
      }
      const last = passes.length - (joins ? 2 : 1);
      for (let p = last; p >= 0; p--) inversePass(passes[p], size, re, im);
    },
  };
}

function sumsAndDifferences(size: number, re: Float64Array, im: Float64Array): void {
  for (let a = 0; a < size; a += 2) {
    const r = re[a + 1], i = im[a + 1];
    re[a + 1] = re[a] - r;
    im[a + 1] = im[a] - i;
    re[a] += r;
    im[a] += i;
  }
}

function forwardPass(
  { quarter, twiddles }: Pass,
  size: number,
  re: Float64Array,
  im: Float64Array,
) {
  for (let start = 0; start < size; start += 4 * quarter) {
    for (let k = 0, w = 0; k < quarter; k++, w += 6) {
      const a = start + k, b = a + quarter, c = b + quarter, d = c + quarter;
      const sacR = re[a] + re[c], sacI = im[a] + im[c], dacR = re[a] - re[c], dacI = im[a] - im[c];
      const sbdR = re[b] + re[d], sbdI = im[b] + im[d], dbdR = re[b] - re[d], dbdI = im[b] - im[d];
      re[a] = sacR + sbdR;
      im[a] = sacI + sbdI;
      const bR = sacR - sbdR, bI = sacI - sbdI;
      re[b] = bR * twiddles[w + 2] - bI * twiddles[w + 3];
      im[b] = bR * twiddles[w + 3] + bI * twiddles[w + 2];
      const cR = dacR + dbdI, cI = dacI - dbdR;
      re[c] = cR * twiddles[w] - cI * twiddles[w + 1];
      im[c] = cR * twiddles[w + 1] + cI * twiddles[w];
      const dR = dacR - dbdI, dI = dacI + dbdR;
      re[d] = dR * twiddles[w + 4] - dI * twiddles[w + 5];
      im[d] = dR * twiddles[w + 5] + dI * twiddles[w + 4];
    }
  }
}

/** Products of two transforms after the inverse pass over blocks of four, whose twiddles are all 1. */
function fourProducts(size: number, x: Complex, y: Complex, re: Float64Array, im: Float64Array) {
  const { re: xr, im: xi } = x, { re: yr, im: yi } = y;
  for (let a = 0; a < size; a += 4) {
    const b = a + 1, c = a + 2, d = a + 3;
    const aR = xr[a] * yr[a] - xi[a] * yi[a], aI = xr[a] * yi[a] + xi[a] * yr[a];
    const bR = xr[b] * yr[b] - xi[b] * yi[b], bI = xr[b] * yi[b] + xi[b] * yr[b];
    const cR = xr[c] * yr[c] - xi[c] * yi[c], cI = xr[c] * yi[c] + xi[c] * yr[c];
    const dR = xr[d] * yr[d] - xi[d] * yi[d], dI = xr[d] * yi[d] + xi[d] * yr[d];
    const sabR = aR + bR, sabI = aI + bI, dabR = aR - bR, dabI = aI - bI;
    const scdR = cR + dR, scdI = cI + dI, dcdR = cR - dR, dcdI = cI - dI;
    re[a] = sabR + scdR;
    im[a] = sabI + scdI;
    re[b] = dabR - dcdI;
    im[b] = dabI + dcdR;
    re[c] = sabR - scdR;
    im[c] = sabI - scdI;
    re[d] = dabR + dcdI;
    im[d] = dabI - dcdR;
  }
}

/** Undoes `forwardPass` up to a factor of 4. */
function inversePass(
  { quarter, twiddles }: Pass,
  size: number,
  re: Float64Array,
  im: Float64Array,
) {
  for (let start = 0; start < size; start += 4 * quarter) {
    for (let k = 0, w = 0; k < quarter; k++, w += 6) {
      const a = start + k, b = a + quarter, c = b + quarter, d = c + quarter;
      const bR = re[b] * twiddles[w + 2] + im[b] * twiddles[w + 3];
      const bI = im[b] * twiddles[w + 2] - re[b] * twiddles[w + 3];
      const cR = re[c] * twiddles[w] + im[c] * twiddles[w + 1];
      const cI = im[c] * twiddles[w] - re[c] * twiddles[w + 1];
      const dR = re[d] * twiddles[w + 4] + im[d] * twiddles[w + 5];
      const dI = im[d] * twiddles[w + 4] - re[d] * twiddles[w + 5];
      const sabR = re[a] + bR, sabI = im[a] + bI, dabR = re[a] - bR, dabI = im[a] - bI;
      const scdR = cR + dR, scdI = cI + dI, dcdR = cR - dR, dcdI = cI - dI;
      re[a] = sabR + scdR;
      im[a] = sabI + scdI;
      re[c] = sabR - scdR;
      im[c] = sabI - scdI;
      re[b] = dabR - dcdI;
      im[b] = dabI + dcdR;
      re[d] = dabR + dcdI;
      im[d] = dabI - dcdR;
    }
  }
}
