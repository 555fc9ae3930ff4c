/**
 * @file State spaces of one channel each whose states all see each other: h_t = A h_{t-1} + B u_t, read as C h_t, with matrices of every
 * channel's own. Token by token is the layer's affair, which may know more of A; here are whole sequences, a chunk at a time: its tokens by
 * the impulse response, what came before by the state.
 */
import { numpy as np } from "@jax-js/jax";
import type { JaxArray, JaxDType } from "../engine/arrays.ts";
import { inChunks } from "./chunks.ts";
import { constant } from "./constant.ts";

/** Of d channels with n states, each read M times. */
export type Spaces = {
  /** A [d, n, n] */
  a: JaxArray;
  /** B [d, n] */
  b: JaxArray;
  /** C [d, M, n] */
  c: JaxArray;
};

/** Tokens of a chunk, a power of two. */
const chunkLength = 32;

/** What a chunk needs of the matrices, C = {@linkcode chunkLength}. */
type Tables = {
  /** The impulse response by distance, [d, M C (t), C (s)]; 0 for s > t. */
  within: JaxArray;
  /** C A^(t + 1) for t < C, by which a state is read, [d, C M, n]. */
  read: JaxArray;
  /** A^t B for t < C, [d, n, C]. */
  added: JaxArray;
  /** A^(2^k) for 2^k <= C, [d, n, n] each. */
  powers: JaxArray[];
};

/** A sequence u [B, T, d]. @param h before it, [B, d, n] @returns h after it, and what is read, [B, T, d M] */
export function spacesOverSequence(
  spaces: Spaces,
  h: JaxArray,
  u: JaxArray,
): [JaxArray, JaxArray] {
  return inChunks(chunk, tablesOf(spaces), h, u, chunkLength);
}

/** By doubling: the next 2^k powers are A^(2^k) times the first ones. */
function tablesOf({ a, b, c }: Spaces): Tables {
  const [width, count, n] = c.shape;
  const powers = [a];
  let added = b.reshape([width, n, 1]);
  let read = np.matmul(c.ref, a.ref);
  for (let size = 1; size < chunkLength; size *= 2) {
    const power = powers.at(-1)!;
    added = np.concatenate([added.ref, np.matmul(power.ref, added)], 2);
    read = np.concatenate([read.ref, np.matmul(read, power.ref)], 1);
    powers.push(np.matmul(power.ref, power.ref));
  }
  const kernel = np.matmul(c, added.ref).reshape([width * count, chunkLength]);
  const within = np.matmul(kernel, lags(a.dtype))
    .reshape([width, count * chunkLength, chunkLength]);
  return { within, read, added, powers };
}

/** Ones at [k, (t, s)] where t - s = k, [C, C^2]. */
function lags(dtype: JaxDType): JaxArray {
  const ones = new Float32Array(chunkLength ** 3);
  for (let t = 0; t < chunkLength; t++) {
    for (let s = 0; s <= t; s++) ones[((t - s) * chunkLength + t) * chunkLength + s] = 1;
  }
  return constant(ones, [chunkLength, chunkLength ** 2], dtype);
}

/** Some tokens x [B, T, d], T <= C. @param state [B, d, n] @returns the state after them, and what is read, [B, T, d M] */
function chunk(
  { within, read, added, powers }: Tables,
  state: JaxArray,
  x: JaxArray,
): [JaxArray, JaxArray] {
  const [batch, size, width] = x.shape;
  const count = within.shape[1] / chunkLength;
  const u = np.transpose(x, [2, 1, 0]); // [d, T, B]
  const first = (x: JaxArray, axis: number) =>
    size === x.shape[axis] ? x : np.split(x, [size], axis)[0];
  const responses = within.reshape([width, count, chunkLength, chunkLength]);
  const now = np.matmul(
    first(first(responses, 2), 3).reshape([width, count * size, size]),
    u.ref,
  ).reshape([width, count, size, batch]);
  const before = np.transpose(state, [1, 2, 0]); // [d, n, B]
  const rows = first(read.reshape([width, chunkLength, count, -1]), 1);
  const seen = np.matmul(rows.reshape([width, size * count, -1]), before.ref)
    .reshape([width, size, count, batch]);
  // The newest token has been multiplied by nothing.
  let last = before;
  powers.forEach((power, k) => {
    if ((size >> k) % 2 === 1) last = np.matmul(power.ref, last);
    power.dispose();
  });
  const after = last.add(np.matmul(np.flip(first(added, 2), 2), u));
  const y = np.transpose(now, [3, 2, 0, 1]).add(np.transpose(seen, [3, 1, 0, 2]));
  return [np.transpose(after, [2, 0, 1]), y.reshape([batch, size, width * count])];
}
