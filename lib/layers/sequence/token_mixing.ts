/**
 * @file Mixing of a masked mixer: every token becomes a weighted sum of the last ones, with one weight for each distance that all units
 * share. In a residual stack it is attention whose weights are the same whatever the tokens are.
 *
 * The paper has a weight for each pair of positions, and so no function of sequences of other lengths; here a weight belongs to a
 * distance.
 */
import { numpy as np, random } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray } from "../../engine/arrays.ts";
import { toeplitzMatrix } from "../toeplitz_matrix.ts";
import { readOptions } from "../../options.ts";
import { tensor } from "../../tensor/tensor.ts";
import type { SequenceLayer } from "./sequence_layer.ts";

/** Its options with their defaults, and the width. */
export interface Config {
  /** d, of x and y. */
  readonly width: number;
  /** K, tokens that are mixed: distances 0 to K - 1. */
  readonly taps: number;
}

/** Weights [K], of the newest token first. */
export type Params = { weight: JaxArray };

/** y_t = sum_{k < K} w_k x_{t-k}. Option: `taps` K (32). */
export const layer: SequenceLayer<Config, Params, JaxArray, JaxArray, JaxArray> = {
  about: {
    name: "token mixing",
    paper: "Badger, arXiv 2409.01482 (2024), section 2: a masked convolution over positions",
    kind: "linear map",
    eigenvalues: "0, of a shift",
  },

  configure(options, width) {
    const schema = z.strictObject({ taps: z.number().int().min(1).default(32) });
    return { width, ...readOptions("token_mixing", schema, options) };
  },

  /** As in its code: uniform within 1 / sqrt(K). */
  init({ taps }, key, gain = 1) {
    const bound = gain / Math.sqrt(taps);
    return { weight: random.uniform(key, [taps], { minval: -bound, maxval: bound }) };
  },

  /** The last K tokens, newest first, with the one that falls out next. */
  initialState: ({ width, taps }, batch) => tensor(0, [batch, taps, width]),

  cell({ taps, width }, { weight }, state, x) {
    const [batch] = x.shape;
    const newest = x.reshape([batch, 1, width]);
    const next = taps === 1
      ? newest
      : np.concatenate([newest, np.split(state, [taps - 1], 1)[0]], 1);
    return [next.ref, np.einsum("k,bkd->bd", weight, next)];
  },

  parallel({ taps, width }, { weight }, x, state) {
    const [batch, tokens] = x.shape;
    const before = state === undefined
      ? np.zeros([batch, taps, width], { dtype: x.dtype })
      : np.flip(state, 1);
    // Oldest first: K tokens from before, of which the oldest is out of reach, and those of now.
    const all = np.concatenate([before, x], 1);
    // Entry [s, t] is the weight of distance K + t - s, or 0 where there is none.
    const none = np.zeros([tokens], { dtype: x.dtype });
    const M = toeplitzMatrix(np.concatenate([none.ref, weight, none], 0), taps + tokens, tokens);
    const last = np.split(all.ref, [tokens], 1)[1];
    const rows = np.transpose(all, [1, 0, 2]).reshape([taps + tokens, batch * width]);
    const y = np.matmul(np.transpose(M), rows).reshape([tokens, batch, width]);
    return [np.flip(last, 1), np.transpose(y, [1, 0, 2])];
  },
};
