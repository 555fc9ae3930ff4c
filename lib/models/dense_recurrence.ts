/**
 * @file A linear recurrence with a dense state matrix, trained by gradient: h_t = A h_{t-1} + B u_t, p_t = C h_t + D u_t.
 *
 * The steady-state Kalman filter is of this form (A = F - F K H, B = F K, C = H with as many states as the system has), so on
 * a linear system nothing but learning and the filter's first steps stands between this model and the optimum.
 */
import { numpy as np, random } from "@jax-js/jax";
import { z } from "zod";
import { type Tensor, tensor } from "../engine/types.ts";
import type { Statistics } from "../layers/instance_norm.ts";
import { forwardFilter, stepFilter } from "../layers/linear_filter.ts";
import { type Kalman, steadyState } from "../ssm/mod.ts";
import { advance } from "../ssm/modes.ts";
import { readOptions } from "../options.ts";

export interface DenseRecurrenceConfig {
  readonly obsDim: number;
  readonly patch: number;
  /** n, size of the state. */
  readonly state: number;
  /** Spectral radius at initialisation. */
  readonly radius: number;
}

export type DenseRecurrenceParams = {
  /** A [n, n] */
  a: np.Array;
  /** B [n, in] */
  b: np.Array;
  /** C [out, n] */
  c: np.Array;
  /** D [out, in] */
  d: np.Array;
};

/** @throws {Error} naming the option, its value and what is allowed. */
export function configure(options: unknown, obsDim: number): DenseRecurrenceConfig {
  const schema = z.strictObject({
    patch: z.number().int().min(1).max(32).default(1),
    state: z.number().int().min(1).default(64),
    radius: z.number().min(0).lt(1).default(0.9),
  });
  return { obsDim, ...readOptions("dense_recurrence", schema, options) };
}

/**
 * Fresh parameters. The eigenvalues of a Gaussian matrix fill a disc (Ginibre), here of radius `radius`; C and D start
 * at zero, so an untrained model predicts zero.
 */
export function init(
  { obsDim, patch, state, radius }: DenseRecurrenceConfig,
  seed: number,
): DenseRecurrenceParams {
  const [first, second] = random.split(random.key(seed), 2);
  const width = patch * obsDim;
  return {
    a: random.normal(first, [state, state]).mul(radius / Math.sqrt(state)),
    b: random.normal(second, [state, width]).mul(Math.sqrt((1 - radius ** 2) / width)),
    c: np.zeros([width, state]),
    d: np.zeros([width, width]),
  };
}

/**
 * The steady-state Kalman filter as parameters: the best that this model can do at late tokens, and what it can be held
 * against at early ones. In modal coordinates, with h_t the prediction of the next state: A = D (I - K H), B = D K, C = H.
 * @returns float64 arrays by the names they have in a trained model's file.
 * @throws {RangeError} for patches, and for a state that is smaller than the system's.
 */
export function closedForm(
  { patch, state, obsDim: obs }: DenseRecurrenceConfig,
  { system }: Kalman,
): Record<string, { shape: number[]; data: Float64Array<ArrayBuffer> }> {
  const { latentDim: n, H, modes } = system;
  if (patch !== 1 || state < n) {
    throw new RangeError(
      `dense_recurrence: the steady-state filter needs patch 1 and a state of at least ${n}, not patch ${patch} and state ${state}`,
    );
  }
  const { K } = steadyState(system);
  const a = new Float64Array(state * state);
  const b = new Float64Array(state * obs);
  const c = new Float64Array(obs * state);
  const column = new Float64Array(n);
  for (let j = 0; j < n + obs; j++) { // columns of [I - K H, K], turned by D
    for (let i = 0; i < n; i++) {
      if (j >= n) column[i] = K[i * obs + j - n];
      else {
        let sum = Number(i === j);
        for (let o = 0; o < obs; o++) sum -= K[i * obs + o] * H[o * n + j];
        column[i] = sum;
      }
    }
    advance(modes, column);
    for (let i = 0; i < n; i++) {
      if (j < n) a[i * state + j] = column[i];
      else b[i * obs + j - n] = column[i];
    }
  }
  for (let o = 0; o < obs; o++) for (let i = 0; i < n; i++) c[o * state + i] = H[o * n + i];
  return {
    a: { shape: [state, state], data: a },
    b: { shape: [state, obs], data: b },
    c: { shape: [obs, state], data: c },
    d: { shape: [obs, obs], data: new Float64Array(obs * obs) },
  };
}

/**
 * A^k B for k = 0..tokens-1, [n, tokens, in], by doubling: the next 2^j taps are A^(2^j) times the first ones.
 */
function response(a: np.Array, b: np.Array, tokens: number): np.Array {
  const [n, width] = b.shape;
  let taps = 1;
  let columns = b;
  let power = a;
  while (taps < tokens) {
    const more = np.matmul(power.ref, columns.ref);
    columns = np.concatenate([columns, more], 1);
    taps *= 2;
    if (taps < tokens) power = np.matmul(power.ref, power);
    else power.dispose();
  }
  return columns.reshape([n, taps, width]).slice([], [0, tokens]);
}

export function forward(
  config: DenseRecurrenceConfig,
  { a, b, c, d }: DenseRecurrenceParams,
  train: Statistics,
  y: np.Array,
): np.Array {
  const tokens = y.shape[1] / config.patch;
  const filter = { response: response(a, b, tokens), readout: c, direct: d };
  return forwardFilter(filter, config, train, y);
}

/** The state before the first patch, on the host: [B, n]. */
export function initialState({ state }: DenseRecurrenceConfig, batch: number): Tensor {
  return tensor(0, [batch, state]);
}

export function step(
  config: DenseRecurrenceConfig,
  { a, b, c, d }: DenseRecurrenceParams,
  train: Statistics,
  state: np.Array,
  y: np.Array,
): { prediction: np.Array; state: np.Array } {
  const next = (h: np.Array, u: np.Array) =>
    np.matmul(h, np.transpose(a)).add(np.matmul(u, np.transpose(b)));
  return stepFilter({ readout: c, direct: d }, next, config, train, state, y);
}

/**
 * Observations as given, in a batch and rolled out; the state at the start, as input, as output and five times in products and
 * their sum.
 */
export function rolloutBytes(
  { obsDim, patch, state }: DenseRecurrenceConfig,
  capacity: number,
): number {
  return 4 * (3 * capacity * patch * obsDim + 8 * state);
}
