/** @file An LSTM whose gates and candidate do not see the state, which makes it linear in the state. */
import { nn, numpy as np, random } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray } from "../../engine/arrays.ts";
import { readOptions } from "../../options.ts";
import { tensor } from "../../tensor/tensor.ts";
import { expandedWidth } from "../expanded_width.ts";
import { positive } from "../positive.ts";
import type { SequenceLayer } from "./sequence_layer.ts";

/** Its options with their defaults, and the width. */
export interface Config {
  /** d, of x and y. */
  readonly width: number;
  /** The state has n = `expansion` d numbers. */
  readonly expansion: number;
}

/** Maps without biases. */
export type Params = {
  /** [d, 3 n]: candidates, forget gates, input gates. */
  input: JaxArray;
  /** [n, d], if `expansion` is not 1. */
  output?: JaxArray;
};

/** f' and i' times the candidate, [..., n] each. */
export type Input = { keep: JaxArray; write: JaxArray };

const stateSize = ({ width, expansion }: Config) =>
  expandedWidth("minlstm", "expansion", expansion, width);

/**
 * h_t = f'_t h_{t-1} + i'_t g(W x_t) with f' = f / (f + i) and i' = i / (f + i), f and i sigmoids of x_t; y is h, or a projection of
 * it. Option: `expansion` (1).
 */
export const layer: SequenceLayer<Config, Params, JaxArray, Input, JaxArray> = {
  about: {
    name: "minLSTM",
    paper:
      "Feng et al., arXiv 2410.01201, section 3.2, with the positive candidate of appendix B.3",
    kind: "linear in the state",
    eigenvalues: "(0, 1), the normalised forget gates",
  },

  configure(options, width) {
    const schema = z.strictObject({ expansion: z.number().gt(0).default(1) });
    const config = { width, ...readOptions("minlstm", schema, options) };
    stateSize(config);
    return config;
  },

  init(config, key, gain = 1) {
    const { width, expansion } = config;
    const n = stateSize(config);
    const [k1, k2] = random.split(key, 2);
    const input = random.normal(k1, [width, 3 * n]).mul(1 / Math.sqrt(width));
    if (expansion === 1) {
      k2.dispose();
      return { input };
    }
    return { input, output: random.normal(k2, [n, width]).mul(gain / Math.sqrt(n)) };
  },

  initialState: (config, batch) => tensor(0, [batch, stateSize(config)]),

  inputs(_, { input }, x) {
    const [candidate, forget, write] = np.split(np.matmul(x, input), 3, -1);
    // f / (f + i) is the sigmoid of log f - log i, which no gate near zero can break.
    const odds = nn.logSigmoid(forget).sub(nn.logSigmoid(write));
    return {
      keep: nn.sigmoid(odds.ref),
      write: nn.sigmoid(odds.neg()).mul(positive(candidate)),
    };
  },

  cell(_config, _params, h, { keep, write }) {
    const next = keep.mul(h).add(write);
    return [next.ref, next];
  },

  outputs(_, { output }, h, x) {
    x.dispose();
    return output ? np.matmul(h, output) : h;
  },
};
