/**
 * @file One diagonal, complex state that all channels write to and read: h_t = exp(Lambda step) h_{t-1} + (exp(Lambda step) - 1) / Lambda B u_t,
 * read as a multiple of Re(C h_t) + D u_t, then GELU with a gate (Smith et al., arXiv 2208.04933, section 3). What differs is where the
 * eigenvalues start.
 */
import { nn, numpy as np, random } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray } from "../engine/arrays.ts";
import { readOptions } from "../options.ts";
import { tensor } from "../tensor/tensor.ts";
import { linear, linearInit, type LinearParams } from "./linear.ts";
import { type Complex, modeOf, times } from "./modes.ts";
import type { About, SequenceLayer } from "./sequence/sequence_layer.ts";

/** Its options with their defaults, and the width. */
export interface Config {
  /** d, of x and y. */
  readonly width: number;
  /** N, complex states. */
  readonly state: number;
}

/** Complex numbers as two arrays. */
export type Params = {
  /** Real parts of Lambda, [N]; what is above {@linkcode largestReal} counts as that. */
  decay: JaxArray;
  /** Imaginary parts of Lambda, [N]. */
  frequency: JaxArray;
  /** Logarithm of the steps, [N]. */
  step: JaxArray;
  /** B, [N, d] each. */
  bRe: JaxArray;
  bIm: JaxArray;
  /** C, [d, N] each. */
  cRe: JaxArray;
  cIm: JaxArray;
  /** D, [d] */
  skip: JaxArray;
  /** Of the gate, [d, d]. */
  gate: LinearParams;
};

/** Where the state starts: its eigenvalues, [N], B and C. */
export type Start = Pick<Params, "decay" | "frequency" | "bRe" | "bIm" | "cRe" | "cIm">;

/** What tells one such layer from another. */
export interface Joint {
  /** Of its file. */
  readonly name: string;
  /** For readers, and a claim that tests hold it to. */
  readonly about: About;
  /** How often a state counts where it is read: 2 if it stands for itself and its conjugate. */
  readonly reading: 1 | 2;
  /** Draws where the state starts. @param keys four of jax-js, consumed: for B, and the real and imaginary parts of C. */
  start(config: Config, keys: readonly JaxArray[], gain: number): Start;
}

/** So that nothing grows (the authors' `clip_eigs`). */
const largestReal = -1e-4;

/** Of the parameters, which are used again: Lambda and exp(Lambda step), [N]. */
function eigenvalues({ decay, frequency, step }: Params): { rate: Complex; power: Complex } {
  const [re, im] = [np.minimum(decay.ref, largestReal), frequency.ref];
  const each = np.exp(step.ref);
  const power = modeOf(re.ref.mul(each.ref).neg(), im.ref.mul(each));
  return { rate: { re, im }, power };
}

/** Option: `state` (N, 32). */
export function jointStateSpace(
  { name, about, reading, start }: Joint,
): SequenceLayer<Config, Params, Complex, Complex, Complex> {
  return {
    about,

    configure(options, width) {
      const schema = z.strictObject({ state: z.number().int().min(1).default(32) });
      return { width, ...readOptions(name, schema, options) };
    },

    /** Steps log-uniform in .001..0.1 for every state, D normal, as in the authors' code. */
    init(config, key, gain = 1) {
      const { width, state } = config;
      const [k1, k2, k3, ...keys] = random.split(key, 7);
      const range = { minval: Math.log(0.001), maxval: Math.log(0.1) };
      return {
        ...start(config, keys, gain),
        step: random.uniform(k1, [state], range),
        skip: random.normal(k2, [width]),
        gate: linearInit(k3, width, width),
      };
    },

    initialState: ({ state }, batch) => ({
      re: tensor(0, [batch, state]),
      im: tensor(0, [batch, state]),
    }),

    inputs(_, params, x) {
      const { rate, power } = eigenvalues(params);
      const scale = np.reciprocal(rate.re.ref.mul(rate.re.ref).add(rate.im.ref.mul(rate.im.ref)));
      const inverse = { re: rate.re.mul(scale.ref), im: rate.im.mul(scale).neg() };
      const held = times({ re: power.re.sub(1), im: power.im }, inverse);
      const of = (b: JaxArray) => np.matmul(x.ref, np.transpose(b));
      const u = { re: of(params.bRe), im: of(params.bIm) };
      x.dispose();
      return times(held, u);
    },

    cell(_, params, h, u) {
      const { rate, power } = eigenvalues(params);
      rate.re.dispose();
      rate.im.dispose();
      const turned = times(power, h);
      const next = { re: turned.re.add(u.re), im: turned.im.add(u.im) };
      return [{ re: next.re.ref, im: next.im.ref }, next];
    },

    outputs(_, { cRe, cIm, skip, gate }, h, x) {
      const of = (part: JaxArray, c: JaxArray) => np.matmul(part, np.transpose(c));
      const read = of(h.re, cRe).sub(of(h.im, cIm)).mul(reading).add(x.mul(skip));
      const y = nn.gelu(read);
      return y.ref.mul(nn.sigmoid(linear(gate, y)));
    },
  };
}
