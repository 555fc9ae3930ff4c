/**
 * @file A linear recurrent unit (Orvieto et al., arXiv 2303.06349): a linear recurrence whose state matrix is diagonal and
 * complex, with eigenvalues exp(-exp(nu) + i theta) inside the unit circle whatever is learned. One layer without
 * nonlinearity: p_t = Re(C h_t) + D u_t.
 */
import { numpy as np, random } from "@jax-js/jax";
import { z } from "zod";
import { type Tensor, tensor } from "../engine/types.ts";
import type { Statistics } from "../layers/instance_norm.ts";
import { forwardFilter, stepFilter } from "../layers/linear_filter.ts";
import { readOptions } from "../options.ts";

export interface LruConfig {
  readonly obsDim: number;
  readonly patch: number;
  /** Complex states. */
  readonly state: number;
  /** Magnitudes of the eigenvalues at initialisation lie between these. */
  readonly minRadius: number;
  readonly maxRadius: number;
}

export type LruParams = {
  /** Logarithm of the decay rate, [n]. */
  nu: np.Array;
  /** Phase, [n]. */
  theta: np.Array;
  /** Logarithm of the input's scale, [n] (their eq. 7: sqrt(1 - |lambda|^2) at first). */
  gamma: np.Array;
  /** B, real and imaginary [n, in] */
  bRe: np.Array;
  bIm: np.Array;
  /** [Re C, -Im C] [out, 2 n], which meets the state as (real parts, imaginary parts). */
  c: np.Array;
  /** D [out, in] */
  d: np.Array;
};

/** @throws {Error} naming the option, its value and what is allowed. */
export function configure(options: unknown, obsDim: number): LruConfig {
  const schema = z.strictObject({
    patch: z.number().int().min(1).max(32).default(1),
    state: z.number().int().min(1).default(64),
    minRadius: z.number().min(0).lt(1).default(0.2),
    maxRadius: z.number().gt(0).lt(1).default(0.99),
  }).refine(({ minRadius, maxRadius }) => minRadius < maxRadius, {
    error: ({ input }) => {
      const { minRadius, maxRadius } = input as LruConfig;
      return `minRadius = ${minRadius}: must be below maxRadius = ${maxRadius}`;
    },
  });
  return { obsDim, ...readOptions("lru", schema, options) };
}

/**
 * Fresh parameters: eigenvalues uniform on the ring (their lemma 3.2), phases uniform on the half circle, since p is the
 * real part; C and D zero, so an untrained model predicts zero.
 */
export function init(
  { obsDim, patch, state, minRadius, maxRadius }: LruConfig,
  seed: number,
): LruParams {
  const [k1, k2, k3, k4] = random.split(random.key(seed), 4);
  const width = patch * obsDim;
  const square = random.uniform(k1, [state]).mul(maxRadius ** 2 - minRadius ** 2)
    .add(minRadius ** 2);
  const gaussian = (key: np.Array) =>
    random.normal(key, [state, width]).mul(1 / Math.sqrt(2 * width));
  return {
    nu: np.log(np.log(square.ref).mul(-0.5)),
    theta: random.uniform(k2, [state]).mul(Math.PI),
    gamma: np.log(np.sqrt(square.neg().add(1))),
    bRe: gaussian(k3),
    bIm: gaussian(k4),
    c: np.zeros([width, 2 * state]),
    d: np.zeros([width, width]),
  };
}

/** lambda^k B gamma for k = 0..tokens-1 as real and imaginary parts, [2 n, tokens, in]. */
function response(
  { nu, theta, gamma, bRe, bIm }: Pick<LruParams, "nu" | "theta" | "gamma" | "bRe" | "bIm">,
  tokens: number,
): np.Array {
  const [n, width] = bRe.shape;
  const lags = np.array(Float32Array.from({ length: tokens }, (_, k) => k)).astype(nu.dtype);
  const row = lags.reshape([1, tokens]);
  const rate = np.exp(nu).reshape([n, 1]);
  const size = np.exp(rate.mul(row.ref).neg().add(gamma.reshape([n, 1])));
  const angle = theta.reshape([n, 1]).mul(row);
  const cosine = size.ref.mul(np.cos(angle.ref)).reshape([n, tokens, 1]);
  const sine = size.mul(np.sin(angle)).reshape([n, tokens, 1]);
  const re = bRe.reshape([n, 1, width]);
  const im = bIm.reshape([n, 1, width]);
  return np.concatenate([
    cosine.ref.mul(re.ref).sub(sine.ref.mul(im.ref)),
    cosine.mul(im).add(sine.mul(re)),
  ], 0);
}

export function forward(
  config: LruConfig,
  { c, d, ...rest }: LruParams,
  train: Statistics,
  y: np.Array,
): np.Array {
  const tokens = y.shape[1] / config.patch;
  const filter = { response: response(rest, tokens), readout: c, direct: d };
  return forwardFilter(filter, config, train, y);
}

/** The state before the first patch, on the host: [B, 2 n], real parts, then imaginary ones. */
export function initialState({ state }: LruConfig, batch: number): Tensor {
  return tensor(0, [batch, 2 * state]);
}

export function step(
  config: LruConfig,
  { nu, theta, gamma, bRe, bIm, c, d }: LruParams,
  train: Statistics,
  state: np.Array,
  y: np.Array,
): { prediction: np.Array; state: np.Array } {
  const decay = np.exp(np.exp(nu).neg());
  const re = decay.ref.mul(np.cos(theta.ref));
  const im = decay.mul(np.sin(theta));
  const scale = np.exp(gamma);
  const advance = (h: np.Array, u: np.Array) => {
    const [hRe, hIm] = np.split(h, 2, 1);
    const input = (b: np.Array) => np.matmul(u.ref, np.transpose(b)).mul(scale.ref);
    return np.concatenate([
      hRe.ref.mul(re.ref).sub(hIm.ref.mul(im.ref)).add(input(bRe)),
      hIm.mul(re).add(hRe.mul(im)).add(input(bIm)),
    ], 1);
  };
  return stepFilter({ readout: c, direct: d }, advance, config, train, state, y);
}

/**
 * Observations as given, in a batch and rolled out; the state at the start, as input, as output and seven times in the parts of a
 * complex product.
 */
export function rolloutBytes({ obsDim, patch, state }: LruConfig, capacity: number): number {
  return 4 * (3 * capacity * patch * obsDim + 10 * 2 * state);
}
