/** @file RegularLRNN: a state in blocks, each multiplied by a matrix that the token makes, scaled so that no product of them grows. */
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
  /** b, numbers of a block; divides the width. */
  readonly block: number;
}

/** Two networks with one hidden layer: of the matrices, d to b d to b d, and of what is added, d to d to d. */
export type Params = {
  blocks: { up: LinearParams; down: LinearParams };
  values: { up: LinearParams; down: LinearParams };
  /** Where the state starts, [d]. */
  start: JaxArray;
};

/** What a token does: matrices [..., d/b, b, b], and what is added [..., d/b, b]. */
export type Input = { blocks: JaxArray; values: JaxArray };

const power = 1.2;
/** In place of the power of a column of zeros, whose logarithm is not a number. */
const least = 1e-12;

const network = ({ up, down }: Params["blocks"], x: JaxArray) =>
  linear(down, nn.relu(linear(up, x)));

/** Of the largest norm: a token of zeros makes a matrix of zeros, which has no direction; with less its derivatives overflow. */
const leastNorm = 1e-3;

/** Columns less their means, over the largest p-norm of one, p = 1.2. @param raw [..., b, b] */
function bounded(raw: JaxArray): JaxArray {
  const centred = raw.ref.sub(np.mean(raw, -2, { keepdims: true }));
  const logs = np.log(np.maximum(np.abs(centred.ref), least));
  const norms = np.exp(
    np.log(np.sum(np.exp(logs.mul(power)), -2, { keepdims: true })).mul(1 / power),
  );
  return centred.div(np.maximum(np.max(norms, -1, { keepdims: true }), leastNorm));
}

/** h_t = A(x_t) h_{t-1} + v(x_t) in blocks, y_t = h_t. Option: `block` (b, the largest divisor of the width up to 8). */
export const layer: SequenceLayer<Config, Params, JaxArray, Input, JaxArray> = {
  about: {
    name: "RegularLRNN",
    paper: "Fan et al., arXiv 2309.07412, section 4, with blocks; the code's p-norm with p = 1.2",
    kind: "linear in the state",
    eigenvalues: "|lambda| <= 1, complex, of blocks that the token makes",
  },

  configure(options, width) {
    const schema = z.strictObject({ block: z.number().int().min(2).optional() });
    const given = readOptions("regular_lrnn", schema, options);
    let block = given.block ?? Math.min(8, width);
    if (given.block === undefined) { while (width % block !== 0) block--; }
    if (width % block !== 0 || block < 2) {
      throw new RangeError(
        `regular_lrnn options: block = ${block}: must divide the width ${width}, and be above 1`,
      );
    }
    return { width, block };
  },

  init({ width, block }, key, gain = 1) {
    const [k1, k2, k3, k4, k5] = random.split(key, 5);
    return {
      blocks: {
        up: linearInit(k1, width, block * width),
        down: linearInit(k2, block * width, block * width),
      },
      values: { up: linearInit(k3, width, width), down: linearInit(k4, width, width, gain) },
      start: random.normal(k5, [width]),
    };
  },

  /** Less than where it starts, so that it is zero there. */
  initialState: ({ width }, batch) => tensor(0, [batch, width]),

  inputs({ width, block }, { blocks, values }, x) {
    const lead = x.shape.slice(0, -1);
    const count = width / block;
    return {
      blocks: bounded(network(blocks, x.ref).reshape([...lead, count, block, block])),
      values: network(values, x).reshape([...lead, count, block]),
    };
  },

  cell({ width }, { start }, moved, { blocks, values }) {
    const [batch, count, block] = values.shape;
    const h = moved.add(start.ref).reshape([batch, count, 1, block]);
    const next = np.sum(blocks.mul(h), -1).add(values).reshape([batch, width]);
    return [next.ref.sub(start), next];
  },
};
