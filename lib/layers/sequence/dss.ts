/** @file DSS: state spaces that are diagonal and complex, and whose eigenvalues all channels share. */
import { numpy as np, random } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray } from "../../engine/arrays.ts";
import { readOptions } from "../../options.ts";
import { tensor } from "../../tensor/tensor.ts";
import { exactGelu } from "../exact_gelu.ts";
import { legendreModes } from "../hippo.ts";
import { linear, linearInit, type LinearParams } from "../linear.ts";
import {
  type Complex,
  modeOf,
  type Modes,
  modesOverSequence,
  modesToken,
  times,
} from "../modes.ts";
import { freshState } from "./forms.ts";
import type { SequenceLayer } from "./sequence_layer.ts";

/** Its options with their defaults, and the width. */
export interface Config {
  /** d, of x and y. */
  readonly width: number;
  /** N, complex states of a channel. */
  readonly state: number;
}

/** Of d channels. */
export type Params = {
  /** Logarithms of the steps by which real and imaginary parts are multiplied, [2, d]. */
  step: JaxArray;
  /** log -Re Lambda, [N]. */
  decay: JaxArray;
  /** Im Lambda, [N]. */
  frequency: JaxArray;
  /** W, [d, N] each. */
  wRe: JaxArray;
  wIm: JaxArray;
  /** D, [d] */
  skip: JaxArray;
  /** [d, d] */
  output: LinearParams;
};

/** Below which no |Lambda|^2 falls where it divides. */
const leastSquare = 1e-7;

/** Of the state, read by W (exp(Lambda step) - 1) / Lambda. (Parameters are used again.) */
function modesOf({ step, decay, frequency, wRe, wIm }: Params): Modes {
  const width = wRe.shape[0];
  const [forReal, forImaginary] = np.split(np.exp(step.ref), 2, 0).map((s) =>
    s.reshape([width, 1])
  );
  const [rate, angle] = [np.exp(decay.ref), frequency.ref];
  const [fade, turn] = [rate.ref.mul(forReal), angle.ref.mul(forImaginary)];
  const { re, im } = modeOf(fade.ref, turn.ref);
  const square = np.maximum(rate.ref.mul(rate.ref).add(angle.ref.mul(angle.ref)), leastSquare);
  const scale = np.reciprocal(square);
  const inverse = { re: rate.mul(scale.ref).neg(), im: angle.mul(scale).neg() };
  const held = times({ re: re.sub(1), im }, inverse);
  return { fade, turn, read: times(held, { re: wRe.ref, im: wIm.ref }) };
}

/**
 * h_t = exp(Lambda step) h_{t-1} + x_t for every channel and number, y = W gelu(Re(w (exp(Lambda step) - 1) / Lambda h) + D x) + b, with
 * Lambda = -exp(parameter) + i frequency. Option: `state` (N, 32).
 */
export const layer: SequenceLayer<Config, Params, Complex, JaxArray, JaxArray> = {
  about: {
    name: "DSS",
    paper: "Gupta et al., arXiv 2203.14343, proposition 1 and section 3.2: DSS-exp",
    kind: "linear in the state",
    eigenvalues: "|lambda| < 1, complex, fixed",
  },

  configure(options, width) {
    const schema = z.strictObject({ state: z.number().int().min(1).default(32) });
    return { width, ...readOptions("dss", schema, options) };
  },

  /** Lambda = -1/2 + i frequency of HiPPO-LegS, steps log-uniform in .001..0.1, W and D normal, as in the authors' code. */
  init({ width, state }, key, gain = 1) {
    const [k1, k2, k3, k4, k5] = random.split(key, 5);
    const range = { minval: Math.log(0.001), maxval: Math.log(0.1) };
    const steps = random.uniform(k1, [1, width], range);
    return {
      step: np.concatenate([steps.ref, steps], 0),
      decay: np.full([state], Math.log(0.5)),
      frequency: np.array(Float32Array.from(legendreModes(state).frequency)),
      wRe: random.normal(k2, [width, state]),
      wIm: random.normal(k3, [width, state]),
      skip: random.normal(k4, [width]),
      output: linearInit(k5, width, width, gain),
    };
  },

  initialState: ({ width, state }, batch) => ({
    re: tensor(0, [batch, width, state]),
    im: tensor(0, [batch, width, state]),
  }),

  cell(_, params, h, u) {
    const [next, read] = modesToken(modesOf(params), h, u.ref);
    return [next, linear(params.output, exactGelu(read.add(u.mul(params.skip))))];
  },

  parallel(config, params, x, state) {
    state ??= freshState(layer, config, x.shape[0], 0, x.dtype);
    const [last, read] = modesOverSequence(modesOf(params), state, x.ref);
    return [last, linear(params.output, exactGelu(read.add(x.mul(params.skip))))];
  },
};
