/** @file Elman's recurrent network with a gate on what it shows: the recurrence is his, the projections are those of Mamba. */
import { nn, numpy as np, random } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray } from "../../engine/arrays.ts";
import { readOptions } from "../../options.ts";
import { tensor } from "../../tensor/tensor.ts";
import { expandedWidth } from "../expanded_width.ts";
import { linear, type LinearParams } from "../linear.ts";
import type { SequenceLayer } from "./sequence_layer.ts";

/** Its options with their defaults, and the width. */
export interface Config {
  /** d, of x and y. */
  readonly width: number;
  /** The state has n = `expansion` d numbers. */
  readonly expansion: number;
}

/** Only the recurrence has a bias. */
export type Params = {
  /** [d, n], into the recurrence. */
  input: JaxArray;
  /** [d, n], of the gate on the output. */
  gate: JaxArray;
  /** W_x and b, [n, n] and [n]. */
  drive: LinearParams;
  /** W_h [n, n] */
  recurrent: JaxArray;
  /** [n, d] */
  output: JaxArray;
};

const stateSize = ({ width, expansion }: Config) =>
  expandedWidth("e1", "expansion", expansion, width);

/**
 * h_t = tanh(W_x silu(V x_t) + W_h h_{t-1} + b) and y_t = W_o (h_t silu(U x_t)): the state itself is not gated. Option:
 * `expansion` (1).
 */
export const layer: SequenceLayer<Config, Params, JaxArray, JaxArray, JaxArray> = {
  about: {
    name: "E1",
    paper:
      "Elman, Cognitive Science 14 (1990), figure 2; gated as in github.com/ekg/elman@627683a, elman/models/mamba_gated_elman.py",
    kind: "nonlinear",
    eigenvalues: "any, those of W_h times the slopes of tanh",
  },

  configure(options, width) {
    const schema = z.strictObject({ expansion: z.number().gt(0).default(1) });
    const config = { width, ...readOptions("e1", schema, options) };
    stateSize(config);
    return config;
  },

  /**
   * As in its code: uniform with the variance 2 / (inputs + outputs) of Glorot & Bengio (AISTATS 2010, eq. 16), in which the two
   * maps of the token count as one; a zero bias.
   */
  init(config, key, gain = 1) {
    const { width } = config;
    const n = stateSize(config);
    const [k1, k2, k3, k4, k5] = random.split(key, 5);
    const uniform = (key: JaxArray, shape: [number, number], fans: number, gain = 1) => {
      const bound = Math.sqrt(6 / fans);
      // Scaled afterwards: a gain of 0 leaves no interval to draw from.
      return random.uniform(key, shape, { minval: -bound, maxval: bound }).mul(gain);
    };
    return {
      input: uniform(k1, [width, n], width + 2 * n),
      gate: uniform(k2, [width, n], width + 2 * n),
      drive: { weight: uniform(k3, [n, n], 2 * n), bias: np.zeros([n]) },
      recurrent: uniform(k4, [n, n], 2 * n),
      output: uniform(k5, [n, width], n + width, gain),
    };
  },

  initialState: (config, batch) => tensor(0, [batch, stateSize(config)]),

  inputs: (_, { input, drive }, x) => linear(drive, nn.silu(np.matmul(x, input))),

  cell(_, { recurrent }, h, x) {
    const next = np.tanh(x.add(np.matmul(h, recurrent)));
    return [next.ref, next];
  },

  outputs: (_, { gate, output }, h, x) => np.matmul(h.mul(nn.silu(np.matmul(x, gate))), output),
};
