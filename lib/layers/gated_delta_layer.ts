/**
 * @file Layers by a gated delta rule: a memory of values by keys that forgets, and from which every token takes back part of what is
 * left under its own key, or keys, before it writes there. What differs is how they forget, and the gate on the output.
 */
import { nn, numpy as np, random } from "@jax-js/jax";
import * as z from "zod";
import type { Arrays, JaxArray } from "../engine/arrays.ts";
import { readOptions } from "../options.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import { expandedWidth } from "./expanded_width.ts";
import { lowRankMemory, lowRankToken, type LowRankTokens } from "./low_rank_memory.ts";
import { rmsNorm } from "./rms_norm.ts";
import { freshState } from "./sequence/forms.ts";
import type { About, SequenceLayer } from "./sequence/sequence_layer.ts";
import {
  convolve,
  convolveToken,
  emptyWindow,
  type ShortConvolution,
  shortConvolutionInit,
} from "./short_convolution.ts";
import { normalised } from "./unit_norm.ts";

/** Its options with their defaults, and the width. */
export interface Config {
  /** d, of x and y. */
  readonly width: number;
  /** H; each has a memory of its own. */
  readonly heads: number;
  /** All keys of one kind together have K = `expandKey` d numbers. */
  readonly expandKey: number;
  /** All values of one kind together have V = `expandValue` d numbers. */
  readonly expandValue: number;
  /** Tokens that the convolution of queries, keys and values sees; 0 for no convolution. */
  readonly conv: number;
  /** Whether beta lies in (0, 2), not (0, 1). */
  readonly negative: boolean;
  /** n, keys that a token takes back and writes under, one after the other. */
  readonly steps: number;
}

/** Maps without biases. `Forget` and `Gate` belong to the layer. */
export type Params<Forget extends Arrays, Gate extends Arrays> = {
  /** [d, K + n (K + V)]: queries, keys, values. */
  input: JaxArray;
  /** [d, n H] */
  beta: JaxArray;
  /** What the gate of forgetting is made of. */
  forget: Forget;
  /** Of the K + n (K + V) channels. */
  convolution?: ShortConvolution;
  /** What the gate of the output is made of. */
  gate: Gate;
  /** Scale of the norm of a head's output, [V/H]. */
  norm: JaxArray;
  /** [V, d] */
  output: JaxArray;
};

/** `memory` [B, H, K/H, V/H] by key and value, and the last tokens that the convolution sees. */
export type State = {
  /** [B, H, K/H, V/H] */
  memory: JaxArray;
  /** [B, conv - 1, K + n (K + V)] */
  window?: JaxArray;
};

/** Of a token: `mixed` before the convolution, `beta` [..., n H], `logGate` [..., H, K/H]. */
export type Input = {
  /** Before the convolution. */
  mixed: JaxArray;
  /** [..., n H] */
  beta: JaxArray;
  /** [..., H, K/H] */
  logGate: JaxArray;
};

/** Numbers of all heads, and of one. */
export interface Sizes {
  /** K */
  readonly keys: number;
  /** V */
  readonly values: number;
  /** K/H */
  readonly key: number;
  /** V/H */
  readonly value: number;
}

/** What tells one such layer from another. */
export interface GatedDelta<Forget extends Arrays, Gate extends Arrays> {
  /** Of its file. */
  readonly name: string;
  /** For readers, and a claim that tests hold it to. */
  readonly about: About;
  /** Of the options that differ between layers. */
  readonly defaults: { readonly expandValue: number; readonly negative: boolean };
  /** n by default, where it is an option; it is 1 when left out. */
  readonly steps?: number;
  /** Weights of the gates. @param keys four jax-js keys; consumed. */
  init(config: Config, sizes: Sizes, keys: JaxArray[]): { forget: Forget; gate: Gate };
  /** Logarithms of the gates, at least that of the core. @returns [..., H, K/H] */
  logGate(config: Config, sizes: Sizes, forget: Forget, x: JaxArray): JaxArray;
  /** What multiplies the normalised output. @returns [..., V] */
  open(gate: Gate, x: JaxArray): JaxArray;
}

/** Normal weights [inputs, outputs] with standard deviation gain / sqrt(inputs). */
export const weightInit = (key: JaxArray, inputs: number, outputs: number, gain = 1): JaxArray =>
  random.normal(key, [inputs, outputs]).mul(gain / Math.sqrt(inputs));

/** Biases of which softplus is log-uniform in .001..0.1 (the authors' code, as in Mamba). */
export function stepBias(key: JaxArray, count: number): JaxArray {
  const range = { minval: Math.log(0.001), maxval: Math.log(0.1) };
  return np.log(np.expm1(np.exp(random.uniform(key, [count], range))));
}

/** S_t = diag(a_t) S_{t-1}, then n times S = (I - beta k k') S + beta k v', read by q. */
export function gatedDeltaLayer<Forget extends Arrays, Gate extends Arrays>(
  of: GatedDelta<Forget, Gate>,
): SequenceLayer<Config, Params<Forget, Gate>, State, Input, JaxArray> {
  type P = Params<Forget, Gate>;
  const { name, about, defaults } = of;

  const sizesOf = ({ width, heads, expandKey, expandValue }: Config): Sizes => {
    const keys = expandedWidth(name, "expandKey", expandKey, width, heads);
    const values = expandedWidth(name, "expandValue", expandValue, width, heads);
    return { keys, values, key: keys / heads, value: values / heads };
  };
  const channelsOf = (config: Config) => {
    const { keys, values } = sizesOf(config);
    return keys + config.steps * (keys + values);
  };

  const inputs = (config: Config, params: P, x: JaxArray): Input => {
    const rate = nn.sigmoid(np.matmul(x.ref, params.beta));
    return {
      mixed: np.matmul(x.ref, params.input),
      beta: config.negative ? rate.mul(2) : rate,
      logGate: of.logGate(config, sizesOf(config), params.forget, x),
    };
  };

  /** Of tokens after the convolution, [..., H, K] and [..., n, H, K or V]; r is the key, and what is written is beta times it. */
  const tokensOf = (config: Config, active: JaxArray, beta: JaxArray) => {
    const { heads, steps } = config;
    const { keys, key, value } = sizesOf(config);
    const lead = beta.shape.slice(0, -1);
    const [q, k, v] = np.split(active, [keys, (1 + steps) * keys], -1);
    const read = normalised(k.reshape([...lead, steps, heads, key]));
    return {
      query: normalised(q.reshape([...lead, heads, key])).mul(key ** -0.5),
      read,
      key: read.ref.mul(beta.reshape([...lead, steps, heads, 1])),
      value: v.reshape([...lead, steps, heads, value]),
    };
  };

  const outputs = (config: Config, params: P, read: JaxArray, x: JaxArray): JaxArray => {
    const { values } = sizesOf(config);
    const normed = rmsNorm(params.norm, read, 1e-5).reshape([...x.shape.slice(0, -1), values]);
    return np.matmul(normed.mul(of.open(params.gate, x)), params.output);
  };

  const layer: SequenceLayer<Config, P, State, Input, JaxArray> = {
    about,

    configure(options, width) {
      const count = z.number().int().min(1);
      const schema = z.strictObject({
        heads: count.default(4),
        expandKey: z.number().gt(0).default(1),
        expandValue: z.number().gt(0).default(defaults.expandValue),
        conv: z.number().int().min(0).refine((taps) => taps !== 1, {
          error: "1 would see the token alone; at least 2, or 0 for no convolution",
        }).default(4),
        negative: z.boolean().default(defaults.negative),
      });
      const stepped = of.steps === undefined
        ? { ...readOptions(name, schema, options), steps: 1 }
        : readOptions(name, schema.extend({ steps: count.default(of.steps) }), options);
      const config = { width, ...stepped };
      sizesOf(config);
      return config;
    },

    init(config, key, gain = 1) {
      const { width, heads, conv, steps } = config;
      const sizes = sizesOf(config);
      const [k1, k2, k3, k4, ...own] = random.split(key, 8);
      const channels = channelsOf(config);
      const params: P = {
        input: weightInit(k1, width, channels),
        beta: weightInit(k2, width, steps * heads),
        ...of.init(config, sizes, own),
        norm: np.ones([sizes.value]),
        output: weightInit(k4, sizes.values, width, gain),
      };
      if (conv) params.convolution = shortConvolutionInit(k3, conv, channels);
      else k3.dispose();
      return params;
    },

    initialState(config, batch) {
      const { key, value } = sizesOf(config);
      const state: Record<string, Tensor> = {
        memory: tensor(0, [batch, config.heads, key, value]),
      };
      if (config.conv) state.window = emptyWindow(batch, config.conv, channelsOf(config));
      return state;
    },

    inputs,

    cell(config, { convolution }, { memory, window }, { mixed, beta, logGate }) {
      const [next, active] = convolution
        ? convolveToken(convolution, window!, mixed)
        : [undefined, nn.silu(mixed)];
      const { query, ...tokens } = tokensOf(config, active, beta);
      const open = np.zerosLike(logGate.ref);
      const step = (x: JaxArray) =>
        np.split(x, config.steps, 1).map((x) => x.reshape([x.shape[0], ...x.shape.slice(2)]));
      const [read, key, value] = [tokens.read, tokens.key, tokens.value].map(step);
      let [now, out] = [memory, query.ref];
      for (let n = 0; n < config.steps; n++) {
        out.dispose();
        [now, out] = lowRankToken(now, {
          query: query.ref,
          read: read[n],
          key: key[n],
          value: value[n],
          logGate: n === 0 ? logGate : open.ref, // the token forgets once
        });
      }
      query.dispose();
      open.dispose();
      return [next ? { memory: now, window: next } : { memory: now }, out];
    },

    outputs,

    parallel(config, params, x, state) {
      const { heads, steps } = config;
      const { value } = sizesOf(config);
      const [batch, length] = x.shape;
      state ??= freshState(layer, config, batch, length, x.dtype);
      const { mixed, beta, logGate } = inputs(config, params, x.ref);
      const [window, active] = params.convolution
        ? convolve(params.convolution, state.window!, mixed)
        : [undefined, nn.silu(mixed)];
      const { query, ...tokens } = tokensOf(config, active, beta);
      // n tokens for each one: the first forgets, the last reads.
      const along = (x: JaxArray) => x.reshape([batch, length * steps, ...x.shape.slice(-2)]);
      const alone = (x: JaxArray, before: number) =>
        along(np.pad(x.reshape([batch, length, 1, ...x.shape.slice(-2)]), [
          ...[[0, 0], [0, 0], [before, steps - 1 - before], [0, 0], [0, 0]] as [number, number][],
        ]));
      const all: LowRankTokens = {
        query: alone(query, steps - 1),
        read: along(tokens.read),
        key: along(tokens.key),
        value: along(tokens.value),
        logGate: alone(logGate, 0),
      };
      const [memory, out] = lowRankMemory(all, state.memory);
      const rows = out.reshape([batch, length, steps, heads, value]);
      const read = (steps === 1 ? rows : np.split(rows, [steps - 1], 2)[1])
        .reshape([batch, length, heads, value]);
      return [window ? { memory, window } : { memory }, outputs(config, params, read, x)];
    },
  };
  return layer;
}
