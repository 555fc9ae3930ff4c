/**
 * @file A selective state-space layer with one decay a head: each token decides how much of a head's memory fades and what is
 * written to it.
 */
import { nn, numpy as np, random } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray } from "../../engine/arrays.ts";
import { readOptions } from "../../options.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";
import { inChunks } from "../chunks.ts";
import { decayedMemory } from "../decayed_memory.ts";
import { expandedWidth } from "../expanded_width.ts";
import { linear, type LinearParams } from "../linear.ts";
import { rmsNorm } from "../rms_norm.ts";
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
  /** N, numbers that the memory holds for every inner channel. */
  readonly state: number;
  /** P, inner channels of a head. */
  readonly headWidth: number;
  /** I = `expand` d inner channels. */
  readonly expand: number;
  /** Tokens that the convolution sees; 0 for no convolution. */
  readonly conv: number;
}

/** Maps without biases, but that of the step. */
export type Params = {
  /** [d, I + 2 N]: x, B, C. */
  input: JaxArray;
  /** Of the I + 2 N channels. */
  convolution?: ShortConvolution;
  /** To one step size a head, before softplus: [d, I/P]. */
  step: LinearParams;
  /** log -A, [I/P] */
  rate: JaxArray;
  /** D, [I/P] */
  skip: JaxArray;
  /** z, [d, I] */
  gate: JaxArray;
  /** Scale of the norm, [I]. */
  norm: JaxArray;
  /** [I, d] */
  output: JaxArray;
};

/** `memory` [B, I/P, P, N], and the last tokens that the convolution sees. */
export type State = { memory: JaxArray; window?: JaxArray };

/** Of a token: `mixed` [..., I + 2 N], before the convolution, and `step` [..., I/P]. */
export type Input = { mixed: JaxArray; step: JaxArray };

const sizes = ({ width, state, headWidth, expand }: Config) => {
  const inner = expandedWidth("mamba2", "expand", expand, width);
  return { inner, heads: inner / headWidth, channels: inner + 2 * state };
};

const inputs = (_: Config, { input, step }: Params, x: JaxArray): Input => ({
  mixed: np.matmul(x.ref, input),
  step: nn.softplus(linear(step, x)),
});

/** Tokens of a chunk: as many as make its matrix of decays as large as a head's memory, within reason. */
const chunkLength = ({ headWidth, state }: Config) =>
  Math.min(64, Math.max(16, Math.round(Math.sqrt(headWidth * state))));

/** Of a head, by default. */
const widestHead = 64;

/**
 * Options: `state` (64), `expand` (2), `headWidth` (the largest divisor of `expand` d up to 64), `conv` (4; 0 for none).
 * B and C are those of all heads.
 */
export const layer: SequenceLayer<Config, Params, State, Input, JaxArray> = {
  about: {
    name: "Mamba-2",
    paper: "Dao & Gu, arXiv 2405.21060, eq. 1 and section 7",
    kind: "linear in the state",
    eigenvalues: "(0, 1)",
  },

  configure(options, width) {
    const schema = z.strictObject({
      state: z.number().int().min(1).default(64),
      headWidth: z.number().int().min(1).optional(),
      expand: z.number().gt(0).default(2),
      conv: z.number().int().min(0).refine((taps) => taps !== 1, {
        error: "1 would see the token alone; at least 2, or 0 for no convolution",
      }).default(4),
    });
    const given = readOptions("mamba2", schema, options);
    const inner = expandedWidth("mamba2", "expand", given.expand, width);
    let headWidth = given.headWidth ?? Math.min(inner, widestHead);
    if (given.headWidth === undefined) { while (inner % headWidth !== 0) headWidth--; }
    if (inner % headWidth !== 0) {
      throw new RangeError(
        `mamba2 options: headWidth = ${headWidth}: must divide expand x width = ${inner}`,
      );
    }
    return { width, ...given, headWidth };
  },

  /**
   * Rates uniform in 1..16, steps log-uniform in .001..0.1 where the token adds nothing to them (state-spaces/mamba,
   * modules/mamba2_simple.py).
   */
  init(config, key, gain = 1) {
    const { width, conv } = config;
    const { inner, heads, channels } = sizes(config);
    const [k1, k2, k3, k4, k5, k6, k7] = random.split(key, 7);
    const weight = (key: JaxArray, inputs: number, outputs: number, gain = 1) =>
      random.normal(key, [inputs, outputs]).mul(gain / Math.sqrt(inputs));
    const logs = random.uniform(k3, [heads], { minval: Math.log(0.001), maxval: Math.log(0.1) });
    const steps = np.exp(logs);
    const params: Params = {
      input: weight(k1, width, channels),
      // Softplus gives the steps back.
      step: { weight: weight(k2, width, heads), bias: np.log(np.expm1(steps)) },
      rate: np.log(random.uniform(k4, [heads], { minval: 1, maxval: 16 })),
      skip: np.ones([heads]),
      gate: weight(k5, width, inner),
      norm: np.ones([inner]),
      output: weight(k6, inner, width, gain),
    };
    if (conv) params.convolution = shortConvolutionInit(k7, conv, channels, { bias: true });
    else k7.dispose();
    return params;
  },

  initialState(config, batch) {
    const { heads, channels } = sizes(config);
    const { headWidth, state: states, conv } = config;
    const state: Record<string, Tensor> = {
      memory: tensor(0, [batch, heads, headWidth, states]),
    };
    if (conv) state.window = emptyWindow(batch, conv, channels);
    return state;
  },

  inputs,

  cell(config, { convolution, rate, skip }, { memory, window }, { mixed, step }) {
    const [next, active] = convolution
      ? convolveToken(convolution, window!, mixed)
      : [undefined, nn.silu(mixed)];
    const { headWidth, state: states } = config;
    const { inner, heads } = sizes(config);
    const [batch] = step.shape;
    const parts = np.split(active, [inner, inner + states], -1);
    const x = parts[0].reshape([batch, heads, headWidth]);
    const [b, c] = parts.slice(1).map((x) => x.reshape([batch, 1, 1, states]));
    const decay = np.exp(step.ref.mul(np.exp(rate)).neg());
    const each = (x: JaxArray) => x.reshape([batch, heads, 1, 1]);
    const written = each(step).mul(x.ref.reshape([batch, heads, headWidth, 1])).mul(b);
    const now = memory.mul(each(decay)).add(written);
    const read = np.sum(now.ref.mul(c), -1).add(x.mul(skip.reshape([heads, 1])));
    return [next ? { memory: now, window: next } : { memory: now }, read.reshape([batch, inner])];
  },

  outputs(_, { gate, norm, output }, read, x) {
    const gated = read.mul(nn.silu(np.matmul(x, gate)));
    return np.matmul(rmsNorm(norm, gated, 1e-5), output);
  },

  parallel: (config, params, x, state) =>
    inChunks(
      (params, state, x) => chunk(config, params, state, x),
      params,
      state ?? freshState(layer, config, x.shape[0], 0, x.dtype),
      x,
      chunkLength(config),
    ),
};

/** Some tokens x [B, C, d] at once. */
function chunk(config: Config, params: Params, state: State, x: JaxArray): [State, JaxArray] {
  const { headWidth, state: states } = config;
  const { inner, heads } = sizes(config);
  const { convolution, rate, skip } = params;
  const [batch, length] = x.shape;
  const { mixed, step } = inputs(config, params, x.ref);
  const [window, active] = convolution
    ? convolve(convolution, state.window!, mixed)
    : [undefined, nn.silu(mixed)];
  const [tokens, key, query] = np.split(active, [inner, inner + states], -1);
  const values = tokens.reshape([batch, length, heads, headWidth]);
  const scaled = values.ref.mul(step.ref.reshape([batch, length, heads, 1]));
  const [memory, read] = decayedMemory({
    query,
    key,
    value: np.transpose(scaled, [0, 2, 1, 3]),
    logDecay: np.transpose(step.mul(np.exp(rate)).neg(), [0, 2, 1]),
  }, state.memory);
  const shown = np.transpose(read, [0, 2, 1, 3]).add(values.mul(skip.reshape([heads, 1])));
  const y = layer.outputs!(config, params, shown.reshape([batch, length, inner]), x);
  return [window ? { memory, window } : { memory }, y];
}
