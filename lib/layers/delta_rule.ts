/**
 * @file The delta rule over a sequence in chunks: S_t = (I - beta_t k_t k_t') S_{t-1} + beta_t k_t v_t', o_t = S_t' q_t (Yang et al.,
 * arXiv 2406.06484, section 3.2 and eq. 8-11).
 */
import { numpy as np } from "@jax-js/jax";
import type { JaxArray, JaxDType } from "../engine/arrays.ts";
import { constant } from "./constant.ts";

/** Of every token: query and key [B, H, C, K], value [B, H, C, V], beta [B, H, C]. */
export type DeltaRule = { query: JaxArray; key: JaxArray; value: JaxArray; beta: JaxArray };

const transposed = (x: JaxArray) => np.swapaxes(x, -1, -2);

/** Ones in the lower left quarter of every diagonal block of 2 s rows, [size, size]. */
function corners(size: number, s: number, dtype: JaxDType): JaxArray {
  const ones = new Float32Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < i; j++) {
      const sameBlock = Math.floor(i / (2 * s)) === Math.floor(j / (2 * s));
      if (sameBlock && Math.floor(i / s) !== Math.floor(j / s)) ones[i * size + j] = 1;
    }
  }
  return constant(ones, [size, size], dtype);
}

/**
 * (I + tril(a, -1))^-1 by diagonal blocks of 2, 4, 8 ...: [[P, 0], [C, R]]^-1 = [[P', 0], [-R' C P', R']]. Nothing but
 * elements of the inverse is ever formed, so that it is as exact as substitution.
 * @param a [..., n, n], consumed.
 */
export function unitLowerInverse(a: JaxArray): JaxArray {
  const size = a.shape.at(-1)!;
  const { dtype } = a;
  let inverse = np.broadcastTo(np.eye(size).astype(dtype), a.shape);
  for (let s = 1; s < size; s *= 2) {
    const corner = a.ref.mul(corners(size, s, dtype));
    // (The blocks of one row are ones.)
    const product = s === 1 ? corner : np.matmul(np.matmul(inverse.ref, corner), inverse.ref);
    inverse = inverse.sub(product);
  }
  a.dispose();
  return inverse;
}

/**
 * All tokens of a chunk: they write v' = T (beta v - beta k S) with (I + tril(beta k k', -1)) T = I, of the memory S before them.
 * @param memory S before the first token, [B, H, K, V]
 * @param erase whether tokens take back what the memory holds under their keys; without it v' = beta v.
 * @returns S after the last token, and o [B, H, C, V]
 */
export function deltaRule(
  { query, key, value, beta }: DeltaRule,
  memory: JaxArray,
  erase = true,
): [JaxArray, JaxArray] {
  const rate = beta.reshape([...beta.shape, 1]);
  let written = value.mul(rate.ref);
  if (erase) {
    const scaled = key.ref.mul(rate);
    const inverse = unitLowerInverse(np.matmul(scaled.ref, transposed(key.ref)));
    written = np.matmul(inverse, written.sub(np.matmul(scaled, memory.ref)));
  } else rate.dispose();
  const scores = np.tril(np.matmul(query.ref, transposed(key.ref)));
  const out = np.matmul(query, memory.ref).add(np.matmul(scores, written.ref));
  return [memory.add(np.matmul(transposed(key), written)), out];
}
