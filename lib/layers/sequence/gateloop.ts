/** @file GateLoop: linear attention whose memory is multiplied by a complex number that the token chooses, one for each head. */
import { nn, numpy as np, random } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray } from "../../engine/arrays.ts";
import { readOptions } from "../../options.ts";
import { tensor } from "../../tensor/tensor.ts";
import { expandedWidth } from "../expanded_width.ts";
import { weightInit } from "../gated_delta_layer.ts";
import { linear, linearInit, type LinearParams } from "../linear.ts";
import type { SequenceLayer } from "./sequence_layer.ts";

/** Its options with their defaults, and the width. */
export interface Config {
  /** d, of x and y; all keys and all values have as many numbers. */
  readonly width: number;
  /** H; each has a memory of its own. */
  readonly heads: number;
  /** Whether the factors are complex; otherwise they are real, of either sign. */
  readonly complex: boolean;
}

/** Maps without biases, but that of the factors. */
export type Params = {
  /** [d, 3 d]: queries, keys, values. */
  input: JaxArray;
  /** To real and imaginary part of every head's factor, side by side: [d, 2 H]. */
  factor: LinearParams;
  /** [d, d], of the gate on the output. */
  gate: JaxArray;
  /** [d, d] */
  output: JaxArray;
};

/** Real and imaginary part of the memory, [B, H, d/H, d/H] by key and value. */
export type State = { re: JaxArray; im: JaxArray };

/** Of a token: query, key and value [..., H, d/H], and the factor [..., H]. */
export type Input = { query: JaxArray; key: JaxArray; value: JaxArray; re: JaxArray; im: JaxArray };

/** Under the root of the magnitude, whose slope at zero would be infinite. */
const tiny = 1e-24;

/**
 * S_t = a_t S_{t-1} + k_t v_t', read as q_t' Re S_t times silu(W x), with a = sigmoid(|w|) w / |w| for a complex map w of x. Options:
 * `heads` (d: keys and values of one number each), `complex` (true; otherwise w is real, and a lies in (-1, 1)).
 */
export const layer: SequenceLayer<Config, Params, State, Input, JaxArray> = {
  about: {
    name: "GateLoop",
    paper: "Katsch, arXiv 2311.01927, eq. 4 to 8",
    kind: "linear in the state",
    eigenvalues: "1/2 <= |lambda| < 1, complex; (-1, -1/2] and [1/2, 1) with complex: false",
  },

  configure(options, width) {
    const schema = z.strictObject({
      heads: z.number().int().min(1).default(width),
      complex: z.boolean().default(true),
    });
    const config = { width, ...readOptions("gateloop", schema, options) };
    expandedWidth("gateloop", "expansion", 1, width, config.heads);
    return config;
  },

  init({ width, heads }, key, gain = 1) {
    const [k1, k2, k3, k4] = random.split(key, 4);
    return {
      input: weightInit(k1, width, 3 * width),
      factor: linearInit(k2, width, 2 * heads),
      gate: weightInit(k3, width, width),
      output: weightInit(k4, width, width, gain),
    };
  },

  initialState({ width, heads }, batch) {
    const shape = [batch, heads, width / heads, width / heads];
    return { re: tensor(0, shape), im: tensor(0, shape) };
  },

  inputs({ width, heads, complex }, { input, factor }, x) {
    const lead = x.shape.slice(0, -1);
    const [re, imaginary] = np.split(linear(factor, x.ref).reshape([...lead, heads, 2]), 2, -1)
      .map((part) => part.reshape([...lead, heads]));
    const im = complex ? imaginary : imaginary.mul(0);
    const size = np.sqrt(re.ref.mul(re.ref).add(im.ref.mul(im.ref)).add(tiny));
    const scale = nn.sigmoid(size.ref).mul(np.reciprocal(size));
    const [query, key, value] = np.split(np.matmul(x, input), 3, -1)
      .map((x) => x.reshape([...lead, heads, width / heads]));
    return { query, key, value, re: re.mul(scale.ref), im: im.mul(scale) };
  },

  cell(_config, _params, { re, im }, { query, key, value, ...a }) {
    const lead = query.shape.slice(0, -1);
    const column = (x: JaxArray) => x.reshape([...x.shape, 1]);
    const each = (x: JaxArray) => x.reshape([...lead, 1, 1]);
    const [aRe, aIm] = [each(a.re), each(a.im)];
    const written = column(key).mul(value.reshape([...lead, 1, -1]));
    const nextRe = aRe.ref.mul(re.ref).sub(aIm.ref.mul(im.ref)).add(written);
    const nextIm = aRe.mul(im).add(aIm.mul(re));
    const read = np.sum(nextRe.ref.mul(column(query)), -2);
    return [{ re: nextRe, im: nextIm }, read];
  },

  outputs(_, { gate, output }, read, x) {
    const mixed = read.reshape([...x.shape]);
    return np.matmul(mixed.mul(nn.silu(np.matmul(x, gate))), output);
  },
};
