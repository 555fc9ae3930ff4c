/** @file Aaren: softmax attention as a recurrence, which it is where the query is the same for every token. */
import { numpy as np, random, tree } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray } from "../../engine/arrays.ts";
import { readOptions } from "../../options.ts";
import { expandedWidth } from "../expanded_width.ts";
import { linear, linearInit, type LinearParams } from "../linear.ts";
import { type Average, averageOf, emptyAverage, included } from "../weighted_average.ts";
import type { SequenceLayer } from "./sequence_layer.ts";

/** Its options with their defaults, and the width. */
export interface Config {
  /** d, of x and y. */
  readonly width: number;
  /** H, each with w = d/H of the width. */
  readonly heads: number;
}

/** The query is learned as such: a map of a learned token is no more. */
export type Params = {
  /** q, [H, w] */
  query: JaxArray;
  key: LinearParams;
  value: LinearParams;
  output: LinearParams;
};

/** Of a token: logits [..., H, 1] and values [..., H, w]. */
export type Input = { logit: JaxArray; value: JaxArray };

/**
 * y_t = W (sum_{s<=t} exp(q' k_s / sqrt(w)) v_s / (the same without v)) + b for every head, with a learned q. Option: `heads` (4).
 */
export const layer: SequenceLayer<Config, Params, Average, Input, JaxArray> = {
  about: {
    name: "Aaren",
    paper: "Feng et al., arXiv 2405.13956, section 3.2 and eq. 1 to 3 of section 3.1",
    kind: "linear in the state",
    eigenvalues: "1, of a sum: weights of an average cannot be negative",
  },

  configure(options, width) {
    const schema = z.strictObject({ heads: z.number().int().min(1).default(4) });
    const config = { width, ...readOptions("aaren", schema, options) };
    expandedWidth("aaren", "expansion", 1, width, config.heads);
    return config;
  },

  init({ width, heads }, key, gain = 1) {
    const [k1, k2, k3, k4] = random.split(key, 4);
    return {
      query: random.normal(k1, [heads, width / heads]),
      key: linearInit(k2, width, width),
      value: linearInit(k3, width, width),
      output: linearInit(k4, width, width, gain),
    };
  },

  initialState: ({ width, heads }, batch) =>
    emptyAverage([batch, heads, width / heads], [batch, heads, 1]),

  inputs({ width, heads }, { query, key, value }, x) {
    const byHead = (x: JaxArray) => x.reshape([...x.shape.slice(0, -1), heads, width / heads]);
    const scaled = query.mul((width / heads) ** -0.5);
    return {
      logit: np.sum(byHead(linear(key, x.ref)).mul(scaled), -1, { keepdims: true }),
      value: byHead(linear(value, x)),
    };
  },

  cell(_config, _params, average, { logit, value }) {
    const next = included(average, logit, value);
    return [next, averageOf(tree.ref(next))];
  },

  outputs(_, { output }, read, x) {
    x.dispose();
    return linear(output, read.reshape([...x.shape]));
  },
};
