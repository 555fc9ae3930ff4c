/** @file Retention: linear attention whose memory turns and fades at rates that are fixed, one for each head. */
import { nn, numpy as np, random } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray } from "../../engine/arrays.ts";
import { readOptions } from "../../options.ts";
import { tensor } from "../../tensor/tensor.ts";
import { inChunks } from "../chunks.ts";
import { expandedWidth } from "../expanded_width.ts";
import { constantDecay, headMemory, headToken, type HeadTokens } from "../head_memory.ts";
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
}

/** Maps without biases. */
export type Params = {
  /** [d, 2 K + V]: queries, keys, values. */
  input: JaxArray;
  /** [d, V], of the gate on the output. */
  gate: JaxArray;
  /** Scale of the norm of a head's output, [V/H]. */
  norm: JaxArray;
  /** [V, d] */
  output: JaxArray;
};

/** @throws {RangeError} unless a head has pairs of numbers to turn. */
function sizes({ width, heads, expandKey, expandValue }: Config) {
  const keys = expandedWidth("retnet", "expandKey", expandKey, width, 2 * heads);
  const values = expandedWidth("retnet", "expandValue", expandValue, width, heads);
  return { keys, values, key: keys / heads, value: values / heads };
}

/** Of pair i of a head's key: 10000^(-2 i / (K/H)). */
const anglesOf = (key: number) =>
  Array.from({ length: key / 2 }, (_, i) => 10_000 ** (-i / (key / 2)));

/** log gamma = log(1 - 2^(-5 - h)) of head h. */
const decaysOf = (heads: number) =>
  Array.from({ length: heads }, (_, h) => Math.log1p(-(2 ** (-5 - h))));

function inputs(config: Config, { input }: Params, x: JaxArray): HeadTokens {
  const { heads } = config;
  const { keys, key, value } = sizes(config);
  const lead = x.shape.slice(0, -1);
  const logDecay = constantDecay(decaysOf(heads), lead, x.dtype);
  const [q, k, v] = np.split(np.matmul(x, input), [keys, 2 * keys], -1);
  return {
    query: q.reshape([...lead, heads, key]).mul(key ** -0.5),
    key: k.reshape([...lead, heads, key]),
    value: v.reshape([...lead, heads, value]),
    logDecay,
  };
}

/** Norm, gate and projection of what the heads read, [..., H, V/H]. */
function outputs({ gate, norm, output }: Params, read: JaxArray, x: JaxArray): JaxArray {
  const [heads, value] = read.shape.slice(-2);
  const normed = rmsNorm(norm, read, 1e-5).reshape([...x.shape.slice(0, -1), heads * value]);
  return np.matmul(normed.mul(nn.silu(np.matmul(x, gate))), output);
}

/** Tokens of a chunk. */
const chunkLength = 32;

/**
 * S_t = gamma R S_{t-1} + v_t k_t' for every head, read by q_t over sqrt(K/H): gamma = 1 - 2^(-5 - h) of head h, and R turns pairs of
 * a key by 10000^(-2 i / (K/H)). Options: `heads` (4), `expandKey` (1), `expandValue` (2).
 */
export const layer: SequenceLayer<Config, Params, JaxArray, HeadTokens, JaxArray> = {
  about: {
    name: "RetNet",
    paper:
      "Sun et al., arXiv 2307.08621, eq. 6 to 8, with the norm by root mean square of fla/layers",
    kind: "linear in the state",
    eigenvalues: "gamma exp(i theta), fixed: complex, |lambda| < 1",
  },

  configure(options, width) {
    const schema = z.strictObject({
      heads: z.number().int().min(1).default(4),
      expandKey: z.number().gt(0).default(1),
      expandValue: z.number().gt(0).default(2),
    });
    const config = { width, ...readOptions("retnet", schema, options) };
    sizes(config);
    return config;
  },

  init(config, key, gain = 1) {
    const { width } = config;
    const { keys, values, value } = sizes(config);
    const [k1, k2, k3] = random.split(key, 3);
    const weight = (key: JaxArray, inputs: number, outputs: number, gain = 1) =>
      random.normal(key, [inputs, outputs]).mul(gain / Math.sqrt(inputs));
    return {
      input: weight(k1, width, 2 * keys + values),
      gate: weight(k2, width, values),
      norm: np.ones([value]),
      output: weight(k3, values, width, gain),
    };
  },

  initialState(config, batch) {
    const { key, value } = sizes(config);
    return tensor(0, [batch, config.heads, value, key]);
  },

  inputs,

  cell: (config, _, memory, token) => headToken(token, memory, anglesOf(sizes(config).key)),

  outputs: (_, params, read, x) => outputs(params, read, x),

  parallel: (config, params, x, state) =>
    inChunks(
      (params, memory, x) => {
        const tokens = inputs(config, params, x.ref);
        const [last, read] = headMemory(tokens, memory, anglesOf(sizes(config).key));
        return [last, outputs(params, read, x)];
      },
      params,
      state ?? freshState(layer, config, x.shape[0], 0, x.dtype),
      x,
      chunkLength,
    ),
};
