/** @file Long expressive memory: two coupled differential equations, each with a step length of its own that tokens choose. */
import { nn, numpy as np, random } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray } from "../../engine/arrays.ts";
import { readOptions } from "../../options.ts";
import { tensor } from "../../tensor/tensor.ts";
import type { LinearParams } from "../linear.ts";
import { linear } from "../linear.ts";
import type { SequenceLayer } from "./sequence_layer.ts";

/** Its options with their defaults, and the width. */
export interface Config {
  /** d, of x and both parts of the state. */
  readonly width: number;
  /** The longest step. */
  readonly dt: number;
}

/** The published code has three biases more, each added to one of these. */
export type Params = {
  /** [d, 4 d]: step lengths of y and of z, into y, into z. */
  input: LinearParams;
  /** [d, 3 d], of y: step lengths of y and of z, into z. */
  recurrent: JaxArray;
  /** [d, d], of z into y. */
  coupling: JaxArray;
};

/** [B, d] each. */
export type State = { y: JaxArray; z: JaxArray };

/**
 * z_t = (1 - s_t) z_{t-1} + s_t tanh(W_z x_t + V_z y_{t-1}) and then, from the new z, y_t = (1 - r_t) y_{t-1} + r_t tanh(V_y z_t + W_y
 * x_t), with r and s dt times sigmoids of x_t and y_{t-1}. Option: `dt` (1).
 */
export const layer: SequenceLayer<Config, Params, State, JaxArray, JaxArray> = {
  about: {
    name: "LEM",
    paper: "Rusch et al., arXiv 2110.04744, eq. 3",
    kind: "nonlinear",
    eigenvalues: "(1 - dt, 1), the complements of the steps, where nothing is fed back",
  },

  configure(options, width) {
    const schema = z.strictObject({ dt: z.number().gt(0).max(1).default(1) });
    return { width, ...readOptions("lem", schema, options) };
  },

  /** Uniform within 1 / sqrt(d), all of them, as in the published code. */
  init({ width }, key) {
    const [k1, k2, k3, k4] = random.split(key, 4);
    const bound = 1 / Math.sqrt(width);
    const draw = (key: JaxArray, shape: number[]) =>
      random.uniform(key, shape, { minval: -bound, maxval: bound });
    return {
      input: { weight: draw(k1, [width, 4 * width]), bias: draw(k2, [4 * width]) },
      recurrent: draw(k3, [width, 3 * width]),
      coupling: draw(k4, [width, width]),
    };
  },

  initialState: ({ width }, batch) => ({
    y: tensor(0, [batch, width]),
    z: tensor(0, [batch, width]),
  }),

  inputs: (_, { input }, x) => linear(input, x),

  cell({ width, dt }, { recurrent, coupling }, { y, z }, x) {
    const [steps, ownY, ownZ] = np.split(x, [2 * width, 3 * width], -1);
    const [fedSteps, fedZ] = np.split(np.matmul(y.ref, recurrent), [2 * width], -1);
    const [stepY, stepZ] = np.split(nn.sigmoid(steps.add(fedSteps)).mul(dt), 2, -1);
    const moved = (from: JaxArray, to: JaxArray, step: JaxArray) =>
      step.ref.neg().add(1).mul(from).add(step.mul(np.tanh(to)));
    const nextZ = moved(z, ownZ.add(fedZ), stepZ);
    const nextY = moved(y, np.matmul(nextZ.ref, coupling).add(ownY), stepY);
    return [{ y: nextY.ref, z: nextZ }, nextY];
  },

  outputs(_config, _params, y, x) {
    x.dispose();
    return y;
  },
};
