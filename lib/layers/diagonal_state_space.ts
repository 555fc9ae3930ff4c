/**
 * @file State spaces of one channel each, diagonal and complex: h_t = exp(A step) h_{t-1} + u_t, number by number, read as
 * 2 Re(C (exp(A step) - 1) / A h_t) + D u_t; then a nonlinearity and a gated map that mixes the channels (Gu et al., arXiv 2206.11893,
 * section 3). What differs is how the real part of A, which has to be negative, is made of a parameter.
 */
import { nn, numpy as np, random } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray, JaxDType } from "../engine/arrays.ts";
import { readOptions } from "../options.ts";
import { tensor } from "../tensor/tensor.ts";
import { inChunks } from "./chunks.ts";
import { constant } from "./constant.ts";
import { exactGelu } from "./exact_gelu.ts";
import { linear, type LinearParams } from "./linear.ts";
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

/** Real and imaginary parts, [..., d, M] each. */
export type Complex = { re: JaxArray; im: JaxArray };

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

const times = (a: Complex, b: Complex): Complex => ({
  re: a.re.ref.mul(b.re.ref).sub(a.im.ref.mul(b.im.ref)),
  im: a.re.mul(b.im).add(a.im.mul(b.re)),
});

/** Tokens of a chunk. */
const chunkLength = 32;

/** What a chunk needs of the parameters, C = {@linkcode chunkLength}. */
type Tables = {
  /** The impulse response by distance, [d, C (t), C (s)]; 0 for s > t. */
  within: JaxArray;
  /** 2 C (exp(A step) - 1) / A times the powers, by which a state is read. */
  read: Complex;
  /** exp(A step t) for t = 0 ... C, [d, M, C + 1]. */
  powers: Complex;
};

/** Ones at [k, (t, s)] where t - s = k, [C, C^2]. */
function lags(dtype: JaxDType): JaxArray {
  const ones = new Float32Array(chunkLength ** 3);
  for (let t = 0; t < chunkLength; t++) {
    for (let s = 0; s <= t; s++) ones[((t - s) * chunkLength + t) * chunkLength + s] = 1;
  }
  return constant(ones, [chunkLength, chunkLength ** 2], dtype);
}

/** Some tokens x [B, n, d], n <= C. @param state [B, d, M] @returns the state after them, and what is read without D x, [B, n, d] */
function chunk({ within, read, powers }: Tables, state: Complex, x: JaxArray): [Complex, JaxArray] {
  const [, size, width] = x.shape;
  const count = state.re.shape[2];
  const u = np.transpose(x, [2, 1, 0]);
  const upTo = (x: JaxArray, from: number, to: number) => x.slice([], [], [from, to]);
  const now = np.matmul(within.slice([], [0, size], [0, size]), u.ref);
  const byChannel = (x: JaxArray) => np.transpose(x, [1, 0, 2]);
  const seen = np.matmul(byChannel(state.re.ref), upTo(read.re, 1, size + 1))
    .sub(np.matmul(byChannel(state.im.ref), upTo(read.im, 1, size + 1)));
  // The newest token has been turned by nothing.
  const added = (part: JaxArray) =>
    np.transpose(np.matmul(np.flip(upTo(part, 0, size), 2), u.ref), [2, 0, 1]);
  const end = (part: JaxArray) => upTo(part, size, size + 1).reshape([width, count]);
  const kept = times({ re: end(powers.re.ref), im: end(powers.im.ref) }, state);
  const last = { re: kept.re.add(added(powers.re)), im: kept.im.add(added(powers.im)) };
  u.dispose();
  return [last, np.transpose(now, [2, 1, 0]).add(np.transpose(seen, [1, 2, 0]))];
}

/** Option: `state` (M, 32). */
export function diagonalStateSpace(
  { name, about, rate, half }: Diagonal,
): SequenceLayer<Config, Params, Complex, JaxArray, JaxArray> {
  /** A step, [d, M]: the rate at which states fade, above zero, and the angle by which they turn. (Parameters are used again.) */
  const exponents = ({ step, decay, frequency }: Params) => {
    const each = np.exp(step.ref).reshape([step.shape[0], 1]);
    return { fade: rate(decay.ref).mul(each.ref), turn: frequency.ref.mul(each) };
  };

  /** exp(A step t) for the times given, [d, M, times]. */
  const powers = (params: Params, times: readonly number[]): Complex => {
    const { fade, turn } = exponents(params);
    const [width, state] = fade.shape;
    const row = constant(Float64Array.from(times), [1, 1, times.length], fade.dtype);
    const size = np.exp(fade.reshape([width, state, 1]).mul(row.ref).neg());
    const angle = turn.reshape([width, state, 1]).mul(row);
    return { re: size.ref.mul(np.cos(angle.ref)), im: size.mul(np.sin(angle)) };
  };

  const one = (params: Params): Complex => {
    const { re, im } = powers(params, [1]);
    const flat = (x: JaxArray) => x.reshape(x.shape.slice(0, 2));
    return { re: flat(re), im: flat(im) };
  };

  /** 2 C (exp(A step) - 1) / A, [d, M]. @param lambda exp(A step) */
  const readout = (params: Params, { re, im }: Complex): Complex => {
    const aRe = rate(params.decay.ref).neg();
    const aIm = params.frequency.ref;
    const square = aRe.ref.mul(aRe.ref).add(aIm.ref.mul(aIm.ref));
    const scale = np.reciprocal(square).mul(2);
    const conjugate = { re: aRe.mul(scale.ref), im: aIm.mul(scale).neg() };
    return times(times({ re: re.sub(1), im }, conjugate), {
      re: params.cRe.ref,
      im: params.cIm.ref,
    });
  };

  /** Of the tokens of a chunk. */
  const tablesOf = (params: Params): Tables => {
    const { re, im } = powers(params, Array.from({ length: chunkLength + 1 }, (_, t) => t));
    const c = readout(params, one(params));
    const [width, state] = c.re.shape;
    const each = (x: JaxArray) => x.reshape([width, state, 1]);
    const read = times({ re: each(c.re), im: each(c.im) }, { re: re.ref, im: im.ref });
    const [kernel] = np.split(np.sum(read.re.ref, 1), [chunkLength], 1);
    return {
      within: np.matmul(kernel, lags(kernel.dtype)).reshape([width, chunkLength, chunkLength]),
      read,
      powers: { re, im },
    };
  };

  const outputs = (params: Params, read: JaxArray): JaxArray => {
    const [values, logits] = np.split(
      linear(params.output, exactGelu(read)),
      2,
      -1,
    );
    return values.mul(nn.sigmoid(logits));
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
        output: {
          weight: random.normal(k5, [width, 2 * width]).mul(gain / Math.sqrt(width)),
          bias: np.zeros([2 * width]),
        },
      };
    },

    initialState: ({ width, state }, batch) => ({
      re: tensor(0, [batch, width, state]),
      im: tensor(0, [batch, width, state]),
    }),

    cell(_, params, h, u) {
      const lambda = one(params);
      const turned = times({ re: lambda.re.ref, im: lambda.im.ref }, h);
      const next = { re: turned.re.add(u.ref.reshape([...u.shape, 1])), im: turned.im };
      const c = readout(params, lambda);
      const read = np.sum(c.re.mul(next.re.ref).sub(c.im.mul(next.im.ref)), -1);
      return [next, outputs(params, read.add(u.mul(params.skip)))];
    },

    /** A chunk at a time: its tokens by the impulse response, what came before by the state. */
    parallel(config, params, x, state) {
      state ??= freshState(layer, config, x.shape[0], 0, x.dtype);
      return inChunks(
        ({ params, ...tables }, state, x) => {
          const [last, read] = chunk(tables, state, x.ref);
          return [last, outputs(params, read.add(x.mul(params.skip.ref)))];
        },
        { ...tablesOf(params), params },
        state,
        x,
        chunkLength,
      );
    },
  };
  return layer;
}
