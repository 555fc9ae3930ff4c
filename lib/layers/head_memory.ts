/**
 * @file Memories of values by keys that fade by one factor a head, where every head has keys of its own: S_t = a_t R S_{t-1} + v_t k_t',
 * o_t = S_t q_t. R turns what is held under a key by fixed angles, if there are any: seen from the latest token, positions are a turn
 * of the memory.
 */
import { numpy as np } from "@jax-js/jax";
import type { JaxArray, JaxDType } from "../engine/arrays.ts";
import { constant } from "./constant.ts";
import { decayedMemory } from "./decayed_memory.ts";
import { rotate } from "./rotary.ts";

/** Of every token: query and key [..., H, K], value [..., H, V], and what of the factor a is said by head, [..., H]. */
export type HeadTokens = {
  query: JaxArray;
  key: JaxArray;
  value: JaxArray;
  /** The logarithm of |a|, not above 0. */
  logDecay: JaxArray;
  /** 1 where a is below zero, else 0; none of them is when left out. */
  reverses?: JaxArray;
};

/** By which a pair of numbers of a key turns from one token to the next, in radians: K/2 of them. */
export type Angles = readonly number[];

/** x [..., K] turned by the angles times its position; the positions stand along an axis of `x` behind which there are `behind`. */
function turned(x: JaxArray, angles: Angles, positions: readonly number[], behind: number) {
  const table = (of: (angle: number) => number) =>
    constant(
      Float64Array.from(positions.flatMap((t) => [...angles, ...angles].map((a) => of(t * a)))),
      [positions.length, ...Array(behind - 1).fill(1), 2 * angles.length],
      x.dtype,
    );
  return rotate(x, table(Math.cos), table(Math.sin));
}

/** -1 where an odd number of the factors up to a token is below zero, else 1. @param reverses [..., C] */
function signs(reverses: JaxArray): JaxArray {
  const size = reverses.shape.at(-1)!;
  const count = np.matmul(reverses, np.triu(np.ones([size, size])).astype(reverses.dtype));
  const even = np.floor(count.ref.mul(0.5)).mul(2);
  return count.sub(even).mul(-2).add(1);
}

/**
 * All tokens of a chunk at once.
 * @param tokens leaves [B, C, H, ...]
 * @param memory S before the first token, [B, H, V, K]
 * @returns S after the last token, and o [B, C, H, V]
 */
export function headMemory(
  { query, key, value, logDecay, reverses }: HeadTokens,
  memory: JaxArray,
  angles?: Angles,
): [JaxArray, JaxArray] {
  const [batch, size, heads, values] = value.shape;
  const keys = key.shape[3];
  if (angles) {
    const positions = Array.from({ length: size }, (_, t) => t + 1);
    query = turned(query, angles, positions, 2);
    key = turned(key, angles, positions, 2);
  }
  // The memory times the sign of all factors so far has only factors above zero.
  const sign = reverses && signs(np.transpose(reverses, [0, 2, 1]));
  const byToken = (sign: JaxArray) =>
    np.transpose(sign, [0, 2, 1]).reshape([batch, size, heads, 1]);
  if (sign) value = value.mul(byToken(sign.ref));
  const each = batch * heads;
  const flat = (x: JaxArray) => np.transpose(x, [0, 2, 1, 3]).reshape([each, size, x.shape[3]]);
  const [last, out] = decayedMemory({
    query: flat(query),
    key: flat(key),
    value: flat(value).reshape([each, 1, size, values]),
    logDecay: np.transpose(logDecay, [0, 2, 1]).reshape([each, 1, size]),
  }, memory.reshape([each, 1, values, keys]));
  let next = last.reshape([batch, heads, values, keys]);
  let read = np.transpose(out.reshape([batch, heads, size, values]), [0, 2, 1, 3]);
  if (sign) {
    read = read.mul(byToken(sign.ref));
    const all = np.split(sign, [size - 1], 2)[1];
    next = next.mul(all.reshape([batch, heads, 1, 1]));
  }
  if (angles) next = turned(next, angles, [-size], 1);
  return [next, read];
}

/**
 * One token, leaves [B, H, ...]: the recurrence by itself.
 * @param memory [B, H, V, K]
 * @returns the next memory, and o [B, H, V]
 */
export function headToken(
  { query, key, value, logDecay, reverses }: HeadTokens,
  memory: JaxArray,
  angles?: Angles,
): [JaxArray, JaxArray] {
  const [batch, heads, values] = value.shape;
  const keys = key.shape[2];
  const row = (x: JaxArray) => x.reshape([batch, heads, 1, keys]);
  const each = (x: JaxArray) => x.reshape([batch, heads, 1, 1]);
  const size = np.exp(logDecay);
  const factor = reverses ? size.mul(reverses.mul(-2).add(1)) : size;
  const held = angles ? turned(memory, angles, [-1], 1) : memory;
  const written = value.reshape([batch, heads, values, 1]).mul(row(key));
  const next = held.mul(each(factor)).add(written);
  return [next, np.sum(next.ref.mul(row(query)), -1)];
}

/** What is said of the factors where they are those of every token, [..., H]. @param logs H numbers. @param lead the axes before. */
export function constantDecay(
  logs: readonly number[],
  lead: readonly number[],
  dtype: JaxDType,
): JaxArray {
  return np.broadcastTo(constant(Float64Array.from(logs), [logs.length], dtype), [
    ...lead,
    logs.length,
  ]);
}
