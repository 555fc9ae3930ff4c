/** @file Slots of unit length that learn to rebuild every value from its code; a slot takes up what is orthogonal to it alone. */
import { nn, numpy as np, random } from "@jax-js/jax";
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
  /** H, which divides d; e = d / H. */
  readonly heads: number;
  /** m, slots of a head. */
  readonly slots: number;
}

/** Maps of tokens, and where the slots start. */
export type Params = {
  /** Codes to write and to read with, and values, [d, 2 H m + d]. */
  input: JaxArray;
  /** Logits of a rate for each head, [d, H]. */
  rate: LinearParams;
  /** [H, m, e]; their lengths do not matter. */
  start: JaxArray;
  /** [d, d] */
  output: JaxArray;
};

/** What a token does, of every head: codes [..., H, m], values [..., H, e], rates [..., H, 1]. */
export type Input = { write: JaxArray; read: JaxArray; values: JaxArray; rates: JaxArray };

/** S' c, the slots weighted by a code. @param slots [..., m, e] @param code [..., m] */
const decoded = (slots: JaxArray, code: JaxArray): JaxArray =>
  np.sum(slots.mul(code.reshape([...code.shape, 1])), -2);

/**
 * s_i <- u(s_i + beta k_i (I - s_i s_i') (v - S' k)) with u(s) = s / |s|: a step down the gradient of |v - S' k|^2 / 2 along the sphere for every slot
 * s_i, a row of S; y = W (S' q). Codes k and q have length 1, beta = sigmoid(w x + b). Options: `heads` (the largest divisor of the width up to 4),
 * `slots` (m, d / H).
 */
export const layer: SequenceLayer<Config, Params, JaxArray, Input, JaxArray> = {
  about: {
    name: "Lattice",
    paper:
      "Karami et al., arXiv 2504.05646, section 3: slots of unit length that decode, by proposition 3.1 descent along their sphere",
    kind: "nonlinear",
    eigenvalues: "any: the transition depends on the state",
  },

  configure(options, width) {
    const schema = z.strictObject({
      heads: z.number().int().min(1).optional(),
      slots: z.number().int().min(1).optional(),
    });
    const given = readOptions("lattice", schema, options);
    let heads = given.heads ?? Math.min(4, width);
    if (given.heads === undefined) { while (width % heads !== 0) heads--; }
    if (width % heads !== 0) {
      throw new RangeError(`lattice options: heads = ${heads}: must divide the width ${width}`);
    }
    return { width, heads, slots: given.slots ?? width / heads };
  },

  init({ width, heads, slots }, key, gain = 1) {
    const [k1, k2, k3, k4] = random.split(key, 4);
    return {
      input: random.normal(k1, [width, 2 * heads * slots + width]).mul(1 / Math.sqrt(width)),
      rate: linearInit(k2, width, heads),
      start: random.normal(k3, [heads, slots, width / heads]),
      output: random.normal(k4, [width, width]).mul(gain / Math.sqrt(width)),
    };
  },

  /** By how much the slots have moved. */
  initialState: ({ width, heads, slots }, batch) => tensor(0, [batch, heads, slots, width / heads]),

  inputs({ width, heads, slots }, { input, rate }, x) {
    const lead = x.shape.slice(0, -1);
    const made = np.matmul(x.ref, input);
    const [write, read, values] = np.split(made, [heads * slots, 2 * heads * slots], -1);
    const codes = (code: JaxArray) => normalised(code.reshape([...lead, heads, slots]));
    return {
      ...{ write: codes(write), read: codes(read) },
      values: values.reshape([...lead, heads, width / heads]),
      rates: nn.sigmoid(linear(rate, x)).reshape([...lead, heads, 1]),
    };
  },

  cell({ width }, { start }, moved, { write, read, values, rates }) {
    const [batch, heads, each] = values.shape;
    const origin = normalised(start);
    const slots = moved.add(origin.ref);
    const missing = values.sub(decoded(slots.ref, write.ref)).reshape([batch, heads, 1, each]);
    const along = np.sum(slots.ref.mul(missing.ref), -1, { keepdims: true });
    const orthogonal = missing.sub(along.mul(slots.ref));
    const steps = write.mul(rates);
    const next = normalised(slots.add(orthogonal.mul(steps.reshape([...steps.shape, 1]))));
    const answer = decoded(next.ref, read).reshape([batch, width]);
    return [next.sub(origin), answer];
  },

  outputs(_, { output }, answer, x) {
    x.dispose();
    return np.matmul(answer, output);
  },
};
