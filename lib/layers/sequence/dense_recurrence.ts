/**
 * @file A linear recurrence with a dense state matrix: h_t = A h_{t-1} + B x_t, y_t = C h_t + D x_t.
 *
 * The steady-state Kalman filter is of this form (A = F - F K H, B = F K, C = H with as many states as the system has).
 */
import { numpy as np, random } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray } from "../../engine/arrays.ts";
import { readOptions } from "../../options.ts";
import { tensor } from "../../tensor/tensor.ts";
import { causalConvolution, convolutionPays, kernelOf, lastState } from "../causal_convolution.ts";
import { recurrent } from "./forms.ts";
import type { SequenceLayer } from "./sequence_layer.ts";

/** Its options with their defaults, and the width. */
export interface Config {
  /** d, of x and y. */
  readonly width: number;
  /** n, size of the state. */
  readonly state: number;
  /** Spectral radius at initialisation. */
  readonly radius: number;
}

/** The four matrices; nothing keeps A stable while it is learned. */
export type Params = {
  /** A [n, n] */
  a: JaxArray;
  /** B [n, d] */
  b: JaxArray;
  /** C [d, n] */
  c: JaxArray;
  /** D [d, d] */
  d: JaxArray;
};

/**
 * A^k B for k = 0..tokens-1, [n, tokens, in], by doubling: the next 2^j taps are A^(2^j) times the first ones.
 * @param b [n, in]
 */
function response(a: JaxArray, b: JaxArray, tokens: number): JaxArray {
  const [n, width] = b.shape;
  let taps = 1;
  let columns = b;
  let power = a;
  while (taps < tokens) {
    const more = np.matmul(power.ref, columns.ref);
    columns = np.concatenate([columns, more], 1);
    taps *= 2;
    if (taps < tokens) power = np.matmul(power.ref, power);
    else power.dispose();
  }
  return columns.reshape([n, taps, width]).slice([], [0, tokens]);
}

/**
 * A linear map of all tokens so far, by way of n numbers. Options: `state` (n, 64) and `radius` (spectral radius of A at the
 * start, 0.9).
 */
export const layer: SequenceLayer<Config, Params, JaxArray, JaxArray, JaxArray> = {
  about: {
    name: "dense recurrence",
    paper: "Kalman, Journal of Basic Engineering 82 (1960), theorem 3, with constant matrices",
    kind: "linear map",
    eigenvalues: "any",
  },

  configure(options, width) {
    const schema = z.strictObject({
      state: z.number().int().min(1).default(64),
      radius: z.number().min(0).lt(1).default(0.9),
    });
    return { width, ...readOptions("dense_recurrence", schema, options) };
  },

  /**
   * The eigenvalues of a Gaussian matrix fill a disc (Ginibre), here of radius `radius`; B and C are such that y is about as large
   * as x; D starts at zero.
   */
  init({ width, state, radius }, key, gain = 1) {
    const [first, second, third] = random.split(key, 3);
    return {
      a: random.normal(first, [state, state]).mul(radius / Math.sqrt(state)),
      b: random.normal(second, [state, width]).mul(Math.sqrt((1 - radius ** 2) / width)),
      c: random.normal(third, [width, state]).mul(gain / Math.sqrt(state)),
      d: np.zeros([width, width]),
    };
  },

  initialState: ({ state }, batch) => tensor(0, [batch, state]),

  inputs: (_, { b }, x) => np.matmul(x, np.transpose(b)),

  cell(_, { a }, h, u) {
    const next = np.matmul(h, np.transpose(a)).add(u);
    return [next.ref, next];
  },

  outputs: (_, { c, d }, h, x) => np.matmul(h, np.transpose(c)).add(np.matmul(x, np.transpose(d))),

  /** A convolution with the impulse response, no loop, where that pays (Gu et al., arXiv 2111.00396, section 2.4). */
  parallel(config, params, x, state) {
    const { width, state: n } = config;
    const [batch, length] = x.shape;
    if (!convolutionPays(length, width)) return recurrent(layer, config, params, x, state);
    const { a, b, c, d } = params;
    // The state before the first token decays as an impulse A h would, so both are powers of A times columns.
    const columns = state ? np.concatenate([b, np.matmul(a.ref, np.transpose(state))], 1) : b;
    const all = response(a, columns, length);
    const filter = all.ref.slice([], [], [0, width]);
    let y = causalConvolution(kernelOf(c.ref, filter.ref), x.ref)
      .add(np.matmul(x.ref, np.transpose(d)));
    const last = lastState(filter, x);
    if (!state) {
      all.dispose();
      c.dispose();
      return [last, y];
    }
    const left = np.transpose(all.slice([], [], [width, width + batch]), [2, 1, 0]); // [B, T, n]
    y = y.add(np.matmul(left.ref, np.transpose(c)));
    return [last.add(left.slice([], [length - 1]).reshape([batch, n])), y];
  },
};
