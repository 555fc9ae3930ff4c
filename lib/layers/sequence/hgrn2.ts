/** @file HGRN with a matrix as its state: gates say what a row forgets, their complements are the keys. */
import { nn, numpy as np, random } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray } from "../../engine/arrays.ts";
import { readOptions } from "../../options.ts";
import { tensor } from "../../tensor/tensor.ts";
import { expandedWidth } from "../expanded_width.ts";
import { gatedMemory, gatedToken, type GatedTokens, leastLogGate } from "../gated_memory.ts";
import { rmsNorm } from "../rms_norm.ts";
import { freshState } from "./forms.ts";
import type { SequenceLayer } from "./sequence_layer.ts";

/** Its options with their defaults, and the width. */
export interface Config {
  /** d, of x and y; all values together have as many numbers. */
  readonly width: number;
  /** H; each has a memory of its own. */
  readonly heads: number;
  /** All gates together are K = `expandKey` d numbers. */
  readonly expandKey: number;
  /** Below which no gate falls. The paper's bound rises from layer to layer; a layer by itself is given its own. */
  readonly lowerBound: number;
}

/** Maps without biases. */
export type Params = {
  /** [d, 2 K + d]: queries, gates, values. */
  input: JaxArray;
  /** Scale of the norm of what all heads read, [d]. */
  norm: JaxArray;
  /** [d, d] */
  output: JaxArray;
};

function sizes({ width, heads, expandKey }: Config) {
  const keys = expandedWidth("hgrn2", "expandKey", expandKey, width, heads);
  expandedWidth("hgrn2", "expandValue", 1, width, heads);
  return { keys, key: keys / heads, value: width / heads };
}

function inputs(config: Config, { input }: Params, x: JaxArray): GatedTokens {
  const { heads, lowerBound } = config;
  const { keys, key, value } = sizes(config);
  const lead = x.shape.slice(0, -1);
  const byHead = (x: JaxArray, each: number) => x.reshape([...lead, heads, each]);
  const [q, logit, v] = np.split(np.matmul(x, input), [keys, 2 * keys], -1);
  const forgotten = nn.sigmoid(logit.ref.neg()).mul(1 - lowerBound);
  // By its logarithm where there is no bound: a gate near zero would lose its digits.
  const logGate = lowerBound === 0
    ? nn.logSigmoid(logit)
    : np.log(nn.sigmoid(logit).mul(1 - lowerBound).add(lowerBound));
  return {
    query: byHead(nn.silu(q), key).mul(key ** -0.5),
    key: byHead(forgotten, key),
    value: byHead(v, value),
    logGate: byHead(np.maximum(logGate, leastLogGate), key),
  };
}

/** Norm over all heads and projection of what they read, [..., H, d/H]. */
function outputs({ width }: Config, { norm, output }: Params, mixed: JaxArray): JaxArray {
  const flat = mixed.reshape([...mixed.shape.slice(0, -2), width]);
  return np.matmul(rmsNorm(norm, flat, 1e-5), output);
}

/**
 * S_t = diag(f_t) S_{t-1} + (1 - f_t) v_t' for every head, read by silu(W x), with f = b + (1 - b) sigmoid(V x). Options: `heads` (4),
 * `expandKey` (1) and `lowerBound` (b, 0). A gate is at least exp(-20) = 2e-9, which in float32 forgets everything.
 */
export const layer: SequenceLayer<Config, Params, JaxArray, GatedTokens, JaxArray> = {
  about: {
    name: "HGRN2",
    paper: "Qin et al., arXiv 2404.07904, section 3.2",
    kind: "linear in the state",
    eigenvalues: "(lowerBound, 1), the gates",
  },

  configure(options, width) {
    const schema = z.strictObject({
      heads: z.number().int().min(1).default(4),
      expandKey: z.number().gt(0).default(1),
      lowerBound: z.number().min(0).lt(1).default(0),
    });
    const config = { width, ...readOptions("hgrn2", schema, options) };
    sizes(config);
    return config;
  },

  init(config, key, gain = 1) {
    const { width } = config;
    const { keys } = sizes(config);
    const [k1, k2] = random.split(key, 2);
    const weight = (key: JaxArray, outputs: number, gain = 1) =>
      random.normal(key, [width, outputs]).mul(gain / Math.sqrt(width));
    return {
      input: weight(k1, 2 * keys + width),
      norm: np.ones([width]),
      output: weight(k2, width, gain),
    };
  },

  initialState(config, batch) {
    const { key, value } = sizes(config);
    return tensor(0, [batch, config.heads, key, value]);
  },

  inputs,

  cell: (_config, _params, memory, token) => gatedToken(memory, token),

  outputs(config, params, mixed, x) {
    x.dispose();
    return outputs(config, params, mixed);
  },

  parallel(config, params, x, state) {
    const [batch, length] = x.shape;
    state ??= freshState(layer, config, batch, length, x.dtype);
    const [last, mixed] = gatedMemory(inputs(config, params, x), state);
    return [last, outputs(config, params, mixed)];
  },
};
