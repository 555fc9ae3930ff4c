/** @file A bilinear recurrence: the next state is a product of token and state and of nothing else, at unit length. */
import { numpy as np, random } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray } from "../../engine/arrays.ts";
import { readOptions } from "../../options.ts";
import { tensor } from "../../tensor/tensor.ts";
import { linear, linearInit, type LinearParams } from "../linear.ts";
import { normalised } from "../unit_norm.ts";
import type { SequenceLayer } from "./sequence_layer.ts";

/** Its options with their defaults, and the width. */
export interface Config {
  /** d, of x and y. */
  readonly width: number;
  /** n, numbers of the state. */
  readonly state: number;
  /** b, numbers of a block; divides `state`. */
  readonly block: number;
}

/** Maps of the token, and the start. */
export type Params = {
  /** Of the token to the blocks, [d, n b]. */
  transition: JaxArray;
  /** Where the state starts, [n]. */
  start: JaxArray;
  /** [n, d] */
  output: LinearParams;
};

/**
 * h_t = A(x_t) h_{t-1} / |A(x_t) h_{t-1}|, where A is linear in the token, without a constant, in blocks; y = V h + b. Options: `state` (n, d),
 * `block` (b, all of the state).
 */
export const layer: SequenceLayer<Config, Params, JaxArray, JaxArray, JaxArray> = {
  about: {
    name: "bilinear RNN",
    paper: "Ebrahimi & Memisevic, arXiv 2505.21749, eq. 2, in blocks, with a state of unit length",
    kind: "nonlinear",
    eigenvalues: "any, of blocks that are linear in the token",
  },

  configure(options, width) {
    const schema = z.strictObject({
      state: z.number().int().min(2).default(width),
      block: z.number().int().min(1).optional(),
    });
    const given = readOptions("bilinear", schema, options);
    const block = given.block ?? given.state;
    if (given.state % block !== 0) {
      throw new RangeError(
        `bilinear options: block = ${block}: must divide state = ${given.state}`,
      );
    }
    return { width, state: given.state, block };
  },

  init({ width, state, block }, key, gain = 1) {
    const [k1, k2, k3] = random.split(key, 3);
    return {
      transition: random.normal(k1, [width, state * block]).mul(1 / Math.sqrt(width * block)),
      start: random.normal(k2, [state]).mul(1 / Math.sqrt(state)),
      output: linearInit(k3, state, width, gain * Math.sqrt(state)),
    };
  },

  /** Less than where it starts, so that it is zero there. */
  initialState: ({ state }, batch) => tensor(0, [batch, state]),

  inputs: ({ state, block }, { transition }, x) =>
    np.matmul(x.ref, transition).reshape([...x.shape.slice(0, -1), state / block, block, block]),

  cell({ state }, { start }, moved, blocks) {
    const [batch, count, block] = blocks.shape;
    const h = moved.add(start.ref).reshape([batch, count, 1, block]);
    const next = normalised(np.sum(blocks.mul(h), -1).reshape([batch, state]));
    return [next.ref.sub(start), next];
  },

  outputs(_, { output }, h, x) {
    x.dispose();
    return linear(output, h);
  },
};
