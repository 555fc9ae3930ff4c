/** @file The feedforward sequential memory network: a hidden layer whose units each see a learned filter of their own last values. */
import { nn, numpy as np, random } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray } from "../../engine/arrays.ts";
import { readOptions } from "../../options.ts";
import { tensor } from "../../tensor/tensor.ts";
import { expandedWidth } from "../expanded_width.ts";
import { linear, linearInit, type LinearParams } from "../linear.ts";
import type { SequenceLayer } from "./sequence_layer.ts";

/** Its options with their defaults, and the width. */
export interface Config {
  /** d, of x and y. */
  readonly width: number;
  /** The memory has n = `expansion` d units. */
  readonly expansion: number;
  /** K, tokens that a unit sees, itself with them. */
  readonly taps: number;
}

/** The map in has no bias. */
export type Params = {
  /** [d, n] */
  input: JaxArray;
  /** a, [K, n], of the newest token first. */
  memory: JaxArray;
  /** [n, d] */
  output: LinearParams;
};

const unitsOf = ({ width, expansion }: Config) =>
  expandedWidth("fsmn", "expansion", expansion, width);

/** p~_t = p_t + sum_{k < K} a_k p_{t-k} of some tokens. @param window [B, K - 1, n] before, the newest last. @param p [B, T, n] */
function remembered(memory: JaxArray, window: JaxArray, p: JaxArray): [JaxArray, JaxArray] {
  const [taps, length] = [memory.shape[0], p.shape[1]];
  const seen = np.concatenate([window, p.ref], 1);
  const sum = np.split(memory, taps, 0)
    .map((a, k) => seen.ref.slice([], [taps - 1 - k, taps - 1 - k + length]).mul(a))
    .reduce((a, b) => a.add(b), p);
  return [seen.slice([], [length]), sum];
}

/**
 * y_t = relu(W p~_t + b) with p~_t = p_t + sum_{k < K} a_k p_{t-k}, number by number, and p = V x. Options: `expansion` (1), `taps`
 * (K, 20).
 */
export const layer: SequenceLayer<Config, Params, JaxArray, JaxArray, JaxArray> = {
  about: {
    name: "FSMN",
    paper:
      "Zhang et al., arXiv 1512.08301, eq. 4, with the compact form of arXiv 1803.05030, eq. 3",
    kind: "linear in the state",
    eigenvalues: "0, of a shift",
  },

  configure(options, width) {
    const schema = z.strictObject({
      expansion: z.number().gt(0).default(1),
      taps: z.number().int().min(2).default(20),
    });
    const config = { width, ...readOptions("fsmn", schema, options) };
    unitsOf(config);
    return config;
  },

  /** Filters uniform within 1 / sqrt(K), as PyTorch's convolutions are, which its published code uses. */
  init(config, key, gain = 1) {
    const { width, taps } = config;
    const units = unitsOf(config);
    const [k1, k2, k3] = random.split(key, 3);
    const bound = 1 / Math.sqrt(taps);
    return {
      input: random.normal(k1, [width, units]).mul(1 / Math.sqrt(width)),
      memory: random.uniform(k2, [taps, units], { minval: -bound, maxval: bound }),
      output: linearInit(k3, units, width, gain),
    };
  },

  initialState: (config, batch) => tensor(0, [batch, config.taps - 1, unitsOf(config)]),

  inputs: (_, { input }, x) => np.matmul(x, input),

  cell(_, { memory }, window, p) {
    const [batch, units] = p.shape;
    const [next, sum] = remembered(memory, window, p.reshape([batch, 1, units]));
    return [next, sum.reshape([batch, units])];
  },

  outputs(_, { output }, sum, x) {
    x.dispose();
    return nn.relu(linear(output, sum));
  },

  parallel(config, { input, memory, output }, x, state) {
    const window = state ??
      np.zeros([x.shape[0], config.taps - 1, unitsOf(config)], { dtype: x.dtype });
    const [next, sum] = remembered(memory, window, np.matmul(x, input));
    return [next, nn.relu(linear(output, sum))];
  },
};
