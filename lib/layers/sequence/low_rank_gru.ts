/** @file A gated recurrent unit whose maps of the state are diagonal plus of low rank: the state passes through, what is done to it is narrow. */
import { nn, numpy as np, random } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray } from "../../engine/arrays.ts";
import { readOptions } from "../../options.ts";
import { tensor } from "../../tensor/tensor.ts";
import { linear, linearInit, type LinearParams } from "../linear.ts";
import type { SequenceLayer } from "./sequence_layer.ts";

/** Its options with their defaults, and the width. */
export interface Config {
  /** d, of x, y and the state. */
  readonly width: number;
  /** r */
  readonly rank: number;
}

/** Update gate, reset gate and candidate. */
export type Params = {
  /** [d, 3 d] */
  input: LinearParams;
  /** Of the state, R: [d, 3 r]. */
  down: JaxArray;
  /** L, [3 r, d]: rows of a map for each of the three. */
  up: JaxArray;
  /** D, [3, d] */
  diagonal: JaxArray;
};

/**
 * z, q = sigmoid(W x + (L R + D) h + b), c = tanh(W x + (L R + D) (q h) + b), h_t = (1 - z) h_{t-1} + z c, each with maps of its own, y = h.
 * Option: `rank` (r, d/8 rounded up).
 */
export const layer: SequenceLayer<Config, Params, JaxArray, JaxArray, JaxArray> = {
  about: {
    name: "low-rank GRU",
    paper: "Miceli Barone, arXiv 1603.03116, section 3.1, eq. 8 and 9",
    kind: "nonlinear",
    eigenvalues: "(0, 1), the gates, along the state",
  },

  configure(options, width) {
    const schema = z.strictObject({
      rank: z.number().int().min(1).default(Math.ceil(width / 8)),
    });
    return { width, ...readOptions("low_rank_gru", schema, options) };
  },

  init({ width, rank }, key, gain = 1) {
    const [k1, k2, k3] = random.split(key, 3);
    const { weight, bias } = linearInit(k1, width, 3 * width);
    return {
      input: { weight: weight.mul(gain), bias },
      down: random.normal(k2, [width, 3 * rank]).mul(1 / Math.sqrt(width)),
      up: random.normal(k3, [3 * rank, width]).mul(1 / Math.sqrt(rank)),
      diagonal: np.zeros([3, width]),
    };
  },

  initialState: ({ width }, batch) => tensor(0, [batch, width]),

  inputs: (_, { input }, x) => linear(input, x),

  cell(_, { down, up, diagonal }, h, x) {
    const split = (all: JaxArray, axis: number) => np.split(all, 3, axis);
    const [downs, ups, diagonals, xs] = [
      split(down, 1),
      split(up, 0),
      split(diagonal, 0),
      split(x, -1),
    ];
    const logit = (i: number, h: JaxArray) =>
      np.matmul(np.matmul(h.ref, downs[i]), ups[i]).add(h.mul(diagonals[i])).add(xs[i]);
    const update = nn.sigmoid(logit(0, h.ref));
    const reset = nn.sigmoid(logit(1, h.ref));
    const candidate = np.tanh(logit(2, reset.mul(h.ref)));
    const next = h.ref.add(update.mul(candidate.sub(h)));
    return [next.ref, next];
  },
};
