/** @file The shallow piecewise-linear recurrent network: a diagonal recurrence beside one hidden layer of ReLUs that is fed back. */
import { nn, numpy as np, random } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray } from "../../engine/arrays.ts";
import { readOptions } from "../../options.ts";
import { tensor } from "../../tensor/tensor.ts";
import { linear, linearInit, type LinearParams } from "../linear.ts";
import type { SequenceLayer } from "./sequence_layer.ts";

/** Its options with their defaults, and the width. */
export interface Config {
  /** d, of x and y. */
  readonly width: number;
  /** M, numbers of the state. */
  readonly state: number;
  /** L, ReLUs. */
  readonly hidden: number;
  /** Whether max(0, W z) is subtracted again, which bounds the state where |A| < 1. */
  readonly clipped: boolean;
}

/** Maps into the state and out of it, the diagonal, and the hidden layer that is fed back. */
export type Params = {
  /** [d, M], with h_1 as its bias. */
  input: LinearParams;
  /** A, [M]. */
  diagonal: JaxArray;
  /** W_2 and h_2, [M, L] and [L]. */
  up: LinearParams;
  /** W_1 [L, M] */
  down: JaxArray;
  /** [M, d] */
  output: JaxArray;
};

/**
 * z_t = A z_{t-1} + W_1 max(0, W_2 z_{t-1} + h_2) + h_1 + C x_t; when `clipped`, W_1 (max(0, W_2 z + h_2) - max(0, W_2 z)). y is a projection of
 * z. Options: `state` (M, the width), `hidden` (L, twice M) and `clipped` (false).
 */
export const layer: SequenceLayer<Config, Params, JaxArray, JaxArray, JaxArray> = {
  about: {
    name: "shallow PLRNN",
    paper: "Hess et al., arXiv 2306.04406, eq. 2 and 3",
    kind: "nonlinear",
    eigenvalues: "any, those of A + W_1 D W_2 in each linear region",
  },

  configure(options, width) {
    const schema = z.strictObject({
      state: z.number().int().min(1).default(width),
      hidden: z.number().int().min(1).optional(),
      clipped: z.boolean().default(false),
    });
    const { state, hidden = 2 * state, clipped } = readOptions("shallow_plrnn", schema, options);
    return { width, state, hidden, clipped };
  },

  /** The diagonal is drawn between .5 and .9; what is fed back beside it starts small, so that no state explodes. */
  init({ width, state, hidden }, key, gain = 1) {
    const [k1, k2, k3, k4, k5] = random.split(key, 5);
    return {
      input: linearInit(k1, width, state),
      diagonal: random.uniform(k2, [state], { minval: 0.5, maxval: 0.9 }),
      up: linearInit(k3, state, hidden),
      down: random.normal(k4, [hidden, state]).mul(0.1 / Math.sqrt(hidden)),
      output: random.normal(k5, [state, width]).mul(gain / Math.sqrt(state)),
    };
  },

  initialState: ({ state }, batch) => tensor(0, [batch, state]),

  inputs: (_, { input }, x) => linear(input, x),

  cell({ clipped }, { diagonal, up: { weight, bias }, down }, h, x) {
    const seen = np.matmul(h.ref, weight);
    const shown = clipped
      ? nn.relu(seen.ref.add(bias)).sub(nn.relu(seen))
      : nn.relu(seen.add(bias));
    const next = h.mul(diagonal).add(np.matmul(shown, down)).add(x);
    return [next.ref, next];
  },

  outputs(_, { output }, h, x) {
    x.dispose();
    return np.matmul(h, output);
  },
};
