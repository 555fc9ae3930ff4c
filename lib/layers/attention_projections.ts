/** @file What goes into multi-head attention of any kind and what comes out of it. */
import { numpy as np, random } from "@jax-js/jax";
import type { JaxArray } from "../engine/arrays.ts";
import { linearInit, type LinearParams } from "./linear.ts";

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
export function attentionInit(key: JaxArray, d: number, outputGain: number): AttentionParams {
  const [q, qBias, k, kBias, v, o] = random.split(key, 6);
  return {
    query: { ...linearInit(q, d, d), bias: random.normal(qBias, [d]) },
    key: { ...linearInit(k, d, d), bias: random.normal(kBias, [d]) },
    value: linearInit(v, d, d),
    output: linearInit(o, d, d, outputGain),
  };
}

/** [B, T, H w] as [B, T, H, w]. */
export function splitHeads(x: JaxArray, count: number): JaxArray {
  const [batch, length, d] = x.shape;
  return x.reshape([batch, length, count, d / count]);
}

/** [B, H, T, w] back to [B, T, H w]. */
export function mergeHeads(x: JaxArray): JaxArray {
  const [batch, count, length, width] = x.shape;
  return np.transpose(x, [0, 2, 1, 3]).reshape([batch, length, count * width]);
}

/**
 * Rotary positions turn pairs of a head's width.
 * @param layer its name, for the message.
 * @throws {RangeError} unless `width` is a multiple of 2 `heads`.
 */
export function checkHeads(layer: string, heads: number, width: number): void {
  if (width % (2 * heads) === 0) return;
  throw new RangeError(
    `${layer} options: heads = ${heads}: the width ${width} is not a multiple of 2 x heads, and rotary positions turn pairs; choose another width or number of heads`,
  );
}
