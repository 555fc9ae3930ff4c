/** @file The attention of TransNormerLLM, which Lightning Attention computes: linear, and fading by a fixed factor a head. */
import { nn, numpy as np, random } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray } from "../../engine/arrays.ts";
import { readOptions } from "../../options.ts";
import { tensor } from "../../tensor/tensor.ts";
import { inChunks } from "../chunks.ts";
import { expandedWidth } from "../expanded_width.ts";
import { groupNorm } from "../group_norm.ts";
import { constantDecay, headMemory, headToken, type HeadTokens } from "../head_memory.ts";
import { freshState } from "./forms.ts";
import type { SequenceLayer } from "./sequence_layer.ts";

/** Its options with their defaults, and the width. */
export interface Config {
  /** d, of x and y; all keys and all values have as many numbers. */
  readonly width: number;
  /** H; each has a memory of its own. */
  readonly heads: number;
  /** Factor on the rates of decay. The paper's falls from 1 to 0 from layer to layer; a layer by itself is given its own. */
  readonly decay: number;
  /** Whether every other head, from the first on, is multiplied by a factor below zero. */
  readonly negative: boolean;
}

/** Maps without biases. */
export type Params = {
  /** [d, 3 d]: queries, keys, values. */
  input: JaxArray;
  /** [d, d/H] and [d/H, d], of the gate on the output. */
  gate: { down: JaxArray; up: JaxArray };
  /** Of the norm of what all heads read, [d] each. */
  norm: { scale: JaxArray; shift: JaxArray };
  /** [d, d] */
  output: JaxArray;
};

/** Slopes of ALiBi: 2^(-8 i / H) for i = 1..H if H is a power of 2, else those of the next lower power and every other of twice that. */
export function slopes(heads: number): number[] {
  const power = 2 ** Math.floor(Math.log2(heads));
  const own = Array.from({ length: power }, (_, i) => 2 ** (-8 * (i + 1) / power));
  if (power === heads) return own;
  const between = slopes(2 * power).filter((_, i) => i % 2 === 0);
  return [...own, ...between.slice(0, heads - power)];
}

function inputs(
  { width, heads, decay, negative }: Config,
  { input }: Params,
  x: JaxArray,
): HeadTokens {
  const lead = x.shape.slice(0, -1);
  const logDecay = constantDecay(slopes(heads).map((s) => -s * decay), lead, x.dtype);
  const [query, key, value] = np.split(nn.silu(np.matmul(x, input)), 3, -1)
    .map((x) => x.reshape([...lead, heads, width / heads]));
  const tokens = { query, key, value, logDecay };
  if (!negative) return tokens;
  const below = Array.from({ length: heads }, (_, h) => h % 2 ? 0 : 1);
  return { ...tokens, reverses: constantDecay(below, lead, x.dtype) };
}

/** Norm over all heads, gate and projection of what they read, [..., H, d/H]. */
function outputs({ gate, norm, output }: Params, read: JaxArray, x: JaxArray): JaxArray {
  const normed = groupNorm(norm, read.reshape([...x.shape.slice(0, -1), 1, x.shape.at(-1)!]));
  const open = nn.sigmoid(np.matmul(np.matmul(x, gate.down), gate.up));
  return np.matmul(normed.mul(open), output);
}

/** Tokens of a chunk. */
const chunkLength = 32;

/**
 * S_t = exp(-slope) S_{t-1} + v_t k_t' for every head, all by silu of maps of x; the slopes are ALiBi's, times `decay`. Options: `heads`
 * (4), `decay` (1), `negative` (false; by it every other head, from the first on, has -exp(-slope)).
 */
export const layer: SequenceLayer<Config, Params, JaxArray, HeadTokens, JaxArray> = {
  about: {
    name: "TNL",
    paper: "Qin et al., arXiv 2405.17381, section 3; the positional decay of arXiv 2307.14995",
    kind: "linear in the state",
    eigenvalues: "exp(-slope), fixed, in (0, 1); (-1, 1) with negative: true",
  },

  configure(options, width) {
    const schema = z.strictObject({
      heads: z.number().int().min(1).default(4),
      decay: z.number().min(0).default(1),
      negative: z.boolean().default(false),
    });
    const config = { width, ...readOptions("tnl", schema, options) };
    expandedWidth("tnl", "expansion", 1, width, config.heads);
    return config;
  },

  init({ width, heads }, key, gain = 1) {
    const [k1, k2, k3, k4] = random.split(key, 4);
    const weight = (key: JaxArray, inputs: number, outputs: number, gain = 1) =>
      random.normal(key, [inputs, outputs]).mul(gain / Math.sqrt(inputs));
    return {
      input: weight(k1, width, 3 * width),
      gate: { down: weight(k2, width, width / heads), up: weight(k3, width / heads, width) },
      norm: { scale: np.ones([width]), shift: np.zeros([width]) },
      output: weight(k4, width, width, gain),
    };
  },

  initialState: ({ width, heads }, batch) =>
    tensor(0, [batch, heads, width / heads, width / heads]),

  inputs,

  cell: (_config, _params, memory, token) => headToken(token, memory),

  outputs: (_, params, read, x) => outputs(params, read, x),

  parallel: (config, params, x, state) =>
    inChunks(
      (params, memory, x) => {
        const [last, read] = headMemory(inputs(config, params, x.ref), memory);
        return [last, outputs(params, read, x)];
      },
      params,
      state ?? freshState(layer, config, x.shape[0], 0, x.dtype),
      x,
      chunkLength,
    ),
};
