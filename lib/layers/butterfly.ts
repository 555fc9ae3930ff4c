/**
 * @file Butterfly matrices (Dao et al., arXiv 1903.05895, section 3): log2(d) sparse factors, of which factor s mixes every number
 * with the one 2^s places away by a 2 x 2 block of its own: 2 d numbers a factor, 2 d log2 d in all, as the fast Fourier transform.
 *
 * (A layer whose factors have only d numbers, two vectors of d/2, is half of this: its blocks have two free entries out of four, and
 * it is a butterfly no more than it is a Monarch matrix.)
 */
import { numpy as np } from "@jax-js/jax";
import type { JaxArray } from "../engine/arrays.ts";

/** Factors of a butterfly matrix of so many dimensions. @throws {RangeError} for no power of two. */
export function butterflyFactors(width: number): number {
  const factors = Math.log2(width);
  if (Number.isInteger(factors)) return factors;
  throw new RangeError(`butterfly of width ${width}: expected a power of two.`);
}

/**
 * x -> B_{log2 d - 1} ... B_1 B_0 x, where B_s x = kept * x + crossed * (x with i and i + 2^s exchanged): row i of a pair's block has
 * kept[i] on the diagonal and crossed[i] beside it.
 * @param factors [log2 d, 2, d]: kept and crossed of every factor.
 * @param x [B, d]
 */
export function butterfly(factors: JaxArray, x: JaxArray): JaxArray {
  const [batch, width] = x.shape;
  const count = butterflyFactors(width);
  if (count === 0) {
    factors.dispose();
    return x;
  }
  np.split(factors, count, 0).forEach((factor, s) => {
    const stride = 2 ** s;
    const pairs = [width / (2 * stride), 2, stride];
    const [kept, crossed] = np.split(factor.reshape([2, ...pairs]), 2, 0);
    const numbers = x.reshape([batch, ...pairs]);
    const exchanged = np.flip(numbers.ref, 2);
    x = numbers.mul(kept).add(exchanged.mul(crossed)).reshape([batch, width]);
  });
  return x;
}
