/** @file The token before each token: what RWKV mixes with it (Peng et al., arXiv 2305.13048, section 3.1). */
import { numpy as np } from "@jax-js/jax";
import type { JaxArray } from "../engine/arrays.ts";

/**
 * What the token before has more than a token.
 * @param last the token before the first, [B, d]
 * @param x [B, T, d]
 * @returns the last of these, [B, d], and the differences [B, T, d]
 */
export function shifted(last: JaxArray, x: JaxArray): [JaxArray, JaxArray] {
  const [batch, length, width] = x.shape;
  const all = np.concatenate([last.reshape([batch, 1, width]), x.ref], 1);
  const [before, newest] = np.split(all, [length], 1);
  return [newest.reshape([batch, width]), before.sub(x)];
}
