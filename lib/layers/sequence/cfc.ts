/** @file The closed-form continuous-time network: an approximate solution of a liquid network's equation, one time unit a token. */
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
  /** d, of x, y and the state. */
  readonly width: number;
  /** The backbone has u = `expansion` d units. */
  readonly expansion: number;
}

/** Backbone and heads; the bias of the backbone is that of the input. */
export type Params = {
  /** [d, u], of the token into the backbone. */
  input: LinearParams;
  /** [d, u], of the state into the backbone. */
  recurrent: JaxArray;
  /** [u, 3 d]: both ends, and how far it is from one to the other. */
  heads: LinearParams;
};

const units = ({ width, expansion }: Config) => expandedWidth("cfc", "expansion", expansion, width);

/**
 * h_t = (1 - s) tanh(f_1) + s tanh(f_2) with s = sigmoid(t); f_1, f_2 and t are maps of one layer 1.7159 tanh(.666 (W [x_t, h_{t-1}] +
 * b)). A token takes one unit of time, where the two maps of time in the published code are one. y is h. Option: `expansion` (1).
 */
export const layer: SequenceLayer<Config, Params, JaxArray, JaxArray, JaxArray> = {
  about: {
    name: "CfC",
    paper:
      "Hasani et al., arXiv 2106.13898 (Nature Machine Intelligence 4, 2022), eq. 8, with one backbone layer",
    kind: "nonlinear",
    eigenvalues: "any, those of the maps times the slopes of tanh",
  },

  configure(options, width) {
    const schema = z.strictObject({ expansion: z.number().gt(0).default(1) });
    const config = { width, ...readOptions("cfc", schema, options) };
    units(config);
    return config;
  },

  /** Uniform with the variance 2 / (inputs + outputs) of Glorot & Bengio (AISTATS 2010, eq. 16), in which state and token count as one. */
  init(config, key) {
    const { width } = config;
    const u = units(config);
    const [k1, k2, k3] = random.split(key, 3);
    const uniform = (key: JaxArray, shape: [number, number], fans: number) => {
      const bound = Math.sqrt(6 / fans);
      return random.uniform(key, shape, { minval: -bound, maxval: bound });
    };
    return {
      input: { weight: uniform(k1, [width, u], 2 * width + u), bias: np.zeros([u]) },
      recurrent: uniform(k2, [width, u], 2 * width + u),
      heads: { weight: uniform(k3, [u, 3 * width], u + width), bias: np.zeros([3 * width]) },
    };
  },

  initialState: ({ width }, batch) => tensor(0, [batch, width]),

  inputs: (_, { input }, x) => linear(input, x),

  cell({ width }, { recurrent, heads }, h, x) {
    const backbone = np.tanh(x.add(np.matmul(h, recurrent)).mul(0.666)).mul(1.7159);
    const [ends, time] = np.split(linear(heads, backbone), [2 * width], -1);
    const [from, to] = np.split(np.tanh(ends), 2, -1);
    const share = nn.sigmoid(time);
    const next = share.ref.neg().add(1).mul(from).add(share.mul(to));
    return [next.ref, next];
  },

  outputs(_config, _params, h, x) {
    x.dispose();
    return h;
  },
};
