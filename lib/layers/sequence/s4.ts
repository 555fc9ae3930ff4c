/** @file S4: a state space for every channel whose matrix is HiPPO's at first, diagonal plus a matrix of rank one, by the bilinear rule. */
import { numpy as np, random } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray } from "../../engine/arrays.ts";
import { readOptions } from "../../options.ts";
import { tensor } from "../../tensor/tensor.ts";
import { spacesOverSequence } from "../channel_state_space.ts";
import { gatedOutput, gatedOutputInit } from "../gated_output.ts";
import { legendreModes } from "../hippo.ts";
import type { LinearParams } from "../linear.ts";
import { type Complex, times } from "../modes.ts";
import { freshState } from "./forms.ts";
import type { SequenceLayer } from "./sequence_layer.ts";

/** Its options with their defaults, and the width. */
export interface Config {
  /** d, of x and y. */
  readonly width: number;
  /** M, complex states of a channel, which stand for as many conjugate pairs. */
  readonly state: number;
}

/** Of d channels; complex numbers as two arrays. */
export type Params = {
  /** Logarithm of the step, [d]. */
  step: JaxArray;
  /** log -Re Lambda, [d, M]. */
  decay: JaxArray;
  /** Im Lambda, [d, M]. */
  frequency: JaxArray;
  /** P, B and C, [d, M] each. */
  pRe: JaxArray;
  pIm: JaxArray;
  bRe: JaxArray;
  bIm: JaxArray;
  cRe: JaxArray;
  cIm: JaxArray;
  /** D, [d] */
  skip: JaxArray;
  /** [d, 2 d]: values, and the logits of their gates. */
  output: LinearParams;
};

/** Re sum a h over the states, twice: a sum over conjugate pairs. @returns [..., d, 1] */
const paired = (a: Complex, h: Complex): JaxArray =>
  np.sum(a.re.mul(h.re).sub(a.im.mul(h.im)), -1, { keepdims: true }).mul(2);

const ref = ({ re, im }: Complex): Complex => ({ re: re.ref, im: im.ref });
const conjugate = ({ re, im }: Complex): Complex => ({ re, im: im.neg() });
const plus = (a: Complex, b: Complex): Complex => ({ re: a.re.add(b.re), im: a.im.add(b.im) });
const minus = (a: Complex, b: Complex): Complex => ({ re: a.re.sub(b.re), im: a.im.sub(b.im) });
const scaled = ({ re, im }: Complex, by: JaxArray): Complex => ({
  re: re.mul(by.ref),
  im: im.mul(by),
});

/**
 * (2/step - A) h' = (2/step + A) h + 2 B u for A = Lambda - P P*, by the formula of Woodbury: as many operations as there are states.
 * (Parameters are used again.)
 * @param h [..., d, M] @param u [..., d]
 */
function advance(params: Params, h: Complex, u: JaxArray): Complex {
  const { step, decay, frequency } = params;
  const [width] = step.shape;
  const twice = np.exp(step.ref.neg()).mul(2).reshape([width, 1]);
  const [rate, angle] = [np.exp(decay.ref), frequency.ref];
  // 1 / (2/step - Lambda)
  const [re, im] = [twice.ref.add(rate.ref), angle.ref];
  const scale = np.reciprocal(re.ref.mul(re.ref).add(im.ref.mul(im.ref)));
  const inverse = { re: re.mul(scale.ref), im: im.mul(scale) };
  const p = { re: params.pRe.ref, im: params.pIm.ref };
  const b = { re: params.bRe.ref, im: params.bIm.ref };
  const forward = { re: twice.sub(rate), im: angle };
  const low = scaled(ref(p), paired(conjugate(ref(p)), ref(h)));
  const driven = scaled(b, u.reshape([...u.shape, 1]).mul(2));
  const sum = plus(minus(times(forward, h), low), driven);
  const left = times(conjugate(ref(p)), ref(inverse)); // P* / (2/step - Lambda)
  const share = paired(ref(left), ref(sum)).div(paired(left, ref(p)).add(1));
  return times(inverse, minus(sum, scaled(p, share)));
}

const joined = ({ re, im }: Complex) => np.concatenate([re, im], -1);

/** The same as matrices of real and imaginary parts: what becomes of each of them by itself, and of a token. */
function spacesOf(params: Params) {
  const [width, state] = params.decay.shape;
  const { dtype } = params.decay;
  const n = 2 * state;
  const units = np.eye(n + 1).astype(dtype).reshape([n + 1, 1, n + 1]);
  const [re, im, u] = np.split(np.broadcastTo(units, [n + 1, width, n + 1]), [state, n], 2);
  const next = joined(advance(params, { re, im }, u.reshape([n + 1, width])));
  const [a, b] = np.split(next, [n], 0);
  const c = np.concatenate([params.cRe.ref.mul(2), params.cIm.ref.mul(-2)], -1);
  return {
    a: np.transpose(a, [1, 2, 0]),
    b: b.reshape([width, n]),
    c: c.reshape([width, 1, n]),
  };
}

/**
 * The trapezoidal rule for h' = (Lambda - P P*) h + B u, number by number, read as 2 Re(C h) + D u; then GELU and a gated map that mixes the
 * channels. Option: `state` (M, 32).
 */
export const layer: SequenceLayer<Config, Params, Complex, JaxArray, JaxArray> = {
  about: {
    name: "S4",
    paper: "Gu et al., arXiv 2111.00396, theorem 1 and section 3.4, eq. 3",
    kind: "linear in the state",
    eigenvalues: "|lambda| < 1, complex, fixed",
  },

  configure(options, width) {
    const schema = z.strictObject({ state: z.number().int().min(1).default(32) });
    return { width, ...readOptions("s4", schema, options) };
  },

  /** HiPPO-LegS for every channel, steps log-uniform in .001..0.1, C and D normal, as in the authors' code. */
  init({ width, state }, key, gain = 1) {
    const [k1, k2, k3, k4, k5] = random.split(key, 5);
    const range = { minval: Math.log(0.001), maxval: Math.log(0.1) };
    const { frequency, weight } = legendreModes(state);
    // Eigenvectors may be turned by any angle: so that P and B, which is sqrt(2) P, are real.
    const rows = (data: Float64Array, factor = 1) =>
      np.array(Float32Array.from({ length: width * state }, (_, i) => factor * data[i % state]), {
        shape: [width, state],
      });
    const c = (key: JaxArray) => random.normal(key, [width, state]).mul(Math.SQRT1_2);
    return {
      step: random.uniform(k1, [width], range),
      decay: np.full([width, state], Math.log(0.5)),
      frequency: rows(frequency),
      pRe: rows(weight),
      pIm: np.zeros([width, state]),
      bRe: rows(weight, Math.SQRT2),
      bIm: np.zeros([width, state]),
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
    const next = advance(params, h, u.ref);
    const c = { re: params.cRe.ref, im: params.cIm.ref };
    const read = paired(c, ref(next)).reshape(u.shape);
    return [next, gatedOutput(params.output, read.add(u.mul(params.skip)))];
  },

  parallel(config, params, x, state) {
    state ??= freshState(layer, config, x.shape[0], 0, x.dtype);
    const [last, read] = spacesOverSequence(spacesOf(params), joined(state), x.ref);
    const [re, im] = np.split(last, 2, -1);
    return [{ re, im }, gatedOutput(params.output, read.add(x.mul(params.skip)))];
  },
};
