/**
 * @file Causal multi-head softmax attention with rotary positions: a parallel form over whole sequences and
 * a step form with a key-value cache. Both compute the same function.
 */
import { nn, numpy as np, random } from "@jax-js/jax";
import { type Tensor, tensor } from "../engine/types.ts";
import { linear, linearInit, type LinearParams } from "./linear.ts";
import { rotaryTable, rotate } from "./rotary.ts";

/** Projections of [d] to queries, keys and values, and back to the residual stream. */
export type AttentionParams = {
  query: LinearParams;
  key: LinearParams;
  value: LinearParams;
  output: LinearParams;
};

/**
 * Fresh projections. Queries and keys start with standard normal biases: what a score owes to distance alone is a product of the
 * two, so zero biases would be a saddle, and a filter weighs its past by distance before anything else.
 */
export function attentionInit(key: np.Array, d: number, outputGain: number): AttentionParams {
  const [q, qBias, k, kBias, v, o] = random.split(key, 6);
  return {
    query: { ...linearInit(q, d, d), bias: random.normal(qBias, [d]) },
    key: { ...linearInit(k, d, d), bias: random.normal(kBias, [d]) },
    value: linearInit(v, d, d),
    output: linearInit(o, d, d, outputGain),
  };
}

/** [B, T, H w] as [B, T, H, w]. */
export function splitHeads(x: np.Array, count: number): np.Array {
  const [batch, length, d] = x.shape;
  return x.reshape([batch, length, count, d / count]);
}

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

/** [B, H, T, w] back to [B, T, H w]. */
export function mergeHeads(x: np.Array): np.Array {
  const [batch, count, length, width] = x.shape;
  return np.transpose(x, [0, 2, 1, 3]).reshape([batch, length, count * width]);
}

/** Additive mask [length, end]: minus infinity where a key is later than its query, for the last `length` queries of `end`. */
function causalMask(length: number, end: number): np.Array {
  const mask = new Float32Array(length * end).fill(-Infinity);
  for (let t = 0; t < length; t++) mask.fill(0, t * end, t * end + end - length + t + 1);
  return np.array(mask, { shape: [length, end] });
}

/** Queries of one block; a multiple of the vector width whose scores stay in cache. */
const blockLength = 64;

/**
 * softmax(Q K' + mask) V with queries in blocks: a block looks only at the keys up to its own end, which leaves out most of
 * the upper triangle (3/8 of the work at four blocks) and changes nothing else.
 * @param queries [B, H, T, w], scaled; likewise keys and values.
 */
function causalSoftmax(queries: np.Array, keys: np.Array, values: np.Array): np.Array {
  const length = queries.shape[2];
  const cuts = Array.from(
    { length: Math.ceil(length / blockLength) - 1 },
    (_, i) => (i + 1) * blockLength,
  );
  const [qs, ks, vs] = [queries, keys, values].map((x) => np.split(x, cuts, 2));
  const upTo = (parts: np.Array[], i: number) =>
    i === 0 ? parts[0].ref : np.concatenate(parts.slice(0, i + 1).map((x) => x.ref), 2);
  const mixed = qs.map((q, i) => {
    const [k, v] = [upTo(ks, i), upTo(vs, i)];
    const mask = causalMask(q.shape[2], k.shape[2]).astype(q.dtype);
    const scores = np.matmul(q, np.transpose(k, [0, 1, 3, 2])).add(mask);
    return np.matmul(nn.softmax(scores, -1), v);
  });
  for (const part of [...ks, ...vs]) part.dispose();
  return mixed.length === 1 ? mixed[0] : np.concatenate(mixed, 2);
}

/** A constant table of jax-js type `dtype`, so that a float64 trace stays in float64. */
export function constant(
  data: Float32Array<ArrayBuffer>,
  shape: number[],
  dtype: np.DType,
): np.Array {
  return np.array(data, { shape }).astype(dtype);
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
