/**
 * @file A memory of values by keys that forgets number by number, and from which a token takes back, under another key, part of what is
 * left: S_t = diag(a_t) S_{t-1} + k_t (v_t - S_{t-1}' diag(a_t) r_t)', o_t = S_t' q_t. Gated delta rules are this with r = k up to a
 * factor (Yang et al., arXiv 2412.06464, section 3; the diagonal gates and both keys: Peng et al., arXiv 2503.14456, section 4).
 */
import { numpy as np } from "@jax-js/jax";
import type { JaxArray } from "../engine/arrays.ts";
import { scan } from "../engine/scan.ts";
import { constant } from "./constant.ts";
import { unitLowerInverse } from "./delta_rule.ts";

/** Tokens of a chunk. */
const chunkLength = 8;

/** Of every token: query and key [..., H, K], value [..., H, V], and what of a is said, [..., H, K]. */
export type LowRankTokens = {
  query: JaxArray;
  key: JaxArray;
  value: JaxArray;
  /** The logarithm of |a|, from `leastLogGate` of gated_memory.ts, whose chunks are as long, to 0. */
  logGate: JaxArray;
  /** r; nothing is taken back without it. */
  read?: JaxArray;
  /** 1 where a is below zero, else 0; none of them is when left out. */
  reverses?: JaxArray;
};

/**
 * All tokens of a sequence, in chunks.
 * @param tokens leaves [B, T, H, ...]
 * @param memory S [B, H, K, V] before the first token.
 * @returns S after the last token, and o [B, T, H, V]
 */
export function lowRankMemory(tokens: LowRankTokens, memory: JaxArray): [JaxArray, JaxArray] {
  const [batch, length, heads, values] = tokens.value.shape;
  const chunks = Math.ceil(length / chunkLength);
  const padded = chunks * chunkLength;
  // Zeros leave the memory as it is: nothing is written or taken back, and the gate is open.
  const cut = (x: JaxArray) => {
    const whole = np.pad(x, [[0, 0], [0, padded - length], [0, 0], [0, 0]]);
    return np.transpose(
      whole.reshape([batch, chunks, chunkLength, heads, x.shape[3]]),
      [1, 0, 3, 2, 4],
    );
  };
  const cuts = Object.fromEntries(
    Object.entries(tokens).map(([name, x]) => [name, cut(x)]),
  ) as LowRankTokens;
  const [last, mixed] = scan(
    (_: unknown, memory: JaxArray, chunk: LowRankTokens) => chunkOf(memory, chunk),
    [],
    memory,
    cuts,
  );
  const rows = np.transpose(mixed, [1, 0, 3, 2, 4]).reshape([batch, padded, heads, values]);
  return [last, padded === length ? rows : np.split(rows, [length], 1)[0]];
}

/** One token, leaves [B, H, ...]: the recurrence by itself. @returns the next memory, and o [B, H, V] */
export function lowRankToken(
  memory: JaxArray,
  { query, key, value, logGate, read, reverses }: LowRankTokens,
): [JaxArray, JaxArray] {
  const [lead, keys, values] = [key.shape.slice(0, -1), key.shape.at(-1)!, value.shape.at(-1)!];
  const column = (x: JaxArray) => x.reshape([...lead, keys, 1]);
  const size = np.exp(logGate);
  const gate = reverses ? size.mul(reverses.mul(-2).add(1)) : size;
  const left = memory.mul(column(gate));
  const taken = (read: JaxArray) => np.sum(left.ref.mul(column(read)), -2);
  const written = read ? value.sub(taken(read)) : value;
  const next = left.add(column(key).mul(written.reshape([...lead, 1, values])));
  return [next, np.sum(next.ref.mul(column(query)), -2)];
}

/** The tokens of one chunk, [B, H, C, K or V] each. */
function chunkOf(
  memory: JaxArray,
  { query, key, value, logGate, read, reverses }: LowRankTokens,
): [JaxArray, JaxArray] {
  const [batch, heads, size, keys] = query.shape;
  const columns = (x: JaxArray) => x.reshape([batch, heads, keys, 1]);
  // Everything decayed to, or grown back to, the middle of the chunk, where gates are gone; likewise signs, to its start.
  const fromMiddle = np.einsum("ml,bhlw->bhmw", sumsFromMiddle(logGate), logGate.ref);
  const [first, second] = np.split(logGate, 2, 2)
    .map((half) => columns(np.exp(np.sum(half, 2))));
  const sign = reverses && signs(reverses);
  const signed = (x: JaxArray) => sign ? x.mul(sign.ref) : x;
  const grown = signed(np.exp(fromMiddle.ref.neg()));
  const decayed = signed(np.exp(fromMiddle));
  const k = np.swapaxes(key.mul(grown), -1, -2);
  const before = memory.mul(first);
  // (Not products with zeros: what is later than a query may be infinite here.)
  const scores = (rows: JaxArray, offset: number) =>
    np.where(np.tri(size, size, offset).greater(0), np.matmul(rows, k.ref), 0);
  let written = value;
  if (read) {
    const r = read.mul(decayed.ref);
    const inverse = unitLowerInverse(scores(r.ref, -1));
    written = np.matmul(inverse, written.sub(np.matmul(r, before.ref)));
  }
  const q = query.mul(decayed);
  const mixed = np.matmul(scores(q.ref, 0), written.ref).add(np.matmul(q, before.ref));
  const last = before.add(np.matmul(k, written)).mul(second);
  if (!sign) return [last, mixed];
  return [last.mul(columns(np.split(sign, [size - 1], 2)[1])), mixed];
}

/** -1 where an odd number of the gates up to a token is below zero, else 1. @param reverses [B, H, C, K] */
function signs(reverses: JaxArray): JaxArray {
  const size = reverses.shape.at(-2)!;
  const count = np.einsum("ml,bhlw->bhmw", np.tri(size, size).astype(reverses.dtype), reverses);
  const even = np.floor(count.ref.mul(0.5)).mul(2);
  return count.sub(even).mul(-2).add(1);
}

/** The matrix that takes logarithms of a chunk to their sums from behind its middle token, which are negative before it. */
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
