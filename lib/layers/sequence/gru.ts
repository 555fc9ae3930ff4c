/** @file Gated recurrent unit. */
import { nn, numpy as np, random } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray } from "../../engine/arrays.ts";
import { readOptions } from "../../options.ts";
import { tensor } from "../../tensor/tensor.ts";
import { linear, linearInit, type LinearParams } from "../linear.ts";
import type { SequenceLayer } from "./sequence_layer.ts";

/** The width; there are no options. */
export interface Config {
  /** d, of x, y and the state. */
  readonly width: number;
}

/** Maps [d] to [3 d]: reset gate, update gate, candidate. */
export type Params = { input: LinearParams; recurrent: LinearParams };

/** The reset gate comes after the product with the state, as in cuDNN, and an update gate of 1 keeps the state. No options. */
export const layer: SequenceLayer<Config, Params, JaxArray, JaxArray, JaxArray> = {
  about: {
    name: "GRU",
    paper: "Cho et al., arXiv 1406.1078, eq. 5-8",
    kind: "nonlinear",
    eigenvalues: "(0, 1), the update gates, along the state",
  },

  configure(options, width) {
    readOptions("gru", z.strictObject({}), options);
    return { width };
  },

  init({ width }, key) {
    const [k1, k2] = random.split(key, 2);
    return {
      input: linearInit(k1, width, 3 * width),
      recurrent: linearInit(k2, width, 3 * width),
    };
  },

  initialState: ({ width }, batch) => tensor(0, [batch, width]),

  inputs: (_, { input }, x) => linear(input, x),

  cell({ width }, { recurrent }, h, x) {
    const [hGates, hCandidate] = np.split(linear(recurrent, h.ref), [2 * width], -1);
    const [xGates, xCandidate] = np.split(x, [2 * width], -1);
    const [reset, update] = np.split(nn.sigmoid(xGates.add(hGates)), 2, -1);
    const candidate = np.tanh(xCandidate.add(reset.mul(hCandidate)));
    const next = candidate.ref.add(update.mul(h.sub(candidate)));
    return [next.ref, next];
  },
};
