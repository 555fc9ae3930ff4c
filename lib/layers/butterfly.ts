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
 * x -> B_{log2 d - 1} ... B_1 B_0 x, where B_s is 2 x 2 blocks over the pairs (i, i + 2^s).
 * @param factors [log2 d, 4, d / 2]: of every factor the entries (from first to first, second to first, first to second, second to
 *   second) of its pairs, in the order of their first members.
 * @param x [B, d]
 */
export function butterfly(factors: JaxArray, x: JaxArray): JaxArray {
  const [batch, width] = x.shape;
  const count = butterflyFactors(width);
  const layers = count === 0 ? [] : np.split(factors, count, 0);
  if (count === 0) factors.dispose();
  layers.forEach((factor, s) => {
    const stride = 2 ** s;
    const groups = width / (2 * stride);
    const entries = np.split(factor.reshape([4, groups, stride]), 4, 0);
    const [first, second] = np.split(x.reshape([batch, groups, 2, stride]), 2, 2)
      .map((half) => half.reshape([batch, groups, stride]));
    const upper = first.ref.mul(entries[0]).add(second.ref.mul(entries[1]));
    const lower = first.mul(entries[2]).add(second.mul(entries[3]));
    const pair = [upper, lower].map((half) => half.reshape([batch, groups, 1, stride]));
    x = np.concatenate(pair, 2).reshape([batch, width]);
  });
  return x;
}
