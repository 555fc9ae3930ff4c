/** @file Long short-term memory with forget gates. */
import { nn, numpy as np, random } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray } from "../../engine/arrays.ts";
import { readOptions } from "../../options.ts";
import { tensor } from "../../tensor/tensor.ts";
import { linear, linearInit, type LinearParams } from "../linear.ts";
import type { SequenceLayer } from "./sequence_layer.ts";

/** The width; there are no options. */
export interface Config {
  /** d, of x, y and both parts of the state. */
  readonly width: number;
}

/** Of all gates at once; the biases are those of the input. */
export type Params = {
  /** [d, 4 d]: input, forget and output gates, then the candidate. */
  input: LinearParams;
  /** [d, 4 d], of the hidden state. */
  recurrent: JaxArray;
};

/** Hidden and cell state, [B, d] each. */
export type State = { h: JaxArray; c: JaxArray };

/** y is the hidden state. The gates see the token and the last hidden state, not the cell state. No options. */
export const layer: SequenceLayer<Config, Params, State, JaxArray, JaxArray> = {
  about: {
    name: "LSTM",
    paper:
      "Hochreiter & Schmidhuber, Neural Computation 9 (1997); forget gates: Gers et al., Neural Computation 12 (2000), section 3",
    kind: "nonlinear",
    eigenvalues: "(0, 1), the forget gates, along the cell state",
  },

  configure(options, width) {
    readOptions("lstm", z.strictObject({}), options);
    return { width };
  },

  /** Forget gates start open, with a bias of 1 (Jozefowicz et al., ICML 2015). */
  init({ width }, key) {
    const [k1, k2] = random.split(key, 2);
    const { weight, bias } = linearInit(k1, width, 4 * width);
    bias.dispose();
    const isForgetGate = (_: unknown, i: number) => Number(i >= width && i < 2 * width);
    return {
      input: { weight, bias: np.array(Float32Array.from({ length: 4 * width }, isForgetGate)) },
      recurrent: random.normal(k2, [width, 4 * width]).mul(1 / Math.sqrt(width)),
    };
  },

  initialState: ({ width }, batch) => ({
    h: tensor(0, [batch, width]),
    c: tensor(0, [batch, width]),
  }),

  inputs: (_, { input }, x) => linear(input, x),

  cell({ width }, { recurrent }, state, x) {
    const [gates, candidate] = np.split(x.add(np.matmul(state.h, recurrent)), [3 * width], -1);
    const [input, forget, output] = np.split(nn.sigmoid(gates), 3, -1);
    const c = state.c.mul(forget).add(input.mul(np.tanh(candidate)));
    const h = output.mul(np.tanh(c.ref));
    return [{ h: h.ref, c }, h];
  },
};
