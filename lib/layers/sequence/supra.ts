/**
 * @file What softmax attention becomes in SUPRA: its own queries, keys and values, these two through a map and a ReLU, in a memory that fades; a
 * norm stands for the sum that softmax divides by. Its other parameters are those of a trained Transformer (lib/train/uptraining.ts).
 */
import { nn, random } from "@jax-js/jax";
import type { JaxArray } from "../../engine/arrays.ts";
import { tensor } from "../../tensor/tensor.ts";
import {
  type AttentionConfig,
  attentionInit,
  type AttentionParams,
  configureHeads,
  project,
} from "../attention_projections.ts";
import { inChunks } from "../chunks.ts";
import { standardised } from "../group_norm.ts";
import { constantDecay, headMemory, headToken, type HeadTokens } from "../head_memory.ts";
import { linear, linearInit, type LinearParams } from "../linear.ts";
import { freshState } from "./forms.ts";
import type { SequenceLayer } from "./sequence_layer.ts";

/** Those of softmax attention, under their names, and the map of queries and keys, [d, d]. */
export type Params = AttentionParams & { kernel: LinearParams };

/** Of pair i of a head's key of so many numbers. */
const anglesOf = (key: number) =>
  Array.from({ length: key / 2 }, (_, i) => 10_000 ** (-i / (key / 2)));

/** log gamma of head h: -2^(-8 (h + 1) / H). */
const decaysOf = (heads: number) =>
  Array.from({ length: heads }, (_, h) => -(2 ** (-8 * (h + 1) / heads)));

function inputs({ width, heads }: AttentionConfig, params: Params, x: JaxArray): HeadTokens {
  const lead = x.shape.slice(0, -1);
  const each = width / heads;
  const logDecay = constantDecay(decaysOf(heads), lead, x.dtype);
  const { query, key, value } = project(params, x);
  const { weight, bias } = params.kernel;
  const shown = (x: JaxArray) => nn.relu(linear({ weight: weight.ref, bias: bias.ref }, x));
  const byHead = (x: JaxArray) => x.reshape([...lead, heads, each]);
  return {
    query: byHead(shown(query)).mul(each ** -0.5),
    key: byHead(shown(key)),
    value: byHead(value),
    logDecay,
  };
}

/** @param read [..., H, e] */
const outputs = ({ output }: Pick<Params, "output">, read: JaxArray): JaxArray => {
  const [heads, each] = read.shape.slice(-2);
  const normed = standardised(read, 1e-5);
  return linear(output, normed.reshape([...read.shape.slice(0, -2), heads * each]));
};

/** Tokens of a chunk. */
const chunkLength = 32;

/**
 * S_t = gamma R S_{t-1} + v_t f(k_t)' for every head, read by f(q_t) / sqrt(e), where f(x) = relu(K x + c), R turns pairs of a key as rotary positions
 * do, and gamma = exp(-2^(-8 (h + 1) / H)) of head h; y = W norm(read) + b, of every head by itself. Option: `heads` (4).
 */
export const layer: SequenceLayer<AttentionConfig, Params, JaxArray, HeadTokens, JaxArray> = {
  about: {
    name: "SUPRA",
    paper:
      "Mercat et al., arXiv 2405.06640, section 3, as in github.com/TRI-ML/linear_open_lm@aa3c042, LinearAttn of open_lm/model.py, with decay",
    kind: "linear in the state",
    eigenvalues: "gamma exp(i theta), fixed: complex, |lambda| < 1",
  },

  configure: (options, width) => configureHeads("supra", options, width),

  init({ width }, key, gain = 1) {
    const [k1, k2] = random.split(key, 2);
    return { ...attentionInit(k1, width, gain), kernel: linearInit(k2, width, width) };
  },

  initialState: ({ width, heads }, batch) =>
    tensor(0, [batch, heads, width / heads, width / heads]),

  inputs,

  cell: ({ width, heads }, _, memory, token) => headToken(token, memory, anglesOf(width / heads)),

  outputs(_, params, read, x) {
    x.dispose();
    return outputs(params, read);
  },

  parallel: (config, params, x, state) =>
    inChunks(
      (params, memory, x) => {
        const tokens = inputs(config, params, x);
        const angles = anglesOf(config.width / config.heads);
        const [last, read] = headMemory(tokens, memory, angles);
        return [last, outputs(params, read)];
      },
      params,
      state ?? freshState(layer, config, x.shape[0], 0, x.dtype),
      x,
      chunkLength,
    ),
};
