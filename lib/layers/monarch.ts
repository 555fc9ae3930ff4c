/** @file Monarch matrices (Dao et al., arXiv 2204.00595, eq. 2): two block-diagonal factors around a transposition. */
import { numpy as np } from "@jax-js/jax";
import type { JaxArray } from "../engine/arrays.ts";

/**
 * x -> R P L x with d = blocks * size, at O(d^1.5) operations instead of d^2.
 * @param l [blocks, size, size]
 * @param r [size, blocks, blocks]
 * @param x [B, blocks * size]
 */
export function monarch({ l, r }: { l: JaxArray; r: JaxArray }, x: JaxArray): JaxArray {
  const [batch, width] = x.shape;
  const [blocks, size] = l.shape;
  const first = np.einsum("bij,nbj->nbi", l, x.reshape([batch, blocks, size]));
  const second = np.einsum("bij,nbj->nbi", r, np.transpose(first, [0, 2, 1]));
  return np.transpose(second, [0, 2, 1]).reshape([batch, width]);
}
