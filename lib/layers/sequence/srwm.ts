/** @file A weight matrix that changes itself: it answers a token, and says with which key, by which query and by how much it is changed. */
import { nn, numpy as np, random } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray } from "../../engine/arrays.ts";
import { readOptions } from "../../options.ts";
import { tensor } from "../../tensor/tensor.ts";
import type { SequenceLayer } from "./sequence_layer.ts";

/** Its options with their defaults, and the width. */
export interface Config {
  /** d, of x and y. */
  readonly width: number;
  /** H, which divides d. */
  readonly heads: number;
}

/** Of H heads with e = d/H numbers. */
export type Params = {
  /** [H, e, 3 e + 4]: answer, query, key and the logits of four rates. */
  weight: JaxArray;
  /** [d, d] */
  output: JaxArray;
};

/** x M for every sequence and head. @param x [B, H, e] @param matrix [B, H, e, m] */
const applied = (x: JaxArray, matrix: JaxArray): JaxArray => {
  const [batch, heads, each] = x.shape;
  return np.sum(matrix.mul(x.reshape([batch, heads, each, 1])), -2);
};

/**
 * y, q, k, b = W x; W += (rate (W softmax(q) - W softmax(k))) softmax(k)', where answer, query, key and rates have a rate sigmoid(b) each; the
 * answers of all heads by one map. Option: `heads` (the largest divisor of the width up to 4).
 */
export const layer: SequenceLayer<Config, Params, JaxArray, JaxArray, JaxArray> = {
  about: {
    name: "SRWM",
    paper: "Irie et al., arXiv 2202.05780, eq. 5 to 8, with four rates",
    kind: "nonlinear",
    eigenvalues: "any: the transition depends on the state",
  },

  configure(options, width) {
    const schema = z.strictObject({ heads: z.number().int().min(1).optional() });
    const given = readOptions("srwm", schema, options);
    let heads = given.heads ?? Math.min(4, width);
    if (given.heads === undefined) { while (width % heads !== 0) heads--; }
    if (width % heads !== 0) {
      throw new RangeError(`srwm options: heads = ${heads}: must divide the width ${width}`);
    }
    return { width, heads };
  },

  /** Normal with deviation 1 / sqrt(e), rates around a logit of -1, as in the authors' code. */
  init({ width, heads }, key, gain = 1) {
    const [k1, k2] = random.split(key, 2);
    const each = width / heads;
    const means = Float32Array.from({ length: 3 * each + 4 }, (_, i) => i < 3 * each ? 0 : -1);
    return {
      weight: random.normal(k1, [heads, each, 3 * each + 4]).mul(1 / Math.sqrt(each))
        .add(np.array(means)),
      output: random.normal(k2, [width, width]).mul(gain / Math.sqrt(width)),
    };
  },

  /** What W has changed by. */
  initialState: ({ width, heads }, batch) => {
    const each = width / heads;
    return tensor(0, [batch, heads, each, 3 * each + 4]);
  },

  inputs: ({ width, heads }, _, x) => x.reshape([...x.shape.slice(0, -1), heads, width / heads]),

  cell(_, { weight }, change, x) {
    const [batch, heads, each] = x.shape;
    const matrix = change.ref.add(weight);
    const ends = [each, 2 * each, 3 * each];
    const [answer, q, k, b] = np.split(applied(x, matrix.ref), ends, -1);
    const [query, key] = [nn.softmax(q, -1), nn.softmax(k, -1)];
    const rates = np.split(nn.sigmoid(b), 4, -1);
    const apart = np.split(applied(query.sub(key.ref), matrix), ends, -1);
    const by = np.concatenate(apart.map((part, i) => part.mul(rates[i])), -1);
    const written = key.reshape([batch, heads, each, 1])
      .mul(by.reshape([batch, heads, 1, 3 * each + 4]));
    return [change.add(written), answer.reshape([batch, heads * each])];
  },

  outputs(_, { output }, answer, x) {
    x.dispose();
    return np.matmul(answer, output);
  },
};
