/** @file The linear state-space layer: HiPPO's matrix for every channel, at a step of its own, by the bilinear rule. */
import { numpy as np, random } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray } from "../../engine/arrays.ts";
import { readOptions } from "../../options.ts";
import { tensor } from "../../tensor/tensor.ts";
import { type Spaces, spacesOverSequence } from "../channel_state_space.ts";
import { unitLowerInverse } from "../delta_rule.ts";
import { exactGelu } from "../exact_gelu.ts";
import { legendreInput, legendreMatrix } from "../hippo.ts";
import { linear, linearInit, type LinearParams } from "../linear.ts";
import { freshState } from "./forms.ts";
import type { SequenceLayer } from "./sequence_layer.ts";

/** Its options with their defaults, and the width. */
export interface Config {
  /** d, of x and y. */
  readonly width: number;
  /** n, states of a channel. */
  readonly state: number;
  /** M, by how many maps a state is read. */
  readonly channels: number;
}

/** Of d channels, which share A and B. */
export type Params = {
  /** A [n, n], of which the lower triangle counts, as all of HiPPO's does. */
  transition: JaxArray;
  /** B [n] */
  input: JaxArray;
  /** Logarithm of the step, [d]. */
  step: JaxArray;
  /** C [d, M, n] */
  read: JaxArray;
  /** D [d, M] */
  skip: JaxArray;
  /** [d M, d] */
  output: LinearParams;
};

/** (1 - step/2 A)^-1 of columns, [d, n, any], for every channel: rows by their diagonal, then ones there. (Parameters are used again.) */
function solved({ transition, step }: Params, columns: JaxArray): JaxArray {
  const n = transition.shape[0];
  const [width] = step.shape;
  const half = np.exp(step.ref).mul(0.5).reshape([width, 1, 1]);
  const onDiagonal = np.sum(transition.ref.mul(np.eye(n).astype(step.dtype)), 1);
  const scale = np.reciprocal(half.ref.mul(onDiagonal.reshape([1, n, 1])).neg().add(1));
  const below = half.mul(np.tril(transition.ref, -1)).mul(scale.ref).neg();
  return np.matmul(unitLowerInverse(below), columns.mul(scale));
}

/** 1 + step/2 A, [d, n, n], and step B, [d, n]. (Parameters are used again.) */
function forward({ transition, input, step }: Params): { matrix: JaxArray; driven: JaxArray } {
  const n = transition.shape[0];
  const [width] = step.shape;
  const each = np.exp(step.ref);
  const half = each.ref.mul(0.5).reshape([width, 1, 1]);
  return {
    matrix: np.eye(n).astype(step.dtype).add(half.mul(np.tril(transition.ref))),
    driven: each.reshape([width, 1]).mul(input.ref),
  };
}

function outputs({ skip, output }: Params, read: JaxArray, x: JaxArray): JaxArray {
  const [width, channels] = skip.shape;
  const lead = x.shape.slice(0, -1);
  const direct = x.reshape([...lead, width, 1]).mul(skip).reshape([...lead, width * channels]);
  return linear(output, exactGelu(read.add(direct)));
}

/**
 * (1 - step/2 A) h_t = (1 + step/2 A) h_{t-1} + step B u_t for every channel, y = W gelu(C h + D u) + b. Options: `state` (n, 16), `channels`
 * (M, 1).
 */
export const layer: SequenceLayer<Config, Params, JaxArray, JaxArray, JaxArray> = {
  about: {
    name: "LSSL",
    paper: "Gu et al., arXiv 2110.13985, eq. 3 to 5, with the generalised bilinear rule at 1/2",
    kind: "linear in the state",
    eigenvalues: "(-1, 1), fixed",
  },

  configure(options, width) {
    const schema = z.strictObject({
      state: z.number().int().min(1).default(16),
      channels: z.number().int().min(1).default(1),
    });
    return { width, ...readOptions("lssl", schema, options) };
  },

  /** HiPPO-LegS, steps log-uniform in .001..0.1, C and D normal, as in the authors' code. */
  init({ width, state, channels }, key, gain = 1) {
    const [k1, k2, k3, k4] = random.split(key, 4);
    const range = { minval: Math.log(0.001), maxval: Math.log(0.1) };
    const array = (data: Float64Array, shape: number[]) =>
      np.array(Float32Array.from(data), { shape });
    return {
      transition: array(legendreMatrix(state), [state, state]),
      input: array(legendreInput(state), [state]),
      step: random.uniform(k1, [width], range),
      read: random.normal(k2, [width, channels, state]),
      skip: random.normal(k3, [width, channels]),
      output: linearInit(k4, width * channels, width, gain),
    };
  },

  initialState: ({ width, state }, batch) => tensor(0, [batch, width, state]),

  cell({ width, state: n, channels }, params, h, u) {
    const [batch] = u.shape;
    const { matrix, driven } = forward(params);
    const column = (x: JaxArray) => np.transpose(x, [1, 2, 0]); // [d, n, B]
    const added = u.ref.reshape([batch, width, 1]).mul(driven);
    const moved = np.matmul(matrix, column(h)).add(column(added));
    const next = solved(params, moved);
    const read = np.matmul(params.read.ref, next.ref); // [d, M, B]
    const flat = np.transpose(read, [2, 0, 1]).reshape([batch, width * channels]);
    return [np.transpose(next, [2, 0, 1]).reshape([batch, width, n]), outputs(params, flat, u)];
  },

  parallel(config, params, x, state) {
    state ??= freshState(layer, config, x.shape[0], 0, x.dtype);
    const { matrix, driven } = forward(params);
    const { width, state: n } = config;
    const columns = np.concatenate([matrix, driven.reshape([width, n, 1])], 2);
    const [a, b] = np.split(solved(params, columns), [n], 2);
    const spaces: Spaces = { a, b: b.reshape([width, n]), c: params.read.ref };
    const [last, read] = spacesOverSequence(spaces, state, x.ref);
    return [last, outputs(params, read, x)];
  },
};
