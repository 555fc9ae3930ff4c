/** @file The structurally constrained recurrent network: a hidden layer that is fed back, beside units that only average slowly. */
import { nn, numpy as np, random } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray } from "../../engine/arrays.ts";
import { readOptions } from "../../options.ts";
import { tensor } from "../../tensor/tensor.ts";
import { linear, type LinearParams } from "../linear.ts";
import type { SequenceLayer } from "./sequence_layer.ts";

/** Its options with their defaults, and the width. */
export interface Config {
  /** d, of x, y and the hidden layer. */
  readonly width: number;
  /** c, numbers that average. */
  readonly context: number;
  /** What an average keeps of itself at a token. */
  readonly keep: number;
}

/** Maps of the token, the hidden layer and the averages. */
export type Params = {
  /** [d, d + c]: into the hidden layer, then into the averages; only the hidden layer has a bias, as d numbers. */
  input: JaxArray;
  bias: JaxArray;
  /** [d, d], of the hidden layer into itself. */
  recurrent: JaxArray;
  /** [c, d], of the averages into the hidden layer. */
  lift: JaxArray;
  /** [d + c, d], of both into y. */
  output: LinearParams;
};

/** Hidden layer [B, d] and averages [B, c]. */
export type State = { h: JaxArray; s: JaxArray };

/**
 * s_t = keep s_{t-1} + (1 - keep) B x_t, h_t = sigmoid(P s_t + A x_t + R h_{t-1} + b), y_t = U h_t + V s_t + b'. Options: `context`
 * (half the width, rounded up) and `keep` (.95).
 */
export const layer: SequenceLayer<Config, Params, State, JaxArray, JaxArray> = {
  about: {
    name: "SCRN",
    paper: "Mikolov et al., arXiv 1412.7753, eq. 6 to 8",
    kind: "nonlinear",
    eigenvalues: "keep, of the averages; any of the hidden layer",
  },

  configure(options, width) {
    const schema = z.strictObject({
      context: z.number().int().min(1).default(Math.ceil(width / 2)),
      keep: z.number().gt(0).lt(1).default(0.95),
    });
    return { width, ...readOptions("scrn", schema, options) };
  },

  init({ width, context }, key, gain = 1) {
    const [k1, k2, k3, k4] = random.split(key, 4);
    const weight = (key: JaxArray, inputs: number, outputs: number, gain = 1) =>
      random.normal(key, [inputs, outputs]).mul(gain / Math.sqrt(inputs));
    return {
      input: weight(k1, width, width + context),
      bias: np.zeros([width]),
      recurrent: weight(k2, width, width),
      lift: weight(k3, context, width),
      output: { weight: weight(k4, width + context, width, gain), bias: np.zeros([width]) },
    };
  },

  initialState: ({ width, context }, batch) => ({
    h: tensor(0, [batch, width]),
    s: tensor(0, [batch, context]),
  }),

  inputs: (_, { input }, x) => np.matmul(x, input),

  cell({ width, keep }, { bias, recurrent, lift }, { h, s }, x) {
    const [toHidden, toContext] = np.split(x, [width], -1);
    const nextS = s.mul(keep).add(toContext.mul(1 - keep));
    const fed = np.matmul(nextS.ref, lift).add(np.matmul(h, recurrent));
    const nextH = nn.sigmoid(toHidden.add(fed).add(bias));
    return [{ h: nextH.ref, s: nextS.ref }, np.concatenate([nextH, nextS], -1)];
  },

  outputs(_, { output }, both, x) {
    x.dispose();
    return linear(output, both);
  },
};
