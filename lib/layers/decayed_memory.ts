/**
 * @file A memory that fades by a factor of its own at every token, over a chunk of tokens: S_t = a_t S_{t-1} + v_t k_t',
 * o_t = S_t q_t (Dao & Gu, arXiv 2405.21060, section 6 and listing 1).
 */
import { numpy as np } from "@jax-js/jax";
import type { JaxArray, JaxDType } from "../engine/arrays.ts";
import { constant } from "./constant.ts";

/**
 * Of every token of a chunk: query and key [B, C, N], which all heads share, value [B, H, C, P], and the logarithm of a,
 * [B, H, C], not above 0.
 */
export type DecayedMemory = {
  query: JaxArray;
  key: JaxArray;
  value: JaxArray;
  logDecay: JaxArray;
};

const transposed = (x: JaxArray) => np.swapaxes(x, -1, -2);

/**
 * a_{j+1} ... a_i for i >= j, else 0. Logarithms are added up from j on: differences of sums from the first token on would lose
 * the small ones next to a large one.
 * @param logs [..., C]
 * @returns [..., C (i), C (j)]
 */
export function decays(logs: JaxArray): JaxArray {
  const size = logs.shape.at(-1)!;
  const sums = np.matmul(logs, spans(size, logs.dtype)).reshape([...logs.shape, size]);
  return np.tril(np.exp(sums));
}

/** Ones at [k, (i, j)] where j < k <= i, [C, C^2]: all sums from behind j to i are one matrix product, whatever the axes before. */
function spans(size: number, dtype: JaxDType): JaxArray {
  const ones = new Float32Array(size ** 3);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < i; j++) {
      for (let k = j + 1; k <= i; k++) ones[(k * size + i) * size + j] = 1;
    }
  }
  return constant(ones, [size, size * size], dtype);
}

/**
 * All tokens of a chunk at once.
 * @param memory S before the first token, [B, H, P, N]
 * @returns S after the last token, and o [B, H, C, P]
 */
export function decayedMemory(
  { query, key, value, logDecay }: DecayedMemory,
  memory: JaxArray,
): [JaxArray, JaxArray] {
  const [batch, heads, size] = value.shape;
  const states = key.shape[2];
  const { dtype } = value;
  const kept = np.exp(np.matmul(logDecay.ref, np.triu(np.ones([size, size])).astype(dtype)));
  const within = decays(logDecay);
  const [q, k] = [query, key].map((x) => x.reshape([batch, 1, size, states]));
  const scores = np.matmul(q.ref, transposed(k.ref)).mul(within.ref);
  const earlier = np.matmul(q, transposed(memory.ref)).mul(
    kept.ref.reshape([batch, heads, size, 1]),
  );
  const out = np.matmul(scores, value.ref).add(earlier);
  const untilEnd = within.slice([], [], [size - 1]).reshape([batch, heads, size, 1]);
  const added = np.matmul(transposed(value.mul(untilEnd)), k);
  const all = kept.slice([], [], [size - 1]).reshape([batch, heads, 1, 1]);
  return [memory.mul(all).add(added), out];
}
