/** @file What goes into multi-head attention of any kind and what comes out of it. */
import { numpy as np, random } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray } from "../engine/arrays.ts";
import { readOptions } from "../options.ts";
import { linear, linearInit, type LinearParams } from "./linear.ts";

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
function checkHeads(layer: string, heads: number, width: number): void {
  if (width % (2 * heads) === 0) return;
  throw new RangeError(
    `${layer} options: heads = ${heads}: the width ${width} is not a multiple of 2 x heads, and rotary positions turn pairs; choose another width or number of heads`,
  );
}

/** Options of attention with their defaults, and the width. */
export interface AttentionConfig {
  /** d, a multiple of twice the heads. */
  readonly width: number;
  /** H, each with d/H of the width. */
  readonly heads: number;
}

/**
 * The number of heads, 4 by default, for a width.
 * @param layer its name, for messages.
 * @throws {Error} naming the option, its value and what is allowed.
 */
export function configureHeads(layer: string, options: unknown, width: number): AttentionConfig {
  const schema = z.strictObject({ heads: z.number().int().min(1).default(4) });
  const { heads } = readOptions(layer, schema, options);
  checkHeads(layer, heads, width);
  return { width, heads };
}

/** What attention makes of a token, [..., d] each. */
export type Projected = { query: JaxArray; key: JaxArray; value: JaxArray };

/** Query, key and value of every token x [..., d], before rotation. */
export function project({ query, key, value }: AttentionParams, x: JaxArray): Projected {
  return { query: linear(query, x.ref), key: linear(key, x.ref), value: linear(value, x) };
}
