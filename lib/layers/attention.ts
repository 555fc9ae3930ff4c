/**
 * @file Causal multi-head softmax attention with rotary positions: a parallel form over whole sequences and
 * a step form with a key-value cache. Both compute the same function.
 */
import { nn, numpy as np } from "@jax-js/jax";
import { type Tensor, tensor } from "../engine/types.ts";
import { type AttentionParams, mergeHeads, splitHeads } from "./attention_projections.ts";
import { causalSoftmax } from "./causal_softmax.ts";
import { constant } from "./constant.ts";
import { linear } from "./linear.ts";
import { rotaryTable, rotate } from "./rotary.ts";

/**
 * Queries, keys and values [B, H, T, d/H] of a sequence [B, T, d]. The scale 1/sqrt(d/H) is folded into
 * the rotation of the queries, so that the T x T scores need no further pass.
 * @param cos angles [T, 1, d/H]
 */
function heads(
  params: AttentionParams,
  x: np.Array,
  count: number,
  cos: np.Array,
  sin: np.Array,
): np.Array[] {
  const scale = 1 / Math.sqrt(x.shape[2] / count);
  const queries = splitHeads(linear(params.query, x.ref), count);
  const keys = splitHeads(linear(params.key, x.ref), count);
  const values = splitHeads(linear(params.value, x), count);
  return [
    rotate(queries, cos.ref.mul(scale), sin.ref.mul(scale)),
    rotate(keys, cos, sin),
    values,
  ].map((part) => np.transpose(part, [0, 2, 1, 3]));
}

/**
 * Parallel form.
 * @param x [B, T, d]
 * @returns [B, T, d]
 */
export function attention(params: AttentionParams, x: np.Array, count: number): np.Array {
  const [, length, d] = x.shape;
  const width = d / count;
  const table = rotaryTable(length, width);
  const [cos, sin] = [table.cos, table.sin].map((t) => constant(t, [length, 1, width], x.dtype));
  const [queries, keys, values] = heads(params, x, count, cos, sin);
  return linear(params.output, mergeHeads(causalSoftmax(queries, keys, values)));
}

/**
 * Keys and values of the positions seen so far, [B, H, d/H, capacity] each, zero where none was seen yet: with the positions last, a
 * step needs no transposition and writes along contiguous memory.
 */
export type AttentionCache = { keys: np.Array; values: np.Array };

/** The cache before the first token, on the host, with room for `capacity` of them. */
export function emptyCache(
  { dModel, heads }: { dModel: number; heads: number },
  batch: number,
  capacity: number,
): { [K in keyof AttentionCache]: Tensor } {
  const zero = tensor(0, [batch, heads, dModel / heads, capacity]);
  return { keys: zero, values: zero };
}

/**
 * Step form: one token at `position` (int32 scalar, counted from 0) against the cache.
 * @param x [B, 1, d]
 * @returns output [B, 1, d] and the cache with this token written at `position`.
 */
export function attentionStep(
  params: AttentionParams,
  cache: AttentionCache,
  x: np.Array,
  position: np.Array,
  count: number,
): { output: np.Array; cache: AttentionCache } {
  const d = x.shape[2];
  const width = d / count;
  const [batch, , , capacity] = cache.keys.shape;
  const table = rotaryTable(capacity, width);
  const [cos, sin] = [table.cos, table.sin].map((t) =>
    np.take(constant(t, [capacity, 1, width], x.dtype), position.ref, 0)
  );
  const [query, key, value] = heads(params, x, count, cos, sin);
  const slots = np.arange(capacity).astype(np.int32);
  const here = np.equal(slots.ref, position.ref).astype(key.dtype);
  // The slot is zero, so adding writes, in fewer passes over the cache than a `where` that broadcasts the token.
  const write = (cache: np.Array, token: np.Array) =>
    cache.add(token.reshape([batch, count, width, 1]).mul(here.ref));
  const keys = write(cache.keys, key);
  const values = write(cache.values, value);
  here.dispose();
  const scores = np.matmul(query, keys.ref);
  const seen = np.lessEqual(slots, position);
  const weights = nn.softmax(np.where(seen, scores, -Infinity), -1);
  const mixed = np.matmul(values.ref, weights.reshape([batch, count, capacity, 1]))
    .reshape([batch, count, 1, width]);
  return { output: linear(params.output, mergeHeads(mixed)), cache: { keys, values } };
}
