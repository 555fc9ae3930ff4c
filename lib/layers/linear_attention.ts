/**
 * @file Causal linear attention (Katharopoulos et al., arXiv 2006.16236, eq. 9 with the feature map of eq. 7) with rotary
 * positions in the numerator only (Su et al., arXiv 2104.09864, eq. 19):
 *
 *     out_m = sum_{n <= m} (R_m phi(q_m))' (R_n phi(k_n)) v_n  /  sum_{n <= m} phi(q_m)' phi(k_n)
 *
 * so that the denominator stays positive. A parallel form over whole sequences and a step form whose state does not grow
 * compute the same function.
 */
import { numpy as np } from "@jax-js/jax";
import { type Tensor, tensor } from "../engine/types.ts";
import { type AttentionParams, mergeHeads, splitHeads } from "./attention_projections.ts";
import { constant } from "./constant.ts";
import { linear, type LinearParams } from "./linear.ts";
import { rotaryTable, rotate } from "./rotary.ts";

/**
 * phi(x) = elu(x) + 1 = r + exp(x - r) with r = max(x, 0). Written like this its derivative at zero is 1 whatever that of r
 * is taken to be.
 */
function features(x: np.Array): np.Array {
  const positive = np.maximum(x.ref, 0);
  return positive.ref.add(np.exp(x.sub(positive)));
}

/** phi(queries), phi(keys) and values [B, H, T, d/H] of a sequence [B, T, d]. */
function project(params: AttentionParams, x: np.Array, count: number): np.Array[] {
  const heads = (map: LinearParams, x: np.Array) =>
    np.transpose(splitHeads(linear(map, x), count), [0, 2, 1, 3]);
  return [
    features(heads(params.query, x.ref)),
    features(heads(params.key, x.ref)),
    heads(params.value, x),
  ];
}

/**
 * What a layer remembers of the past; its size does not depend on how long that was.
 * `memory` [B, H, d/H of values, d/H of keys] is sum_n v_n (R_{n-m} phi(k_n))' after token m: positions count from the latest
 * token, which makes the next state a fixed rotation of this one plus an outer product. `total` [B, H, d/H] is sum_n phi(k_n).
 */
export type LinearAttentionCache = { memory: np.Array; total: np.Array };

/** Tokens of one chunk. */
const chunkLength = 64;

/**
 * Parallel form in chunks: a masked quadratic form inside a chunk, and the state before it for everything earlier.
 * @param x [B, T, d]
 * @returns [B, T, d]
 */
export function linearAttention(params: AttentionParams, x: np.Array, count: number): np.Array {
  const [batch, length, d] = x.shape;
  const width = d / count;
  const table = rotaryTable(length, width);
  const [cos, sin] = [table.cos, table.sin].map((t) => constant(t, [length, width], x.dtype));
  const [queries, keys, values] = project(params, x, count);

  const each = Math.min(length, chunkLength);
  const chunks = Math.ceil(length / each);
  const cut = (x: np.Array) =>
    np.pad(x, [[0, 0], [0, 0], [0, chunks * each - length], [0, 0]])
      .reshape([batch, count, chunks, each, width]);
  const join = (x: np.Array) =>
    x.reshape([batch, count, chunks * each, width]).slice([], [], [0, length]);
  const transposed = (x: np.Array) => np.transpose(x, [0, 1, 2, 4, 3]);
  /** Ones where column <= row + offset. */
  const triangle = (size: number, offset: number) => np.tri(size, size, offset).astype(x.dtype);

  const q = cut(rotate(queries.ref, cos.ref, sin.ref));
  const k = cut(rotate(keys.ref, cos, sin));
  const v = cut(values);
  const scores = np.matmul(q.ref, transposed(k.ref)).mul(triangle(each, 0));
  let numerator = np.matmul(scores, v.ref);
  const plain = cut(keys);
  let sums = np.einsum("ml,bhclw->bhcmw", triangle(each, 0), plain.ref);
  if (chunks > 1) {
    const earlier = triangle(chunks, -1);
    const memories = np.matmul(transposed(v), k);
    const before = np.einsum("ec,bhcvw->bhevw", earlier.ref, memories);
    numerator = numerator.add(np.matmul(q, transposed(before)));
    const totalBefore = np.einsum("ec,bhcw->bhew", earlier, np.sum(plain, 3));
    sums = sums.add(totalBefore.reshape([batch, count, chunks, 1, width]));
  }
  // (Cut to length before dividing: beyond it both are zero.)
  const denominator = np.sum(queries.mul(join(sums)), -1, { keepdims: true });
  const mixed = join(numerator).mul(np.reciprocal(denominator));
  return linear(params.output, mergeHeads(mixed));
}

/** The state before the first token, on the host. */
export function emptyLinearCache(
  { dModel, heads }: { dModel: number; heads: number },
  batch: number,
): { [K in keyof LinearAttentionCache]: Tensor } {
  const width = dModel / heads;
  return {
    memory: tensor(0, [batch, heads, width, width]),
    total: tensor(0, [batch, heads, width]),
  };
}

/**
 * Step form: one more token.
 * @param x [B, 1, d]
 * @returns output [B, 1, d] and the next state.
 */
export function linearAttentionStep(
  params: AttentionParams,
  { memory, total }: LinearAttentionCache,
  x: np.Array,
  count: number,
): { output: np.Array; cache: LinearAttentionCache } {
  const [batch, , d] = x.shape;
  const width = d / count;
  const [query, key, value] = project(params, x, count);
  // Every key is now one token further in the past: a rotation by the angles of position -1.
  const table = rotaryTable(2, width);
  const cos = constant(table.cos.slice(width), [width], query.dtype);
  const sin = constant(table.sin.slice(width).map((s) => -s), [width], query.dtype);
  const outer = value.reshape([batch, count, width, 1]).mul(key.ref);
  const nextMemory = rotate(memory, cos, sin).add(outer);
  const nextTotal = total.add(key.reshape([batch, count, width]));
  const denominator = np.sum(
    query.ref.mul(nextTotal.ref.reshape([batch, count, 1, width])),
    -1,
    { keepdims: true },
  );
  const numerator = np.matmul(query, np.transpose(nextMemory.ref, [0, 1, 3, 2]));
  const mixed = numerator.mul(np.reciprocal(denominator));
  return {
    output: linear(params.output, mergeHeads(mixed)),
    cache: { memory: nextMemory, total: nextTotal },
  };
}
