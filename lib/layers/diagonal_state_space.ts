/**
 * @file State spaces of one channel each, diagonal and complex: h_t = exp(A step) h_{t-1} + u_t, number by number, read as
 * 2 Re(C (exp(A step) - 1) / A h_t) + D u_t; then a nonlinearity and a gated map that mixes the channels (Gu et al., arXiv 2206.11893,
 * section 3). What differs is how the real part of A, which has to be negative, is made of a parameter.
 */
import { numpy as np, random } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray } from "../engine/arrays.ts";
import { readOptions } from "../options.ts";
import { tensor } from "../tensor/tensor.ts";
import { gatedOutput, gatedOutputInit } from "./gated_output.ts";
import type { LinearParams } from "./linear.ts";
import { type Complex, modeOf, type Modes, modesOverSequence, modesToken, times } from "./modes.ts";
import { freshState } from "./sequence/forms.ts";
import type { About, SequenceLayer } from "./sequence/sequence_layer.ts";

/** Its options with their defaults, and the width. */
export interface Config {
  /** d, of x and y. */
  readonly width: number;
  /** M, complex states of a channel, which stand for as many pairs. */
  readonly state: number;
}

/** Of d channels. */
export type Params = {
  /** Logarithm of the step, [d]. */
  step: JaxArray;
  /** What the real part of A is made of, [d, M]. */
  decay: JaxArray;
  /** The imaginary part of A, [d, M]. */
  frequency: JaxArray;
  /** C, [d, M] each. */
  cRe: JaxArray;
  cIm: JaxArray;
  /** D, [d] */
  skip: JaxArray;
  /** [d, 2 d]: values, and the logits of their gates. */
  output: LinearParams;
};

/** What tells one such layer from another. */
export interface Diagonal {
  /** Of its file. */
  readonly name: string;
  /** For readers, and a claim that tests hold it to. */
  readonly about: About;
  /** -Re A of the parameter, above zero. */
  rate(decay: JaxArray): JaxArray;
  /** The parameter of which the rate is 1/2. */
  readonly half: number;
}

/** Option: `state` (M, 32). */
export function diagonalStateSpace(
  { name, about, rate, half }: Diagonal,
): SequenceLayer<Config, Params, Complex, JaxArray, JaxArray> {
  /** Of the state, read by 2 C (exp(A step) - 1) / A. (Parameters are used again.) */
  const modesOf = ({ step, decay, frequency, cRe, cIm }: Params): Modes => {
    const each = np.exp(step.ref).reshape([step.shape[0], 1]);
    const a = { re: rate(decay.ref).neg(), im: frequency.ref };
    const [fade, turn] = [a.re.ref.neg().mul(each.ref), a.im.ref.mul(each)];
    const { re, im } = modeOf(fade.ref, turn.ref);
    const scale = np.reciprocal(a.re.ref.mul(a.re.ref).add(a.im.ref.mul(a.im.ref))).mul(2);
    const inverse = { re: a.re.mul(scale.ref), im: a.im.mul(scale).neg() };
    const held = times({ re: re.sub(1), im }, inverse);
    return { fade, turn, read: times(held, { re: cRe.ref, im: cIm.ref }) };
  };

  const layer: SequenceLayer<Config, Params, Complex, JaxArray, JaxArray> = {
    about,

    configure(options, width) {
      const schema = z.strictObject({ state: z.number().int().min(1).default(32) });
      return { width, ...readOptions(name, schema, options) };
    },

    /** A = -1/2 + i pi m, steps log-uniform in .001..0.1, C and D normal, as in the authors' code. */
    init({ width, state }, key, gain = 1) {
      const [k1, k2, k3, k4, k5] = random.split(key, 5);
      const range = { minval: Math.log(0.001), maxval: Math.log(0.1) };
      const frequencies = Float32Array.from(
        { length: width * state },
        (_, i) => Math.PI * (i % state),
      );
      const c = (key: JaxArray) => random.normal(key, [width, state]).mul(Math.SQRT1_2);
      return {
        step: random.uniform(k1, [width], range),
        decay: np.full([width, state], half),
        frequency: np.array(frequencies, { shape: [width, state] }),
        cRe: c(k2),
        cIm: c(k3),
        skip: random.normal(k4, [width]),
        output: gatedOutputInit(k5, width, gain),
      };
    },

    initialState: ({ width, state }, batch) => ({
      re: tensor(0, [batch, width, state]),
      im: tensor(0, [batch, width, state]),
    }),

    cell(_, params, h, u) {
      const [next, read] = modesToken(modesOf(params), h, u.ref);
      return [next, gatedOutput(params.output, read.add(u.mul(params.skip)))];
    },

    parallel(config, params, x, state) {
      state ??= freshState(layer, config, x.shape[0], 0, x.dtype);
      const [last, read] = modesOverSequence(modesOf(params), state, x.ref);
      return [last, gatedOutput(params.output, read.add(x.mul(params.skip)))];
    },
  };
  return layer;
}
