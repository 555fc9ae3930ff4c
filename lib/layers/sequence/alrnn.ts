/** @file The almost-linear recurrent network: a diagonal recurrence in which only some of the numbers pass a ReLU when they are fed back. */
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
  /** P of them, the last ones, pass a ReLU. */
  readonly nonlinear: number;
}

/** Maps into the state and out of it, and both parts of the recurrence; only the input has a bias. */
export type Params = {
  /** [d, M], with h as its bias. */
  input: LinearParams;
  /** A, [M]. */
  diagonal: JaxArray;
  /** W [M, M] */
  recurrent: JaxArray;
  /** [M, d] */
  output: JaxArray;
};

/**
 * z_t = A z_{t-1} + W phi(z_{t-1}) + h + C x_t, in which phi is the identity on the first M - P numbers and max(0, z) on the last P; y is a
 * projection of z. Options: `state` (M, the width) and `nonlinear` (P, a quarter of M, rounded up; 0 makes it a linear map).
 */
export const layer: SequenceLayer<Config, Params, JaxArray, JaxArray, JaxArray> = {
  about: {
    name: "ALRNN",
    paper: "Brenner et al., arXiv 2410.14240, eq. 3",
    kind: "nonlinear",
    eigenvalues: "any, those of A + W D in each of the 2^P linear regions",
  },

  configure(options, width) {
    const schema = z.strictObject({
      state: z.number().int().min(1).default(width),
      nonlinear: z.number().int().min(0).optional(),
    });
    const { state, nonlinear = Math.ceil(state / 4) } = readOptions("alrnn", schema, options);
    if (nonlinear > state) {
      throw new RangeError(
        `alrnn options: nonlinear = ${nonlinear}: at most state = ${state} numbers can pass a ReLU`,
      );
    }
    return { width, state, nonlinear };
  },

  /** The diagonal is drawn between .5 and .9; what is fed back beside it starts small, so that no state explodes. */
  init({ width, state }, key, gain = 1) {
    const [k1, k2, k3, k4] = random.split(key, 4);
    return {
      input: linearInit(k1, width, state),
      diagonal: random.uniform(k2, [state], { minval: 0.5, maxval: 0.9 }),
      recurrent: random.normal(k3, [state, state]).mul(0.1 / Math.sqrt(state)),
      output: random.normal(k4, [state, width]).mul(gain / Math.sqrt(state)),
    };
  },

  initialState: ({ state }, batch) => tensor(0, [batch, state]),

  inputs: (_, { input }, x) => linear(input, x),

  cell({ state, nonlinear }, { diagonal, recurrent }, h, x) {
    const passed = (z: JaxArray) => {
      if (nonlinear === 0) return z;
      if (nonlinear === state) return nn.relu(z);
      const [linearOnes, others] = np.split(z, [state - nonlinear], -1);
      return np.concatenate([linearOnes, nn.relu(others)], -1);
    };
    const next = h.ref.mul(diagonal).add(np.matmul(passed(h), recurrent)).add(x);
    return [next.ref, next];
  },

  outputs(_, { output }, h, x) {
    x.dispose();
    return np.matmul(h, output);
  },
};
