/**
 * @file A causal linear map of the last k tokens, p_t = sum_{j<k} W_j u_{t-j}, with u = 0 before the first: the simplest
 * forecaster there is, and with k large enough one that contains every time-invariant linear filter.
 *
 * It is trained like any other model, or found in closed form ({@linkcode closedForm}) as the map of least expected loss on
 * a known system.
 */
import { numpy as np } from "@jax-js/jax";
import { z } from "zod";
import { type Tensor, tensor } from "../engine/types.ts";
import { causalConvolution } from "../layers/causal_convolution.ts";
import type { Statistics } from "../layers/instance_norm.ts";
import { fromTokens, toTokens } from "../layers/linear_filter.ts";
import { bestCausalMap } from "../ssm/causal_map.ts";
import type { Kalman } from "../ssm/mod.ts";
import { readOptions } from "../options.ts";

export interface CausalLinearConfig {
  readonly obsDim: number;
  readonly patch: number;
  /** k, tokens that the map sees. */
  readonly taps: number;
}

/** W [taps, out, in], the newest token first. */
export type CausalLinearParams = { kernel: np.Array };

/** @throws {Error} naming the option, its value and what is allowed. */
export function configure(options: unknown, obsDim: number): CausalLinearConfig {
  const schema = z.strictObject({
    patch: z.number().int().min(1).max(32).default(1),
    taps: z.number().int().min(1).default(64),
  });
  return { obsDim, ...readOptions("causal_linear", schema, options) };
}

/** Zero: the loss is a quadratic bowl, so nothing has to be broken by chance. */
export function init(
  { obsDim, patch, taps }: CausalLinearConfig,
  _seed: number,
): CausalLinearParams {
  return { kernel: np.zeros([taps, patch * obsDim, patch * obsDim]) };
}

export function forward(
  config: CausalLinearConfig,
  { kernel }: CausalLinearParams,
  train: Statistics,
  y: np.Array,
): np.Array {
  const tokens = toTokens(config, train, y);
  return fromTokens(config, train, causalConvolution(kernel, tokens));
}

/** The state before the first patch, on the host: the last `taps` tokens, newest first, [B, taps, in]. */
export function initialState({ obsDim, patch, taps }: CausalLinearConfig, batch: number): Tensor {
  return tensor(0, [batch, taps, patch * obsDim]);
}

export function step(
  config: CausalLinearConfig,
  { kernel }: CausalLinearParams,
  train: Statistics,
  state: np.Array,
  y: np.Array,
): { prediction: np.Array; state: np.Array } {
  const [batch, patch, obs] = y.shape;
  const token = toTokens(config, train, y);
  const recent = config.taps === 1
    ? token
    : np.concatenate([token, state.slice([], [0, config.taps - 1])], 1);
  const out = np.einsum("koi,bki->bo", kernel, recent.ref);
  const prediction = fromTokens(config, train, out.reshape([batch, 1, patch * obs]));
  return { prediction: prediction.reshape([batch, patch, obs]), state: recent };
}

/**
 * The map of least expected loss on a system, exactly: what training converges to with endless data.
 * @returns W in float64, by the name it has in a trained model's file.
 */
export function closedForm(
  { patch, taps }: CausalLinearConfig,
  filter: Kalman,
): Record<string, { shape: number[]; data: Float64Array<ArrayBuffer> }> {
  return { kernel: bestCausalMap(filter, { patch, taps }) };
}

/**
 * Observations as given, in a batch and rolled out; the recent tokens at the start, as input, as output and four times on their way
 * into the sum.
 */
export function rolloutBytes(
  { obsDim, patch, taps }: CausalLinearConfig,
  capacity: number,
): number {
  return 4 * (3 * capacity + 7 * taps) * patch * obsDim;
}
