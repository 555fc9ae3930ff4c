/**
 * @file Mamba's selective state space (S6): every channel has states of its own, which fade and are written to by as much as the token
 * chooses.
 */
import { nn, numpy as np, random } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray } from "../../engine/arrays.ts";
import { scan } from "../../engine/scan.ts";
import { readOptions } from "../../options.ts";
import { tensor } from "../../tensor/tensor.ts";
import { expandedWidth } from "../expanded_width.ts";
import { stepBias, weightInit } from "../gated_delta_layer.ts";
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
  /** N, states of a channel. */
  readonly state: number;
  /** I = `expand` d inner channels. */
  readonly expand: number;
  /** r, numbers between an inner token and its steps. */
  readonly stepRank: number;
  /** Tokens that the convolution sees. */
  readonly conv: number;
  /** Whether states are multiplied by 2 exp(step A) - 1, not by exp(step A). */
  readonly negative: boolean;
}

/** Maps without biases, but that of the steps. */
export type Params = {
  /** [d, I] */
  input: JaxArray;
  convolution: ShortConvolution;
  /** Of an inner token to r numbers, B and C: [I, r + 2 N]. */
  select: JaxArray;
  /** To one step a channel, before softplus, [r, I]. */
  step: LinearParams;
  /** log -A, [I, N] */
  rate: JaxArray;
  /** D, [I] */
  skip: JaxArray;
  /** z, [d, I] */
  gate: JaxArray;
  /** [I, d] */
  output: JaxArray;
};

/** h [B, I, N], and the last tokens that the convolution sees. */
export type State = { h: JaxArray; window: JaxArray };

/** What a token chooses: its channels and their steps [..., I], B and C [..., N]. */
type Selected = { u: JaxArray; step: JaxArray; b: JaxArray; c: JaxArray };

const innerOf = ({ width, expand }: Config) => expandedWidth("mamba", "expand", expand, width);

function selected({ stepRank, state }: Config, params: Params, u: JaxArray): Selected {
  const [low, b, c] = np.split(
    np.matmul(u.ref, params.select),
    [stepRank, stepRank + state],
    -1,
  );
  return { u, step: nn.softplus(linear(params.step, low)), b, c };
}

/** One token, leaves [B, ...]. @param rate -A, [I, N] @returns the next h, and C h [B, I] */
function update(
  negative: boolean,
  rate: JaxArray,
  h: JaxArray,
  { u, step, b, c }: Selected,
): [JaxArray, JaxArray] {
  const [batch, inner] = u.shape;
  const column = (x: JaxArray) => x.reshape([batch, inner, 1]);
  const row = (x: JaxArray) => x.reshape([batch, 1, -1]);
  const kept = np.exp(column(step.ref).mul(rate).neg());
  const next = (negative ? kept.mul(2).sub(1) : kept).mul(h).add(column(step.mul(u)).mul(row(b)));
  return [next, np.sum(next.ref.mul(row(c)), -1)];
}

/**
 * h_t = exp(step_t A) h_{t-1} + step_t B_t u_t for every channel, read as C_t h_t + D u_t, times silu(z_t). Options: `state` (N, 16), `expand`
 * (2), `stepRank` (r, d/16 rounded up), `conv` (4), `negative` (false; by it h is multiplied by 2 exp(step A) - 1).
 */
export const layer: SequenceLayer<Config, Params, State, JaxArray, JaxArray> = {
  about: {
    name: "Mamba",
    paper:
      "Gu & Dao, arXiv 2312.00752, eq. 2 and algorithm 2; with `negative`: Grazzi et al., arXiv 2411.12537, section 4.2",
    kind: "linear in the state",
    eigenvalues: "(0, 1); (-1, 1) with negative: true",
  },

  configure(options, width) {
    const schema = z.strictObject({
      state: z.number().int().min(1).default(16),
      expand: z.number().gt(0).default(2),
      stepRank: z.number().int().min(1).default(Math.ceil(width / 16)),
      conv: z.number().int().min(2).default(4),
      negative: z.boolean().default(false),
    });
    const config = { width, ...readOptions("mamba", schema, options) };
    innerOf(config);
    return config;
  },

  /** A = -1 ... -N for every channel, steps log-uniform in .001..0.1 where the token adds nothing to them (state-spaces/mamba). */
  init(config, key, gain = 1) {
    const { width, state, stepRank, conv } = config;
    const inner = innerOf(config);
    const [k1, k2, k3, k4, k5, k6, k7] = random.split(key, 7);
    const bound = 1 / Math.sqrt(stepRank);
    const rates = Float32Array.from({ length: inner * state }, (_, i) => Math.log(1 + i % state));
    return {
      input: weightInit(k1, width, inner),
      convolution: shortConvolutionInit(k2, conv, inner, { bias: true }),
      select: weightInit(k3, inner, stepRank + 2 * state),
      step: {
        weight: random.uniform(k4, [stepRank, inner], { minval: -bound, maxval: bound }),
        bias: stepBias(k5, inner),
      },
      rate: np.array(rates, { shape: [inner, state] }),
      skip: np.ones([inner]),
      gate: weightInit(k6, width, inner),
      output: weightInit(k7, inner, width, gain),
    };
  },

  initialState(config, batch) {
    const inner = innerOf(config);
    return {
      h: tensor(0, [batch, inner, config.state]),
      window: emptyWindow(batch, config.conv, inner),
    };
  },

  inputs: (_, { input }, x) => np.matmul(x, input),

  cell(config, params, { h, window }, mixed) {
    const [next, u] = convolveToken(params.convolution, window, mixed);
    const token = selected(config, params, u.ref);
    const [now, read] = update(config.negative, np.exp(params.rate), h, token);
    return [{ h: now, window: next }, read.add(u.mul(params.skip))];
  },

  outputs: (_, { gate, output }, read, x) =>
    np.matmul(read.mul(nn.silu(np.matmul(x, gate))), output),

  /** What tokens choose at once, and only the states token by token. */
  parallel(config, params, x, state) {
    const [batch, length] = x.shape;
    state ??= freshState(layer, config, batch, length, x.dtype);
    const mixed = np.matmul(x.ref, params.input);
    const [window, u] = convolve(params.convolution, state.window, mixed);
    const first = (x: JaxArray) => np.transpose(x, [1, 0, 2]);
    const { step, b, c } = selected(config, params, u.ref);
    const [h, read] = scan(
      (rate: JaxArray, h: JaxArray, token: Selected) => update(config.negative, rate, h, token),
      np.exp(params.rate),
      state.h,
      { u: first(u.ref), step: first(step), b: first(b), c: first(c) },
    );
    const seen = np.transpose(read, [1, 0, 2]).add(u.mul(params.skip));
    return [{ h, window }, layer.outputs!(config, params, seen, x)];
  },
};
