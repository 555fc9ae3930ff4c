/**
 * @file What the linear time-invariant models share: standardised tokens in, a state-space filter
 *
 *     h_t = A h_{t-1} + B u_t,    p_t = C h_t + D u_t,
 *
 * and predictions in the data's units out. Over whole sequences the filter is one convolution, in a rollout one
 * step of the recurrence.
 */
import { numpy as np } from "@jax-js/jax";
import { causalConvolution, kernelOf } from "./causal_convolution.ts";
import type { Statistics } from "./instance_norm.ts";

/** Common to all linear models: what a token is. */
interface TokenConfig {
  readonly obsDim: number;
  readonly patch: number;
}

/** y [B, T, obs] to standardised tokens [B, T / patch, patch * obs]; `train` is not consumed. */
export function toTokens({ patch, obsDim }: TokenConfig, train: Statistics, y: np.Array): np.Array {
  const [batch, length] = y.shape;
  const standard = y.sub(train.mean.ref).mul(np.reciprocal(np.sqrt(train.variance.ref)));
  return standard.reshape([batch, length / patch, patch * obsDim]);
}

/** Predicted tokens [B, N, patch * obs] to predictions [B, N, patch, obs]; `train` is consumed. */
export function fromTokens(
  { patch, obsDim }: TokenConfig,
  train: Statistics,
  tokens: np.Array,
): np.Array {
  const [batch, count] = tokens.shape;
  const shaped = tokens.reshape([batch, count, patch, obsDim]);
  return shaped.mul(np.sqrt(train.variance)).add(train.mean);
}

/** A filter by its impulse response, its readout and what passes it by. */
export interface LinearFilter {
  /** V [n, taps, in], A^k B, for as many taps as there are tokens. */
  readonly response: np.Array;
  /** C [out, n] */
  readonly readout: np.Array;
  /** D [out, in] */
  readonly direct: np.Array;
}

/** The parallel form, see `SequenceModel.forward`. */
export function forwardFilter(
  { response, readout, direct }: LinearFilter,
  config: TokenConfig,
  train: Statistics,
  y: np.Array,
): np.Array {
  const tokens = toTokens(config, train, y);
  const convolved = causalConvolution(kernelOf(readout, response), tokens.ref);
  const passed = np.matmul(tokens, np.transpose(direct));
  return fromTokens(config, train, convolved.add(passed));
}

/**
 * The step form: one token.
 * @param advance the next state [B, n] from the last one and the token [B, in]: A h + B u.
 */
export function stepFilter(
  { readout, direct }: Pick<LinearFilter, "readout" | "direct">,
  advance: (state: np.Array, token: np.Array) => np.Array,
  config: TokenConfig,
  train: Statistics,
  state: np.Array,
  y: np.Array,
): { prediction: np.Array; state: np.Array } {
  const [batch, patch, obs] = y.shape;
  const token = toTokens(config, train, y).reshape([batch, patch * obs]);
  const next = advance(state, token.ref);
  const out = np.matmul(next.ref, np.transpose(readout))
    .add(np.matmul(token, np.transpose(direct)));
  const prediction = fromTokens(config, train, out.reshape([batch, 1, patch * obs]));
  return { prediction: prediction.reshape([batch, patch, obs]), state: next };
}
