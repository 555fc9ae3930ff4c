/** @file Gated linear attention: a memory of values by keys whose rows fade at rates that the tokens choose. */
import { nn, numpy as np, random } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray } from "../../engine/arrays.ts";
import { readOptions } from "../../options.ts";
import { tensor } from "../../tensor/tensor.ts";
import { expandedWidth } from "../expanded_width.ts";
import { gatedMemory, gatedToken, type GatedTokens, leastLogGate } from "../gated_memory.ts";
import { linear, linearInit, type LinearParams } from "../linear.ts";
import { rmsNorm } from "../rms_norm.ts";
import { freshState } from "./forms.ts";
import type { SequenceLayer } from "./sequence_layer.ts";

/** Its options with their defaults, and the width. */
export interface Config {
  /** d, of x and y. */
  readonly width: number;
  /** H; each has a memory of its own. */
  readonly heads: number;
  /** All keys together have K = `expandKey` d numbers. */
  readonly expandKey: number;
  /** All values together have V = `expandValue` d numbers. */
  readonly expandValue: number;
  /** r, numbers between the token and its gates. */
  readonly gateRank: number;
  /** By which the logarithms of the gates are divided: the larger, the longer the memory at the start. */
  readonly gateNormaliser: number;
}

/** Only the gates have a bias. */
export type Params = {
  /** [d, 2 K + V]: queries, keys, values. */
  input: JaxArray;
  /** [d, r] and [r, K], of the gates on the memory. */
  forget: { down: JaxArray; up: LinearParams };
  /** [d, V], of the gate on the output. */
  gate: JaxArray;
  /** Scale of the norm of a head's output, [V/H]. */
  norm: JaxArray;
  /** [V, d] */
  output: JaxArray;
};

function sizes({ width, heads, expandKey, expandValue }: Config) {
  const keys = expandedWidth("gla", "expandKey", expandKey, width, heads);
  const values = expandedWidth("gla", "expandValue", expandValue, width, heads);
  return { keys, values, key: keys / heads, value: values / heads };
}

function inputs(config: Config, { input, forget }: Params, x: JaxArray): GatedTokens {
  const { heads, gateNormaliser } = config;
  const { keys, key, value } = sizes(config);
  const lead = x.shape.slice(0, -1);
  const byHead = (x: JaxArray, each: number) => x.reshape([...lead, heads, each]);
  const logit = linear(forget.up, np.matmul(x.ref, forget.down));
  const logGate = np.maximum(nn.logSigmoid(logit).mul(1 / gateNormaliser), leastLogGate);
  const [q, k, v] = np.split(np.matmul(x, input), [keys, 2 * keys], -1);
  return {
    query: byHead(q, key).mul(key ** -0.5),
    key: byHead(k, key),
    value: byHead(v, value),
    logGate: byHead(logGate, key),
  };
}

/** Norm, gate and projection of what the heads read, [..., H, V/H]. */
function outputs(params: Params, mixed: JaxArray, x: JaxArray): JaxArray {
  const [...lead] = x.shape.slice(0, -1);
  const [heads, value] = mixed.shape.slice(-2);
  const normed = rmsNorm(params.norm, mixed, 1e-5).reshape([...lead, heads * value]);
  return np.matmul(normed.mul(nn.silu(np.matmul(x, params.gate))), params.output);
}

/**
 * S_t = diag(alpha_t) S_{t-1} + k_t v_t' for every head, read by q_t, with alpha = sigmoid(W2 W1 x + b)^(1/16). Options: `heads` (4),
 * `expandKey` (0.5), `expandValue` (1), `gateRank` (16) and `gateNormaliser` (16). A gate is at least exp(-20) = 2e-9, which in
 * float32 forgets everything.
 */
export const layer: SequenceLayer<Config, Params, JaxArray, GatedTokens, JaxArray> = {
  about: {
    name: "GLA",
    paper: "Yang et al., arXiv 2312.06635, section 4",
    kind: "linear in the state",
    eigenvalues: "(0, 1), the gates",
  },

  configure(options, width) {
    const schema = z.strictObject({
      heads: z.number().int().min(1).default(4),
      expandKey: z.number().gt(0).default(0.5),
      expandValue: z.number().gt(0).default(1),
      gateRank: z.number().int().min(1).default(16),
      gateNormaliser: z.number().gt(0).default(16),
    });
    const config = { width, ...readOptions("gla", schema, options) };
    sizes(config);
    return config;
  },

  init(config, key, gain = 1) {
    const { width, gateRank } = config;
    const { keys, values, value } = sizes(config);
    const [k1, k2, k3, k4, k5] = random.split(key, 5);
    const weight = (key: JaxArray, inputs: number, outputs: number, gain = 1) =>
      random.normal(key, [inputs, outputs]).mul(gain / Math.sqrt(inputs));
    return {
      input: weight(k1, width, 2 * keys + values),
      forget: { down: weight(k2, width, gateRank), up: linearInit(k3, gateRank, keys) },
      gate: weight(k4, width, values),
      norm: np.ones([value]),
      output: weight(k5, values, width, gain),
    };
  },

  initialState(config, batch) {
    const { key, value } = sizes(config);
    return tensor(0, [batch, config.heads, key, value]);
  },

  inputs,

  cell: (_config, _params, memory, token) => gatedToken(memory, token),

  outputs: (_, params, mixed, x) => outputs(params, mixed, x),

  parallel(config, params, x, state) {
    const [batch, length] = x.shape;
    state ??= freshState(layer, config, batch, length, x.dtype);
    const [last, mixed] = gatedMemory(inputs(config, params, x.ref), state);
    return [last, outputs(params, mixed, x)];
  },
};
