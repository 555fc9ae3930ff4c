/** @file The matrix LSTM of xLSTM: a memory of values by keys with exponential gates, and the normaliser that they need. */
import { nn, numpy as np, random } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray } from "../../engine/arrays.ts";
import { readOptions } from "../../options.ts";
import { tensor } from "../../tensor/tensor.ts";
import { byHead } from "../by_head.ts";
import { inChunks } from "../chunks.ts";
import { expandedWidth } from "../expanded_width.ts";
import { groupNorm } from "../group_norm.ts";
import { headMemory, headToken, type HeadTokens } from "../head_memory.ts";
import { linear, type LinearParams } from "../linear.ts";
import {
  convolve,
  convolveToken,
  emptyWindow,
  type ShortConvolution,
  shortConvolutionInit,
} from "../short_convolution.ts";
import { freshState } from "./forms.ts";
import type { SequenceLayer } from "./sequence_layer.ts";

/** Its options with their defaults, and the width. */
export interface Config {
  /** d, of x and y. */
  readonly width: number;
  /** H; each has a memory of its own. */
  readonly heads: number;
  /** I = `expand` d inner channels. */
  readonly expand: number;
  /** Channels that a query, key or value is made of: blocks of the diagonal of their maps. */
  readonly block: number;
  /** Tokens that the convolution of queries and keys sees. */
  readonly conv: number;
  /** Whether the memory is multiplied by 2 f - 1, not by f. */
  readonly negative: boolean;
}

/** Maps without biases, but those of the gates. */
export type Params = {
  /** [d, I] */
  input: JaxArray;
  convolution: ShortConvolution;
  /** By block, [I/b, b, b]. */
  query: JaxArray;
  key: JaxArray;
  value: JaxArray;
  /** Of query, key and value to input and forget gates, [3 I, 2 H]. */
  gates: LinearParams;
  /** Scale of the norm of every head's output, [I]. */
  norm: JaxArray;
  /** On what the convolution gives, [I]. */
  skip: JaxArray;
  /** [d, I], of the gate on the output. */
  gate: JaxArray;
  /** [I, d] */
  output: JaxArray;
};

/**
 * `memory` [B, H, I/H + 1, I/H]: values, and behind them a 1, by key, over exp(stabiliser). The stabiliser is a whole number, int32
 * [B, H]: what is read does not depend on it. The window is that of the convolution.
 */
export type State = { memory: JaxArray; stabiliser: JaxArray; window: JaxArray };

/** What the heads read [..., I], and what the convolution gave [..., I]. */
export type Output = { read: JaxArray; active: JaxArray };

const innerOf = ({ width, heads, expand }: Config) =>
  expandedWidth("mlstm", "expand", expand, width, heads);

/** Below which no factor falls that may be zero on its way to the other sign: in float32 it forgets everything. */
const leastFactor = 1e-9;

/** Of tokens, [..., H, ...] each; `write` is the logarithm of the input gate. */
function tokensOf(
  config: Config,
  { query, key, value, gates }: Params,
  mixed: JaxArray,
  active: JaxArray,
): HeadTokens & { write: JaxArray } {
  const { heads, block, negative } = config;
  const inner = innerOf(config);
  const each = inner / heads;
  const lead = mixed.shape.slice(0, -1);
  const blocks = (x: JaxArray, weight: JaxArray) =>
    byHead(x.reshape([...lead, inner / block, block]), weight).reshape([...lead, inner]);
  const [q, k, v] = [blocks(active.ref, query), blocks(active, key), blocks(mixed, value)];
  const logits = linear(gates, np.concatenate([q.ref, k.ref, v.ref], -1));
  const [write, forget] = np.split(logits, 2, -1);
  const shared = (x: JaxArray) => x.reshape([...lead, heads, each]);
  const values = shared(v);
  const tokens = {
    query: shared(q),
    key: shared(k).mul(each ** -0.5),
    value: np.concatenate([values, np.ones([...lead, heads, 1]).astype(values.dtype)], -1),
    write,
  };
  if (!negative) return { ...tokens, logDecay: nn.logSigmoid(forget) };
  const factor = np.tanh(forget.mul(0.5)); // 2 f - 1
  const reverses = factor.ref.less(0).astype(values.dtype);
  const size = np.maximum(np.abs(factor), leastFactor);
  return { ...tokens, logDecay: np.log(size), reverses };
}

const ceil = (x: JaxArray) => np.floor(x.neg()).neg();

/** Numerators over max(|n' q|, 1), in units of exp(stabiliser). @param read [..., H, I/H + 1] @param stabiliser [..., H] */
function normalised(read: JaxArray, stabiliser: JaxArray): JaxArray {
  const [heads, each] = read.shape.slice(-2);
  const [numerator, sum] = np.split(read, [each - 1], -1);
  const least = np.exp(stabiliser.neg()).reshape([...stabiliser.shape, 1]);
  const mixed = numerator.mul(np.reciprocal(np.maximum(np.abs(sum), least)));
  return mixed.reshape([...mixed.shape.slice(0, -2), heads * (each - 1)]);
}

function outputs(
  { heads }: Config,
  { norm, skip, gate, output }: Params,
  { read, active }: Output,
  x: JaxArray,
): JaxArray {
  const normed = groupNorm({ scale: norm }, read.reshape([...read.shape.slice(0, -1), heads, -1]));
  const open = nn.silu(np.matmul(x, gate));
  return np.matmul(normed.add(active.mul(skip)).mul(open), output);
}

/** Tokens of a chunk. */
const chunkLength = 32;

/**
 * C_t = f_t C_{t-1} + i_t v_t k_t', n_t = f_t n_{t-1} + i_t k_t, read as C q / max(|n' q|, 1), with i = exp(W u) and f = sigmoid(V u) of u =
 * [q, k, v]; q and k see a convolution, and all are block-diagonal maps. Options: `heads` (4), `expand` (2), `block` (4), `conv` (4),
 * `negative` (false; by it C and n are multiplied by 2 f - 1).
 */
export const layer: SequenceLayer<Config, Params, State, JaxArray, Output> = {
  about: {
    name: "mLSTM",
    paper: "Beck et al., arXiv 2405.04517, eq. 19 to 27 and figure 11, with sigmoid forget gates",
    kind: "linear in the state",
    eigenvalues: "(0, 1), the forget gates; (-1, 1) with negative: true",
  },

  configure(options, width) {
    const schema = z.strictObject({
      heads: z.number().int().min(1).default(4),
      expand: z.number().gt(0).default(2),
      block: z.number().int().min(1).default(4),
      conv: z.number().int().min(2).default(4),
      negative: z.boolean().default(false),
    });
    const config = { width, ...readOptions("mlstm", schema, options) };
    expandedWidth("mlstm", "expand", config.expand, width, config.block);
    innerOf(config);
    return config;
  },

  /** Gates see nothing of the token at first; forget biases rise from 3 to 6 over the heads (as in the published code). */
  init(config, key, gain = 1) {
    const { width, heads, block, conv } = config;
    const inner = innerOf(config);
    const [k1, k2, k3, k4, k5, k6, k7, k8] = random.split(key, 8);
    const weight = (key: JaxArray, shape: number[], gain = 1) =>
      random.normal(key, shape).mul(gain / Math.sqrt(shape.at(-2)!));
    const forget = Float32Array.from(
      { length: heads },
      (_, h) => heads === 1 ? 3 : 3 + 3 * h / (heads - 1),
    );
    return {
      input: weight(k1, [width, inner]),
      convolution: shortConvolutionInit(k2, conv, inner, { bias: true }),
      query: weight(k3, [inner / block, block, block]),
      key: weight(k4, [inner / block, block, block]),
      value: weight(k5, [inner / block, block, block]),
      gates: {
        weight: np.zeros([3 * inner, 2 * heads]),
        bias: np.concatenate([random.normal(k6, [heads]).mul(0.1), np.array(forget)]),
      },
      norm: np.ones([inner]),
      skip: np.ones([inner]),
      gate: weight(k7, [width, inner]),
      output: weight(k8, [inner, width], gain),
    };
  },

  initialState(config, batch) {
    const { heads, conv } = config;
    const inner = innerOf(config);
    return {
      memory: tensor(0, [batch, heads, inner / heads + 1, inner / heads]),
      stabiliser: tensor(0, [batch, heads], "int32"),
      window: emptyWindow(batch, conv, inner),
    };
  },

  inputs: (_, { input }, x) => np.matmul(x, input),

  cell(config, params, { memory, stabiliser, window }, mixed) {
    const [next, active] = convolveToken(params.convolution, window, mixed.ref);
    const { write, logDecay, value, ...token } = tokensOf(config, params, mixed, active.ref);
    const before = stabiliser.astype(write.dtype);
    const now = np.maximum(before.ref.add(ceil(logDecay.ref)), ceil(write.ref));
    const scale = np.exp(write.sub(now.ref)).reshape([...now.shape, 1]);
    const [last, read] = headToken({
      ...token,
      value: value.mul(scale),
      logDecay: logDecay.add(before.sub(now.ref)),
    }, memory);
    return [
      { memory: last, stabiliser: now.ref.astype(np.int32), window: next },
      { read: normalised(read, now), active },
    ];
  },

  outputs,

  parallel: (config, params, x, state) =>
    inChunks(
      (params, state, x) => chunk(config, params, state, x),
      params,
      state ?? freshState(layer, config, x.shape[0], 0, x.dtype),
      x,
      chunkLength,
    ),
};

/** Some tokens x [B, C, d] at once, in units of the largest stabiliser among them. */
function chunk(config: Config, params: Params, state: State, x: JaxArray): [State, JaxArray] {
  const mixed = np.matmul(x.ref, params.input);
  const [window, active] = convolve(params.convolution, state.window, mixed.ref);
  const { write, value, ...tokens } = tokensOf(config, params, mixed, active.ref);
  const [batch, size, heads] = write.shape;
  const before = state.stabiliser.astype(write.dtype);
  const own = ceil(write.ref);
  const largest = np.maximum(before.ref, np.max(own.ref, 1));
  // As token by token: the maximum of what each of them brings, less what is forgotten after it.
  const falls = ceil(tokens.logDecay.ref);
  const after = np.triu(np.ones([size, size]), 1).astype(write.dtype);
  const left = np.transpose(
    np.matmul(after, np.transpose(falls.ref, [1, 0, 2]).reshape([size, -1]))
      .reshape([size, batch, heads]),
    [1, 0, 2],
  );
  const last = np.maximum(before.ref.add(np.sum(falls, 1)), np.max(own.add(left), 1));
  const scaled = (memory: JaxArray, log: JaxArray) =>
    memory.mul(np.exp(log).reshape([batch, heads, 1, 1]));
  const scale = np.exp(write.sub(largest.ref.reshape([batch, 1, heads])));
  const [memory, read] = headMemory(
    { ...tokens, value: value.mul(scale.reshape([batch, size, heads, 1])) },
    scaled(state.memory, before.sub(largest.ref)),
  );
  const units = np.broadcastTo(largest.ref.reshape([batch, 1, heads]), [batch, size, heads]);
  const y = outputs(config, params, { read: normalised(read, units), active }, x);
  // (Beyond that all is forgotten.)
  const rest = np.minimum(largest.sub(last.ref), 80);
  return [{ memory: scaled(memory, rest), stabiliser: last.astype(np.int32), window }, y];
}
