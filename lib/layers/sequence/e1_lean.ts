/** @file E1 as its theory has it: an Elman network whose state itself is multiplied by a gate that sees the state. */
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
  /** Whether the gate sees the last state, too. */
  readonly recurrentGate: boolean;
}

/** Maps of the token and of the state. */
export type Params = {
  /** [d, 2 d]: W_x with b, then V_g with its own. */
  input: LinearParams;
  /** [d, 2 d]: W_h and W_g; W_h alone, [d, d], if the gate does not see the state. */
  recurrent: JaxArray;
};

/**
 * h_t = tanh(W_h h_{t-1} + W_x x_t + b) sigmoid(W_g h_{t-1} + V_g x_t + c), and y_t = h_t. Option: `recurrentGate` (true; without it W_g is 0,
 * the third reading of its rule).
 */
export const layer: SequenceLayer<Config, Params, JaxArray, JaxArray, JaxArray> = {
  about: {
    name: "E1, gated state",
    paper:
      "github.com/ekg/elman-proofs@5082610, ElmanProofs/Architectures/E1_GatedElman.lean, its update; Elman (1990), figure 2",
    kind: "nonlinear",
    eigenvalues: "any",
  },

  configure(options, width) {
    const schema = z.strictObject({ recurrentGate: z.boolean().default(true) });
    return { width, ...readOptions("e1_lean", schema, options) };
  },

  init({ width, recurrentGate }, key, gain = 1) {
    const [k1, k2] = random.split(key, 2);
    const { weight, bias } = linearInit(k1, width, 2 * width);
    const outputs = (recurrentGate ? 2 : 1) * width;
    return {
      input: { weight: weight.mul(gain), bias },
      recurrent: random.normal(k2, [width, outputs]).mul(1 / Math.sqrt(width)),
    };
  },

  initialState: ({ width }, batch) => tensor(0, [batch, width]),

  inputs: (_, { input }, x) => linear(input, x),

  cell({ recurrentGate }, { recurrent }, h, x) {
    const seen = np.matmul(h, recurrent);
    const all = recurrentGate ? seen : np.concatenate([seen.ref, seen.mul(0)], -1);
    const [candidate, gate] = np.split(x.add(all), 2, -1);
    const next = np.tanh(candidate).mul(nn.sigmoid(gate));
    return [next.ref, next];
  },
};
