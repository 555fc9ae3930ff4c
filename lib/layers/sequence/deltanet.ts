/**
 * @file The delta rule: a memory of values by keys, from which every token takes back part of what it holds under its own key
 * before it writes there.
 */
import { nn, numpy as np, random } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray } from "../../engine/arrays.ts";
import { readOptions } from "../../options.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";
import { deltaRule } from "../delta_rule.ts";
import { expandedWidth } from "../expanded_width.ts";
import { inChunks } from "../chunks.ts";
import { freshState } from "./forms.ts";
import { rmsNorm } from "../rms_norm.ts";
import {
  convolve,
  convolveToken,
  emptyWindow,
  type ShortConvolution,
  shortConvolutionInit,
} from "../short_convolution.ts";
import type { SequenceLayer } from "./sequence_layer.ts";

/** Its options with their defaults, and the width. */
export interface Config {
  /** d, of x and y. */
  readonly width: number;
  /** H; each has a memory of its own. */
  readonly heads: number;
  /** All keys together have `expandKey` d numbers, K. */
  readonly expandKey: number;
  /** All values together have `expandValue` d numbers, V. */
  readonly expandValue: number;
  /** Tokens that the convolution of queries, keys and values sees; 0 for no convolution. */
  readonly conv: number;
  /** Whether beta lies in (0, 2), not (0, 1). */
  readonly negative: boolean;
  /** Whether a token takes back what the memory holds under its key; otherwise it only adds. */
  readonly erase: boolean;
}

/** Maps without biases. */
export type Params = {
  /** [d, 2 K + V]: queries, keys, values. */
  input: JaxArray;
  /** [d, H] */
  beta: JaxArray;
  /** Of the 2 K + V channels. */
  convolution?: ShortConvolution;
  /** Scale of the norm of a head's output, [V/H]. */
  norm: JaxArray;
  /** [V, d] */
  output: JaxArray;
};

/** `memory` [B, H, K/H, V/H] by key and value, and the last tokens that the convolution sees. */
export type State = { memory: JaxArray; window?: JaxArray };

/** Of a token: `mixed` [..., 2 K + V], before the convolution, and `beta` [..., H]. */
export type Input = { mixed: JaxArray; beta: JaxArray };

function sizes({ width, heads, expandKey, expandValue }: Config) {
  const keys = expandedWidth("deltanet", "expandKey", expandKey, width, heads);
  const values = expandedWidth("deltanet", "expandValue", expandValue, width, heads);
  return { keys, values, key: keys / heads, value: values / heads, channels: 2 * keys + values };
}

/** x over its Euclidean norm, along the last axis. */
function normalised(x: JaxArray): JaxArray {
  const square = np.sum(x.ref.mul(x.ref), -1, { keepdims: true });
  return x.mul(np.reciprocal(np.sqrt(square.add(1e-6))));
}

function inputs({ negative }: Config, params: Params, x: JaxArray): Input {
  const rate = nn.sigmoid(np.matmul(x.ref, params.beta));
  return {
    mixed: np.matmul(x, params.input),
    beta: negative ? rate.mul(2) : rate,
  };
}

/** Tokens of a chunk. */
const chunkLength = 16;

/**
 * Options: `heads` (4), `expandKey` (1), `expandValue` (1), `conv` (4; 0 for none), `negative` (false), `erase` (true; without it the memory is
 * additive, as large and with the same parameters: a control).
 *
 * The transition I - beta k k' has the eigenvalue 1 - beta along the key and 1 across it; beta goes up to 2 with `negative` (Grazzi
 * et al., arXiv 2411.12537, eq. 7), on what is written, too.
 */
export const layer: SequenceLayer<Config, Params, State, Input, JaxArray> = {
  about: {
    name: "DeltaNet",
    paper:
      "Yang et al., arXiv 2406.06484, eq. 4 and section 3.3; with `negative`: Grazzi et al., arXiv 2411.12537, section 4.2",
    kind: "linear in the state",
    eigenvalues: "[0, 1]; [-1, 1] with negative: true",
  },

  configure(options, width) {
    const schema = z.strictObject({
      heads: z.number().int().min(1).default(4),
      expandKey: z.number().gt(0).default(1),
      expandValue: z.number().gt(0).default(1),
      conv: z.number().int().min(0).refine((taps) => taps !== 1, {
        error: "1 would see the token alone; at least 2, or 0 for no convolution",
      }).default(4),
      negative: z.boolean().default(false),
      erase: z.boolean().default(true),
    });
    const config = { width, ...readOptions("deltanet", schema, options) };
    sizes(config);
    return config;
  },

  init(config, key, gain = 1) {
    const { width, heads, conv } = config;
    const { values, value, channels } = sizes(config);
    const [k1, k2, k3, k4] = random.split(key, 4);
    const weight = (key: JaxArray, inputs: number, outputs: number, gain = 1) =>
      random.normal(key, [inputs, outputs]).mul(gain / Math.sqrt(inputs));
    const params: Params = {
      input: weight(k1, width, channels),
      beta: weight(k2, width, heads),
      norm: np.ones([value]),
      output: weight(k4, values, width, gain),
    };
    if (conv) params.convolution = shortConvolutionInit(k3, conv, channels);
    else k3.dispose();
    return params;
  },

  initialState(config, batch) {
    const { key, value, channels } = sizes(config);
    const state: Record<string, Tensor> = { memory: tensor(0, [batch, config.heads, key, value]) };
    if (config.conv) state.window = emptyWindow(batch, config.conv, channels);
    return state;
  },

  inputs,

  cell(config, { convolution }, { memory, window }, { mixed, beta }) {
    const [next, active] = convolution
      ? convolveToken(convolution, window!, mixed)
      : [undefined, nn.silu(mixed)];
    const { heads } = config;
    const { keys, key: keyWidth, value: valueWidth } = sizes(config);
    const [batch] = beta.shape;
    const [q, k, v] = np.split(active, [keys, 2 * keys], -1);
    const column = (x: JaxArray) =>
      normalised(x.reshape([batch, heads, keyWidth])).reshape([batch, heads, keyWidth, 1]);
    const key = column(k);
    const value = v.reshape([batch, heads, 1, valueWidth]);
    const change = config.erase
      ? value.sub(np.sum(memory.ref.mul(key.ref), 2, { keepdims: true }))
      : value;
    const now = memory.add(key.mul(change).mul(beta.reshape([batch, heads, 1, 1])));
    const read = np.sum(now.ref.mul(column(q)), 2);
    return [next ? { memory: now, window: next } : { memory: now }, read];
  },

  outputs(config, { norm, output }, read, x) {
    x.dispose();
    const { key, values } = sizes(config);
    // What is read with a query over sqrt(K/H), with an epsilon of 1e-5, is normalised to the same.
    const scaled = rmsNorm(norm, read, 1e-5 * key);
    return np.matmul(scaled.reshape([...scaled.shape.slice(0, -2), values]), output);
  },

  parallel: (config, params, x, state) =>
    inChunks(
      (params, state, x) => chunk(config, params, state, x),
      params,
      state ?? freshState(layer, config, x.shape[0], 0, x.dtype),
      x,
      chunkLength,
    ),
};

/** Some tokens x [B, C, d] at once. */
function chunk(config: Config, params: Params, state: State, x: JaxArray): [State, JaxArray] {
  const { heads } = config;
  const { keys, key: keyWidth, value: valueWidth } = sizes(config);
  const { convolution } = params;
  const [batch, length] = x.shape;
  const { mixed, beta } = inputs(config, params, x.ref);
  const [window, active] = convolution
    ? convolve(convolution, state.window!, mixed)
    : [undefined, nn.silu(mixed)];
  const [pairs, values] = np.split(active, [2 * keys], -1);
  const both = normalised(pairs.reshape([batch, length, 2, heads, keyWidth]));
  const [query, key] = np.split(np.transpose(both, [2, 0, 3, 1, 4]), 2, 0)
    .map((x) => x.reshape([batch, heads, length, keyWidth]));
  const value = np.transpose(values.reshape([batch, length, heads, valueWidth]), [0, 2, 1, 3]);
  const [memory, out] = deltaRule(
    { query, key, value, beta: np.transpose(beta, [0, 2, 1]) },
    state.memory,
    config.erase,
  );
  const y = layer.outputs!(config, params, np.transpose(out, [0, 2, 1, 3]), x);
  return [window ? { memory, window } : { memory }, y];
}
