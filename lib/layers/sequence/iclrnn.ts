/** @file A recurrence that is convex in its tokens and does not expand: no weight is negative, no map has a norm above 1. */
import { nn, numpy as np, random, tree } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray } from "../../engine/arrays.ts";
import { scan } from "../../engine/scan.ts";
import { readOptions } from "../../options.ts";
import { tensor } from "../../tensor/tensor.ts";
import { linear, linearInit, type LinearParams } from "../linear.ts";
import { freshState } from "./forms.ts";
import type { SequenceLayer } from "./sequence_layer.ts";

/** Its options with their defaults, and the width. */
export interface Config {
  /** d, of x and y. */
  readonly width: number;
  /** n, numbers of the state. */
  readonly state: number;
}

/** Maps before they are bounded. */
export type Params = {
  /** U and b: of the token and of its negative, [2 d, n] and [n]. */
  input: LinearParams;
  /** W, [n, n] */
  recurrent: JaxArray;
  /** [n, d] */
  output: LinearParams;
};

/** What the code adds to a norm before it divides by it: the map stays below 1. */
const margin = 1e-3;
/** Sixteen steps of the power method (the code's limit is ten) by so many squarings. */
const squarings = 4;

/**
 * |W| over its largest singular value and a margin. The authors clip and divide what is stored, after every step of the optimiser; here the bounded
 * map is a function of a free one, whose absolute value keeps a slope where a clipped weight would have none.
 * @param weight [in, out]
 */
function bounded(weight: JaxArray): JaxArray {
  const [inputs, outputs] = weight.shape;
  const size = np.abs(weight);
  const lengthOf = (x: JaxArray) => np.sqrt(np.sum(x.ref.mul(x), 1, { keepdims: true }).add(1e-24));
  let powers = np.matmul(size.ref, np.transpose(size.ref));
  for (let i = 0; i < squarings; i++) {
    const trace = np.sum(powers.ref.mul(powers.ref)).add(1e-24);
    powers = np.matmul(powers.ref, powers).mul(np.reciprocal(trace));
  }
  // No entry is negative, so neither is the vector that is sought: one of equal numbers is never orthogonal to it.
  const u = np.sum(powers, 1).reshape([1, inputs]);
  const norm = lengthOf(np.matmul(u.ref.div(lengthOf(u)), size.ref)).add(margin);
  return np.broadcastTo(np.reciprocal(norm), [inputs, outputs]).mul(size);
}

const moved = (recurrent: JaxArray, h: JaxArray, x: JaxArray) =>
  nn.relu(np.matmul(h, recurrent).add(x));

/**
 * h_t = relu(W h_{t-1} + U [x_t, -x_t] + b), where W and U have no negative entries and norms below 1: every number of h is convex in all tokens
 * so far, and moves by no more than they do. y = V h + c is free. Option: `state` (n, d).
 */
export const layer: SequenceLayer<Config, Params, JaxArray, JaxArray, JaxArray> = {
  about: {
    name: "ICLRNN",
    paper: "Wang et al., arXiv 2401.07494, section 3, as its released code has it",
    kind: "nonlinear",
    eigenvalues: "|lambda| < 1, those of W where a ReLU is open, else 0",
  },

  configure(options, width) {
    const schema = z.strictObject({ state: z.number().int().min(1).default(width) });
    return { width, ...readOptions("iclrnn", schema, options) };
  },

  init({ width, state }, key, gain = 1) {
    const [k1, k2, k3] = random.split(key, 3);
    return {
      input: linearInit(k1, 2 * width, state),
      recurrent: random.normal(k2, [state, state]).mul(1 / Math.sqrt(state)),
      output: linearInit(k3, state, width, gain),
    };
  },

  initialState: ({ state }, batch) => tensor(0, [batch, state]),

  inputs(_, { input: { weight, bias } }, x) {
    const both = np.concatenate([x.ref, x.neg()], -1);
    return np.matmul(both, bounded(weight)).add(bias);
  },

  cell(_, { recurrent }, h, x) {
    const next = moved(bounded(recurrent), h, x);
    return [next.ref, next];
  },

  outputs(_, { output }, h, x) {
    x.dispose();
    return linear(output, h);
  },

  /** The loop itself; its map is bounded once for all tokens. */
  parallel(config, params, x, state) {
    state ??= freshState(layer, config, x.shape[0], 0, x.dtype);
    const inputs = layer.inputs!(config, tree.ref(params), np.transpose(x, [1, 0, 2]));
    const [last, all] = scan(
      (recurrent: JaxArray, h: JaxArray, x: JaxArray) => {
        const next = moved(recurrent, h, x);
        return [next.ref, next] as [JaxArray, JaxArray];
      },
      bounded(params.recurrent),
      state,
      inputs,
    );
    return [last, np.transpose(linear(params.output, all), [1, 0, 2])];
  },
};
