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

/** Tokens of a chunk, at least, where there are as many: shorter ones make more of smaller products. */
const shortest = 32;

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
    const bound = 1 / Math.sqrt(taps);
    // Scaled afterwards: a gain of 0 leaves no interval to draw from.
    return { weight: random.uniform(key, [taps], { minval: -bound, maxval: bound }).mul(gain) };
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

  /** In chunks of at least K tokens, so that a token costs the same however long the sequence is. */
  parallel({ taps, width }, { weight }, x, state) {
    const [batch, tokens] = x.shape;
    const { dtype } = x;
    const chunk = Math.max(taps, Math.min(tokens, shortest));
    const count = Math.ceil(tokens / chunk);
    const before = state === undefined
      ? np.zeros([batch, taps, width], { dtype })
      : np.flip(state, 1);
    const beyond = (count + 1) * chunk - taps - tokens;
    // Oldest first: K tokens from before, of which the oldest is out of reach, those of now, and zeros to the end of a chunk.
    const all = np.concatenate([
      ...[before, x],
      ...beyond > 0 ? [np.zeros([batch, beyond, width], { dtype })] : [],
    ], 1);
    const last = np.split(all.ref, [tokens, tokens + taps], 1)[1];
    // What the tokens of a chunk look at begins K tokens before them: the end of it lies in the next piece.
    const pieces = all.reshape([batch, count + 1, chunk, width]);
    const [own, next] = [np.split(pieces.ref, [count], 1)[0], np.split(pieces, [1], 1)[1]];
    const seen = np.concatenate([own, np.split(next, [taps], 2)[0]], 2);
    // Entry [s, t] is the weight of distance K + t - s, or 0 where there is none.
    const none = np.zeros([chunk], { dtype });
    const M = toeplitzMatrix(np.concatenate([none.ref, weight, none], 0), taps + chunk, chunk);
    const rows = np.transpose(seen, [2, 0, 1, 3]).reshape([taps + chunk, batch * count * width]);
    const y = np.matmul(np.transpose(M), rows).reshape([chunk, batch, count, width]);
    const inOrder = np.transpose(y, [1, 2, 0, 3]).reshape([batch, count * chunk, width]);
    return [np.flip(last, 1), np.split(inOrder, [tokens], 1)[0]];
  },
};
