/**
 * @file Linear attention that weighs the past by the cosine of its distance: 1 for the token itself, 0 at a distance of `span`
 * tokens, negative beyond.
 */
import { nn, numpy as np } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray } from "../../engine/arrays.ts";
import { readOptions } from "../../options.ts";
import { tensor } from "../../tensor/tensor.ts";
import { attentionInit, type AttentionParams, project } from "../attention_projections.ts";
import { inChunks } from "../chunks.ts";
import { expandedWidth } from "../expanded_width.ts";
import { constantDecay, headMemory, headToken, type HeadTokens } from "../head_memory.ts";
import { linear } from "../linear.ts";
import { freshState } from "./forms.ts";
import type { SequenceLayer } from "./sequence_layer.ts";

/** Its options with their defaults, and the width. */
export interface Config {
  /** d, of x and y. */
  readonly width: number;
  /** H, each with w = d/H of the width. */
  readonly heads: number;
  /** M, tokens at whose distance the weight is 0. */
  readonly span: number;
}

/** Every number of a key is held as its sine and cosine, which turn alike. */
const anglesOf = ({ width, heads, span }: Config) =>
  Array<number>(width / heads).fill(Math.PI / 2 / span);

/** Below which no denominator falls. */
const least = 1e-6;

/** Keys [0, relu(k)], which turn to [-relu(k) sin, relu(k) cos], and values with a 1 behind, for the denominator. */
function inputs({ width, heads }: Config, params: AttentionParams, x: JaxArray): HeadTokens {
  const lead = x.shape.slice(0, -1);
  const logDecay = constantDecay(Array(heads).fill(0), lead, x.dtype);
  const projected = project(params, x);
  const byHead = (x: JaxArray) => x.reshape([...lead, heads, width / heads]);
  const features = (x: JaxArray) => {
    const positive = nn.relu(byHead(x));
    return np.concatenate([np.zerosLike(positive.ref), positive], -1);
  };
  const value = byHead(projected.value);
  const one = np.ones([...lead, heads, 1]).astype(value.dtype);
  return {
    query: features(projected.query),
    key: features(projected.key),
    value: np.concatenate([value, one], -1),
    logDecay,
  };
}

/** Numerators over their denominator, [..., H, w + 1], and the projection. */
function outputs({ output }: AttentionParams, read: JaxArray, lead: readonly number[]): JaxArray {
  const [heads, each] = read.shape.slice(-2);
  const [numerator, sum] = np.split(read, [each - 1], -1);
  const mixed = numerator.mul(np.reciprocal(np.maximum(sum, least)));
  return linear(output, mixed.reshape([...lead, heads * (each - 1)]));
}

/** Tokens of a chunk. */
const chunkLength = 32;

/**
 * y_t = sum_{s <= t} q_t' k_s cos(pi (t - s) / (2 M)) v_s over the same sum without v, with q and k by relu. Options: `heads` (4), `span`
 * (M, 512: the paper's is the length of the sequence, which a causal layer does not know).
 */
export const layer: SequenceLayer<Config, AttentionParams, JaxArray, HeadTokens, JaxArray> = {
  about: {
    name: "cosFormer",
    paper: "Qin et al., arXiv 2202.08791, eq. 9 to 12",
    kind: "linear in the state",
    eigenvalues: "exp(+-i pi / (2 span)), fixed: |lambda| = 1",
  },

  configure(options, width) {
    const schema = z.strictObject({
      heads: z.number().int().min(1).default(4),
      span: z.number().int().min(1).default(512),
    });
    const config = { width, ...readOptions("cosformer", schema, options) };
    expandedWidth("cosformer", "expansion", 1, width, config.heads);
    return config;
  },

  init: ({ width }, key, gain = 1) => attentionInit(key, width, gain),

  initialState: ({ width, heads }, batch) =>
    tensor(0, [batch, heads, width / heads + 1, 2 * width / heads]),

  inputs,

  cell: (config, _, memory, token) => headToken(token, memory, anglesOf(config)),

  outputs(_, params, read, x) {
    x.dispose();
    return outputs(params, read, x.shape.slice(0, -1));
  },

  parallel: (config, params, x, state) =>
    inChunks(
      (params, memory, x) => {
        const lead = x.shape.slice(0, -1);
        const [last, read] = headMemory(inputs(config, params, x), memory, anglesOf(config));
        return [last, outputs(params, read, lead)];
      },
      params,
      state ?? freshState(layer, config, x.shape[0], 0, x.dtype),
      x,
      chunkLength,
    ),
};
