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
}

/** Transforms of one size, a power of two. */
export function makeFft(size: number): Fft {
  if (size < 1 || (size & (size - 1)) !== 0) {
    throw new RangeError(`FFT size ${size}: no power of 2.`);
  }
  const cos = Float64Array.from({ length: size / 2 }, (_, k) => Math.cos(2 * Math.PI * k / size));
  const sin = Float64Array.from({ length: size / 2 }, (_, k) => Math.sin(2 * Math.PI * k / size));
  return {
    size,
    forward(re, im) {
      for (let half = size >> 1; half >= 1; half >>= 1) {
        const stride = size / (2 * half);
        for (let start = 0; start < size; start += 2 * half) {
          for (let k = 0; k < half; k++) {
            const a = start + k, b = a + half;
            const wr = cos[k * stride], wi = -sin[k * stride];
            const dr = re[a] - re[b], di = im[a] - im[b];
            re[a] += re[b];
            im[a] += im[b];
            re[b] = dr * wr - di * wi;
            im[b] = dr * wi + di * wr;
          }
        }
      }
    },
    inverse(re, im) {
      for (let half = 1; half < size; half <<= 1) {
        const stride = size / (2 * half);
        for (let start = 0; start < size; start += 2 * half) {
          for (let k = 0; k < half; k++) {
            const a = start + k, b = a + half;
            const wr = cos[k * stride], wi = sin[k * stride];
            const tr = re[b] * wr - im[b] * wi, ti = re[b] * wi + im[b] * wr;
            re[b] = re[a] - tr;
            im[b] = im[a] - ti;
            re[a] += tr;
            im[a] += ti;
          }
        }
      }
      for (let i = 0; i < size; i++) {
        re[i] /= size;
        im[i] /= size;
      }
    },
  };
}
