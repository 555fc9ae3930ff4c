/** @file Recurrent networks that contract, joined so that the whole contracts, however strongly they are tied to each other. */
import { nn, numpy as np, random } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray, JaxDType } from "../../engine/arrays.ts";
import { scan } from "../../engine/scan.ts";
import { readOptions } from "../../options.ts";
import { tensor } from "../../tensor/tensor.ts";
import { constant } from "../constant.ts";
import { linear, linearInit, type LinearParams } from "../linear.ts";
import { freshState } from "./forms.ts";
import type { SequenceLayer } from "./sequence_layer.ts";

/** Its options with their defaults, and the width. */
export interface Config {
  /** d, of x and y. */
  readonly width: number;
  /** s, numbers of the state, of all modules together. */
  readonly state: number;
  /** H, networks of n = s/H numbers each. */
  readonly modules: number;
  /** Of Euler's method, in time constants. */
  readonly step: number;
}

/** What makes the modules, and what ties them. */
export type Params = {
  /** [d, s] */
  input: LinearParams;
  /** P of every module, [H, n, n]. */
  root: JaxArray;
  /** C, of every pair of modules: (2, 1), (3, 1), (3, 2) ... [H (H - 1) / 2, n, n], rows of the first. */
  between: JaxArray;
  /** [s, d] */
  output: LinearParams;
};

/** W within the modules and L between them, [s, s] each. */
type Maps = { within: JaxArray; between: JaxArray };

/** What keeps eigenvalues of W below 1, as in the released code. */
const margin = 1e-5;

/** Blocks along the diagonal. @param blocks [H, n, n] */
function diagonalOf(blocks: JaxArray): JaxArray {
  const [count, n] = blocks.shape;
  const size = count * n;
  const inside = Float32Array.from(
    { length: size * size },
    (_, at) => +(Math.floor(at / size / n) === Math.floor((at % size) / n)),
  );
  const rows = blocks.reshape([size, n]);
  const mask = constant(inside, [size, size], rows.dtype);
  return np.concatenate(Array.from({ length: count }, () => rows.ref), 1).mul(mask);
}

/** Blocks below the diagonal, row by row. @param pairs [H (H - 1) / 2, n, n] */
function belowOf(pairs: JaxArray, count: number): JaxArray {
  const n = pairs.shape[1];
  const each = (pairs.shape[0] === 1 ? [pairs] : np.split(pairs, pairs.shape[0], 0))
    .map((pair) => pair.reshape([n, n]));
  const none = (columns: number) => np.zeros([n, columns], { dtype: each[0].dtype });
  const rows = Array.from({ length: count }, (_, i) => {
    const own = each.slice(i * (i - 1) / 2, i * (i + 1) / 2);
    return np.concatenate([...own, none((count - i) * n)], 1);
  });
  return np.concatenate(rows, 0);
}

const unit = (size: number, by: number, dtype: JaxDType) => np.eye(size).astype(dtype).mul(by);

/**
 * With S = P' P of every module and its metric (S + sqrt(c))^-2: W = c - S S is symmetric with eigenvalues below 1, and L = (S + sqrt(c))^2 (C - C')
 * turns what it ties without length in that metric. (The paper's L = B - M^-1 B' M for B = M^-1 C: no matrix is inverted.)
 */
function mapsOf({ modules }: Config, root: JaxArray, between: JaxArray): Maps {
  const all = diagonalOf(root);
  const squares = np.matmul(np.transpose(all.ref), all);
  const size = squares.shape[0];
  const limit = 1 - margin;
  const metric = squares.ref.add(unit(size, Math.sqrt(limit), squares.dtype));
  const below = belowOf(between, modules);
  const skew = below.ref.sub(np.transpose(below));
  return {
    within: unit(size, limit, squares.dtype).sub(np.matmul(squares.ref, squares)),
    between: np.matmul(metric.ref, np.matmul(metric, skew)),
  };
}

function moved(step: number, { within, between }: Maps, h: JaxArray, x: JaxArray): JaxArray {
  const told = np.matmul(h.ref, np.transpose(between));
  const own = np.matmul(nn.relu(h.ref), within); // (W is its own transpose.)
  return h.mul(1 - step).add(own.add(told).add(x).mul(step));
}

/**
 * h_t = h_{t-1} + step (-h_{t-1} + W relu(h_{t-1}) + L h_{t-1} + U x_t + b): modules W along a diagonal that each contract, and ties L that the
 * contraction of all outlives. y = V h + c. Options: `state` (s, d), `modules` (H, the largest divisor of s up to 4), `step` (.3).
 */
export const layer: SequenceLayer<Config, Params, JaxArray, JaxArray, JaxArray> = {
  about: {
    name: "RNN of RNNs",
    paper:
      "Kozachkov et al., arXiv 2106.08928, eq. 1 and 3, with symmetric modules; their metric as in github.com/kozleo/rnns-of-rnns@69297f1, src/utils.py",
    kind: "nonlinear",
    eigenvalues: "complex, real parts below 1 for small steps",
  },

  configure(options, width) {
    const schema = z.strictObject({
      state: z.number().int().min(2).default(width),
      modules: z.number().int().min(2).optional(),
      step: z.number().gt(0).max(1).default(0.3),
    });
    const given = readOptions("rnn_of_rnns", schema, options);
    let modules = given.modules ?? Math.min(4, given.state);
    if (given.modules === undefined) { while (given.state % modules !== 0) modules--; }
    if (given.state % modules !== 0 || modules < 2) {
      throw new RangeError(
        `rnn_of_rnns options: modules = ${modules}: must divide state = ${given.state}, and be above 1`,
      );
    }
    return { width, state: given.state, modules, step: given.step };
  },

  init({ width, state, modules }, key, gain = 1) {
    const [k1, k2, k3, k4] = random.split(key, 4);
    const n = state / modules;
    const small = (key: JaxArray, count: number, by: number) =>
      random.normal(key, [count, n, n]).mul(by);
    return {
      input: linearInit(k1, width, state),
      root: small(k2, modules, 0.5 / Math.sqrt(n)),
      between: small(k3, modules * (modules - 1) / 2, 0.5 / Math.sqrt(state)),
      output: linearInit(k4, state, width, gain),
    };
  },

  initialState: ({ state }, batch) => tensor(0, [batch, state]),

  inputs: (_, { input }, x) => linear(input, x),

  cell(config, { root, between }, h, x) {
    const next = moved(config.step, mapsOf(config, root, between), h, x);
    return [next.ref, next];
  },

  outputs(_, { output }, h, x) {
    x.dispose();
    return linear(output, h);
  },

  /** The loop itself; its maps are made once for all tokens. */
  parallel(config, { input, root, between, output }, x, state) {
    state ??= freshState(layer, config, x.shape[0], 0, x.dtype);
    const [last, all] = scan(
      (maps: Maps, h: JaxArray, x: JaxArray) => {
        const next = moved(config.step, maps, h, x);
        return [next.ref, next] as [JaxArray, JaxArray];
      },
      mapsOf(config, root, between),
      state,
      linear(input, np.transpose(x, [1, 0, 2])),
    );
    return [last, np.transpose(linear(output, all), [1, 0, 2])];
  },
};
