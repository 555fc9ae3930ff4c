/** @file A memory of values by keys in which every number of a key forgets at a rate of its own, over whole sequences. */
import { numpy as np } from "@jax-js/jax";
import type { JaxArray } from "../engine/arrays.ts";
import { scan } from "../engine/scan.ts";
import { constant } from "./constant.ts";

/** Tokens of a chunk. */
const chunkLength = 8;

/** The least logarithm of a gate: with it, half a chunk decays by exp(-80), whose inverse is a float32, too. */
export const leastLogGate: number = -20;

/** Of every token: query, key and logarithm of the gates [B, T, H, K], value [B, T, H, V]. */
export type GatedTokens = {
  query: JaxArray;
  key: JaxArray;
  value: JaxArray;
  /** From {@linkcode leastLogGate} to 0. */
  logGate: JaxArray;
};

/**
 * S_t = diag(alpha_t) S_{t-1} + k_t v_t' and o_t = S_t' q_t, in chunks (Yang et al., arXiv 2312.06635, section 4). With everything
 * decayed to, or grown back to, the middle of a chunk it is attention without gates there: q_i exp(c_i - c_m) meets
 * k_j exp(c_m - c_j), where c are sums of logarithms.
 * @param memory S [B, H, K, V] before the first token.
 * @returns S after the last token, and o [B, T, H, V]
 */
export function gatedMemory(tokens: GatedTokens, memory: JaxArray): [JaxArray, JaxArray] {
  const [batch, length, heads] = tokens.query.shape;
  const chunks = Math.ceil(length / chunkLength);
  const padded = chunks * chunkLength;
  // Zeros leave the memory as it is: nothing is written, and the gate is open.
  const cut = (x: JaxArray) => {
    const whole = np.pad(x, [[0, 0], [0, padded - length], [0, 0], [0, 0]]);
    return np.transpose(
      whole.reshape([batch, chunks, chunkLength, heads, x.shape[3]]),
      [1, 0, 3, 2, 4],
    );
  };
  const [last, mixed] = scan(
    (_: unknown, memory: JaxArray, chunk: GatedTokens) => chunkOf(memory, chunk),
    [],
    memory,
    {
      query: cut(tokens.query),
      key: cut(tokens.key),
      value: cut(tokens.value),
      logGate: cut(tokens.logGate),
    },
  );
  const rows = np.transpose(mixed, [1, 0, 3, 2, 4]);
  return [last, rows.reshape([batch, padded, heads, rows.shape[4]]).slice([], [0, length])];
}

/** One token, leaves [B, H, K or V]: the recurrence by itself. @returns the next memory, and o [B, H, V] */
export function gatedToken(
  memory: JaxArray,
  { query, key, value, logGate }: GatedTokens,
): [JaxArray, JaxArray] {
  const [lead, keys, values] = [key.shape.slice(0, -1), key.shape.at(-1)!, value.shape.at(-1)!];
  const column = (x: JaxArray) => x.reshape([...lead, keys, 1]);
  const written = column(key).mul(value.reshape([...lead, 1, values]));
  const next = memory.mul(column(np.exp(logGate))).add(written);
  const mixed = np.matmul(query.reshape([...lead, 1, keys]), next.ref);
  return [next, mixed.reshape([...lead, values])];
}

/** The tokens of one chunk, [B, H, C, K or V] each. */
function chunkOf(
  memory: JaxArray,
  { query, key, value, logGate }: GatedTokens,
): [JaxArray, JaxArray] {
  const [batch, heads, size, keys] = query.shape;
  const fromMiddle = np.einsum("ml,bhlw->bhmw", sumsFromMiddle(logGate), logGate.ref);
  const halves = np.split(logGate, 2, 2).map((half) =>
    np.exp(np.sum(half, 2)).reshape([batch, heads, keys, 1])
  );
  const q = query.mul(np.exp(fromMiddle.ref));
  const k = np.swapaxes(key.mul(np.exp(fromMiddle.neg())), -1, -2);
  const before = memory.mul(halves[0]);
  // (Not a product with zeros: what is later than a query may be infinite here.)
  const seen = np.tri(size, size).greater(0);
  const scores = np.where(seen, np.matmul(q.ref, k.ref), 0);
  const mixed = np.matmul(scores, value.ref).add(np.matmul(q, before.ref));
  return [before.add(np.matmul(k, value)).mul(halves[1]), mixed];
}

/** The matrix that takes logarithms of the gates of a chunk to c_i - c_m, m being the last token of its first half. */
function sumsFromMiddle({ dtype }: JaxArray): JaxArray {
  const half = chunkLength / 2;
  const entry = (i: number, l: number) => {
    if (l >= half && l <= i) return 1;
    return l < half && l > i ? -1 : 0;
  };
  const data = Float32Array.from(
    { length: chunkLength ** 2 },
    (_, n) => entry(Math.floor(n / chunkLength), n % chunkLength),
  );
  return constant(data, [chunkLength, chunkLength], dtype);
}
