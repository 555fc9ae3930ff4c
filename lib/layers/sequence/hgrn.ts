/** @file The hierarchically gated recurrent network: a leaky average of gated inputs whose leak has a lower bound. */
import { nn, numpy as np, random } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray } from "../../engine/arrays.ts";
import { readOptions } from "../../options.ts";
import { tensor } from "../../tensor/tensor.ts";
import { expandedWidth } from "../expanded_width.ts";
import { rmsNorm } from "../rms_norm.ts";
import type { SequenceLayer } from "./sequence_layer.ts";

/** Its options with their defaults, and the width. */
export interface Config {
  /** d, of x and y. */
  readonly width: number;
  /** The state has n = `expansion` d numbers. */
  readonly expansion: number;
  /** Below which no gate falls. The paper's bound rises from layer to layer; a layer by itself is given its own. */
  readonly lowerBound: number;
  /** Whether the state is multiplied by 2 f - 1, not by f. */
  readonly negative: boolean;
}

/** Maps without biases. */
export type Params = {
  /** [d, 2 n]: candidates, then forget gates. */
  input: JaxArray;
  /** [d, n], of the gate on the output. */
  gate: JaxArray;
  /** Scale of the norm of the state, [n]. */
  norm: JaxArray;
  /** [n, d] */
  output: JaxArray;
};

/** What is kept of the state and what is written, [..., n] each. */
export type Input = { keep: JaxArray; write: JaxArray };

const stateSize = ({ width, expansion }: Config) =>
  expandedWidth("hgrn", "expansion", expansion, width);

/**
 * h_t = f_t h_{t-1} + (1 - f_t) silu(W x_t) with f_t = b + (1 - b) sigmoid(V x_t), and y_t = W_o (rmsnorm(h_t) silu(U x_t)), all
 * real as in the published code; the paper's states turn in the complex plane. Options: `expansion` (1), `lowerBound` (b, 0) and
 * `negative` (false; by it the state is multiplied by 2 f - 1, and what is written stays, as in Grazzi et al., arXiv 2411.12537, section 4.2).
 */
export const layer: SequenceLayer<Config, Params, JaxArray, Input, JaxArray> = {
  about: {
    name: "HGRN",
    paper: "Qin et al., arXiv 2311.04823, section 3.2, with the real states of fla/layers/hgrn.py",
    kind: "linear in the state",
    eigenvalues: "(lowerBound, 1), the gates; (-1, 1) with negative: true",
  },

  configure(options, width) {
    const schema = z.strictObject({
      expansion: z.number().gt(0).default(1),
      lowerBound: z.number().min(0).lt(1).default(0),
      negative: z.boolean().default(false),
    });
    const config = { width, ...readOptions("hgrn", schema, options) };
    stateSize(config);
    return config;
  },

  init(config, key, gain = 1) {
    const { width } = config;
    const n = stateSize(config);
    const [k1, k2, k3] = random.split(key, 3);
    const weight = (key: JaxArray, inputs: number, outputs: number, gain = 1) =>
      random.normal(key, [inputs, outputs]).mul(gain / Math.sqrt(inputs));
    return {
      input: weight(k1, width, 2 * n),
      gate: weight(k2, width, n),
      norm: np.ones([n]),
      output: weight(k3, n, width, gain),
    };
  },

  initialState: (config, batch) => tensor(0, [batch, stateSize(config)]),

  inputs({ lowerBound, negative }, { input }, x) {
    const [candidate, logit] = np.split(np.matmul(x, input), 2, -1);
    const write = nn.sigmoid(logit.ref.neg()).mul(1 - lowerBound).mul(nn.silu(candidate));
    const forget = nn.sigmoid(logit).mul(1 - lowerBound).add(lowerBound);
    return { keep: negative ? forget.mul(2).sub(1) : forget, write };
  },

  cell(_config, _params, h, { keep, write }) {
    const next = keep.mul(h).add(write);
    return [next.ref, next];
  },

  outputs: (_, { gate, norm, output }, h, x) =>
    np.matmul(rmsNorm(norm, h, 1e-5).mul(nn.silu(np.matmul(x, gate))), output),
};
