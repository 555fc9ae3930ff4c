/**
 * @file A linear recurrent unit: a linear recurrence whose state matrix is diagonal and complex, with eigenvalues
 * exp(-exp(nu) + i theta) inside the unit circle whatever is learned, without a nonlinearity after it.
 */
import { numpy as np, random } from "@jax-js/jax";
import * as z from "zod";
import type { JaxArray } from "../../engine/arrays.ts";
import { readOptions } from "../../options.ts";
import { tensor } from "../../tensor/tensor.ts";
import { causalConvolution, convolutionPays, kernelOf, lastState } from "../causal_convolution.ts";
import { constant } from "../constant.ts";
import { recurrent } from "./forms.ts";
import type { SequenceLayer } from "./sequence_layer.ts";

/** Its options with their defaults, and the width. */
export interface Config {
  /** d, of x and y. */
  readonly width: number;
  /** n, complex states. */
  readonly state: number;
  /** The least magnitude of an eigenvalue at initialisation. */
  readonly minRadius: number;
  /** The largest, below 1: near it, memory is long. */
  readonly maxRadius: number;
}

/** Eigenvalues in polar coordinates, and the maps into the state and out of it. */
export type Params = {
  /** Logarithm of the decay rate, [n]. */
  nu: JaxArray;
  /** Phase, [n]. */
  theta: JaxArray;
  /** Logarithm of the input's scale, [n] (eq. 7: sqrt(1 - |lambda|^2) at first). */
  gamma: JaxArray;
  /** B, real and imaginary [n, d] */
  bRe: JaxArray;
  bIm: JaxArray;
  /** [Re C, -Im C] [d, 2 n], which meets the state as (real parts, imaginary parts). */
  c: JaxArray;
  /** D [d, d] */
  d: JaxArray;
};

/** Real and imaginary parts, [..., n] each. */
export type Complex = { re: JaxArray; im: JaxArray };

/** exp(scale) lambda^k for the exponents k. @returns [n, exponents] */
function powers(
  { nu, theta }: Pick<Params, "nu" | "theta">,
  exponents: Float32Array<ArrayBuffer>,
  scale?: JaxArray,
): Complex {
  const [n] = nu.shape;
  const row = constant(exponents, [1, exponents.length], nu.dtype);
  const decay = np.exp(nu).reshape([n, 1]).mul(row.ref).neg();
  const size = np.exp(scale ? decay.add(scale.reshape([n, 1])) : decay);
  const angle = theta.reshape([n, 1]).mul(row);
  return { re: size.ref.mul(np.cos(angle.ref)), im: size.mul(np.sin(angle)) };
}

const times = (a: Complex, b: Complex): Complex => ({
  re: a.re.ref.mul(b.re.ref).sub(a.im.ref.mul(b.im.ref)),
  im: a.re.mul(b.im).add(a.im.mul(b.re)),
});

const joined = ({ re, im }: Complex, axis: number) => np.concatenate([re, im], axis);

const upTo = (count: number, from = 0) => Float32Array.from({ length: count }, (_, k) => from + k);

/** lambda^k gamma B for k = 0..tokens-1 as real and imaginary parts, [2 n, tokens, d]. */
function response({ nu, theta, gamma, bRe, bIm }: Params, tokens: number): JaxArray {
  const [n, width] = bRe.shape;
  const { re, im } = powers({ nu, theta }, upTo(tokens), gamma);
  const scaled = { re: re.reshape([n, tokens, 1]), im: im.reshape([n, tokens, 1]) };
  const b = { re: bRe.reshape([n, 1, width]), im: bIm.reshape([n, 1, width]) };
  return joined(times(scaled, b), 0);
}

/**
 * h_t = lambda h_{t-1} + exp(gamma) B x_t, number by number, and y_t = Re(C h_t) + D x_t. Options: `state` (n, 64), `minRadius`
 * (0.2) and `maxRadius` (0.99).
 *
 * @example Its options, and the size of its memory
 * ```ts
 * import assert from "node:assert/strict";
 * import { layer } from "./lru.ts";
 *
 * const config = layer.configure({ state: 8, maxRadius: 0.999 }, 2);
 * assert.deepEqual(config, { width: 2, state: 8, minRadius: 0.2, maxRadius: 0.999 });
 * assert.throws(() => layer.configure({ maxRadius: 1 }, 2), /maxRadius = 1/);
 * const state = layer.initialState(config, 4, 100); // of 4 sequences, whatever their length
 * assert.deepEqual(Object.keys(state), ["re", "im"]);
 * ```
 */
export const layer: SequenceLayer<Config, Params, Complex, Complex, Complex> = {
  about: {
    name: "LRU",
    paper: "Orvieto et al., arXiv 2303.06349, eq. 6 and 7",
    kind: "linear map",
    eigenvalues: "|lambda| < 1, complex",
  },

  configure(options, width) {
    const schema = z.strictObject({
      state: z.number().int().min(1).default(64),
      minRadius: z.number().min(0).lt(1).default(0.2),
      maxRadius: z.number().gt(0).lt(1).default(0.99),
    }).refine(({ minRadius, maxRadius }) => minRadius < maxRadius, {
      error: ({ input }) => {
        const { minRadius, maxRadius } = input as Config;
        return `minRadius = ${minRadius}: must be below maxRadius = ${maxRadius}`;
      },
    });
    return { width, ...readOptions("lru", schema, options) };
  },

  /**
   * Eigenvalues uniform on the ring (lemma 3.2), phases uniform on the half circle, since y is a real part; B and C as in section
   * 3.1, so that y is as large as x; D zero.
   */
  init({ width, state, minRadius, maxRadius }, key, gain = 1) {
    const [k1, k2, k3, k4, k5] = random.split(key, 5);
    const square = random.uniform(k1, [state]).mul(maxRadius ** 2 - minRadius ** 2)
      .add(minRadius ** 2);
    const gaussian = (key: JaxArray) =>
      random.normal(key, [state, width]).mul(1 / Math.sqrt(2 * width));
    return {
      nu: np.log(np.log(square.ref).mul(-0.5)),
      theta: random.uniform(k2, [state]).mul(Math.PI),
      gamma: np.log(np.sqrt(square.neg().add(1))),
      bRe: gaussian(k3),
      bIm: gaussian(k4),
      c: random.normal(k5, [width, 2 * state]).mul(gain / Math.sqrt(state)),
      d: np.zeros([width, width]),
    };
  },

  initialState: ({ state }, batch) => ({
    re: tensor(0, [batch, state]),
    im: tensor(0, [batch, state]),
  }),

  inputs(_, { gamma, bRe, bIm }, x) {
    const scale = np.exp(gamma);
    const input = (b: JaxArray) => np.matmul(x.ref, np.transpose(b)).mul(scale.ref);
    const u = { re: input(bRe), im: input(bIm) };
    scale.dispose();
    x.dispose();
    return u;
  },

  cell({ state: n }, { nu, theta }, h, u) {
    const { re, im } = powers({ nu, theta }, Float32Array.of(1));
    const turned = times({ re: re.reshape([n]), im: im.reshape([n]) }, h);
    const next = { re: turned.re.add(u.re), im: turned.im.add(u.im) };
    return [{ re: next.re.ref, im: next.im.ref }, next];
  },

  outputs: (_, { c, d }, h, x) =>
    np.matmul(joined(h, -1), np.transpose(c)).add(np.matmul(x, np.transpose(d))),

  /** A convolution with the impulse response, no loop, where that pays (Gu et al., arXiv 2111.00396, section 2.4). */
  parallel(config, params, x, state) {
    const { state: n, width } = config;
    const [batch, length] = x.shape;
    if (!convolutionPays(length, width)) return recurrent(layer, config, params, x, state);
    const { nu, theta, c, d } = params;
    const eigenvalues = () => ({ nu: nu.ref, theta: theta.ref });
    const own = { ...params, ...eigenvalues() };
    const filter = response(own, length);
    let y = causalConvolution(kernelOf(c.ref, filter.ref), x.ref)
      .add(np.matmul(x.ref, np.transpose(d)));
    const [re, im] = np.split(lastState(filter, x), 2, -1);
    if (!state) return [{ re, im }, y];
    // What is left of the state before the first token, [B, T, n].
    const decay = powers({ nu, theta }, upTo(length, 1));
    const each = (x: JaxArray) => np.transpose(x).reshape([1, length, n]);
    const token = (x: JaxArray) => x.reshape([batch, 1, n]);
    const left = times({ re: each(decay.re), im: each(decay.im) }, {
      re: token(state.re),
      im: token(state.im),
    });
    const [leftRe, leftIm] = [left.re, left.im].map((x) =>
      x.ref.slice([], [length - 1]).reshape([batch, n])
    );
    y = y.add(np.matmul(joined(left, -1), np.transpose(c)));
    return [{ re: re.add(leftRe), im: im.add(leftIm) }, y];
  },
};
