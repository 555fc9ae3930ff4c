/** @file A structured linear controlled differential equation: a state in blocks that goes on by matrices linear in the token. */
import { numpy as np, random } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray } from "../../engine/arrays.ts";
import { readOptions } from "../../options.ts";
import { tensor } from "../../tensor/tensor.ts";
import { linear, linearInit, type LinearParams } from "../linear.ts";
import type { SequenceLayer } from "./sequence_layer.ts";

/** Its options with their defaults, and the width. */
export interface Config {
  /** d, of x and y. */
  readonly width: number;
  /** n, numbers of the state. */
  readonly state: number;
  /** b, numbers of a block; divides `state`. */
  readonly block: number;
  /** Of a token. */
  readonly step: number;
}

/** Maps of the token, and the start. */
export type Params = {
  /** Where the state starts, by the first token: [d, n]. */
  start: LinearParams;
  /** Of time and token to the blocks, [1 + d, n b]. */
  field: JaxArray;
  /** [n, d] */
  output: LinearParams;
};

/** The state [B, n], and whether it has started, [B, 1]: 0 or 1. */
export type State = { h: JaxArray; begun: JaxArray };

/** What a token does: where it would start [..., n], and matrices [..., n/b, b, b]. */
export type Input = { start: JaxArray; blocks: JaxArray };

/**
 * h_1 = W x_1 + c, h_t = h_{t-1} + step A(1, x_t) h_{t-1} in blocks, where A is linear; y = V h + b. Options: `state` (n, d), `block` (b, the
 * largest divisor of n up to 4), `step` (1/40).
 */
export const layer: SequenceLayer<Config, Params, State, Input, JaxArray> = {
  about: {
    name: "SLiCE",
    paper: "Walker et al., arXiv 2505.17761, section 4, the recurrence of the released code",
    kind: "linear in the state",
    eigenvalues: "any, 1 + step A of blocks that the token makes",
  },

  configure(options, width) {
    const schema = z.strictObject({
      state: z.number().int().min(1).default(width),
      block: z.number().int().min(1).optional(),
      step: z.number().gt(0).default(1 / 40),
    });
    const given = readOptions("slice", schema, options);
    let block = given.block ?? Math.min(4, given.state);
    if (given.block === undefined) { while (given.state % block !== 0) block--; }
    if (given.state % block !== 0) {
      throw new RangeError(
        `slice options: block = ${block}: must divide state = ${given.state}`,
      );
    }
    return { width, ...given, block };
  },

  /** Normal, as in the authors' code: maps of variance 1, blocks of 1/b. */
  init({ width, state, block }, key, gain = 1) {
    const [k1, k2, k3, k4] = random.split(key, 4);
    return {
      start: { weight: random.normal(k1, [width, state]), bias: random.normal(k2, [state]) },
      field: random.normal(k3, [1 + width, state * block]).mul(1 / Math.sqrt(block)),
      output: linearInit(k4, state, width, gain),
    };
  },

  initialState: ({ state }, batch) => ({
    h: tensor(0, [batch, state]),
    begun: tensor(0, [batch, 1]),
  }),

  inputs({ state, block, step }, { start, field }, x) {
    const lead = x.shape.slice(0, -1);
    const [ofTime, ofToken] = np.split(field, [1], 0);
    const made = np.matmul(x.ref, ofToken).add(ofTime.reshape([state * block])).mul(step);
    return {
      start: linear(start, x),
      blocks: made.reshape([...lead, state / block, block, block]),
    };
  },

  cell(_, _params, { h, begun }, { start, blocks }) {
    const [batch, count, block] = blocks.shape;
    const moved = np.sum(blocks.mul(h.ref.reshape([batch, count, 1, block])), -1);
    const on = h.add(moved.reshape([batch, count * block]));
    const next = begun.ref.mul(on).add(begun.ref.mul(-1).add(1).mul(start));
    return [{ h: next.ref, begun: begun.mul(0).add(1) }, next];
  },

  outputs(_, { output }, h, x) {
    x.dispose();
    return linear(output, h);
  },
};
