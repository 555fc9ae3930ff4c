/**
 * @file A causal linear map of the last k tokens, p_t = sum_{j<k} W_j u_{t-j}, with u = 0 before the first: the simplest
 * forecaster there is, and with k large enough one that contains every time-invariant linear filter.
 *
 * It is trained like any other model, or found in closed form ({@linkcode closedForm}) as the map of least expected loss on
 * a known system.
 */
import { numpy as np } from "@jax-js/jax";
import { z } from "zod";
import { causalConvolution } from "../layers/causal_convolution.ts";
import type { Statistics } from "../layers/instance_norm.ts";
import { fromTokens, toTokens } from "../layers/linear_filter.ts";
import { bestCausalMap } from "../ssm/causal_map.ts";
import type { Kalman } from "../ssm/mod.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import { readOptions } from "../options.ts";
import { ends as patches, type PatchState } from "./ends/patches.ts";
import type { ModelModule, SequenceModel } from "./model.ts";

/** W [taps, out, in], the newest token first. */
export type CausalLinearParams = { kernel: np.Array };
/** The last `taps` tokens, newest first, [B, taps, in], and what the ends carry. */
export type CausalLinearState = { ends: PatchState; recent: np.Array };

export const model: ModelModule<SequenceModel<CausalLinearParams, CausalLinearState>> = {
  configure(options, { signature, layers }) {
    const schema = z.strictObject({
      patch: z.number().int().min(1).max(32).default(1),
      /** k, tokens that the map sees. */
      taps: z.number().int().min(1).default(64),
    });
    const { patch, taps } = readOptions("causal_linear", schema, options);
    if (signature.kind !== "series") {
      throw new TypeError(
        `causal_linear: a task of ${signature.kind}; it reads observed series, choose another model`,
      );
    }
    if (layers.length > 0) {
      throw new RangeError(
        `causal_linear: ${layers.length} layers; it is no stack of layers, leave them out`,
      );
    }
    const ends = patches({ patch, norm: "fixed" }, signature);
    const { width } = ends;
    return {
      patch,
      /** Zero: the loss is a quadratic bowl, so nothing has to be broken by chance. */
      init: () => ({ kernel: np.zeros([taps, width, width]) }),
      apply({ kernel }, y) {
        const { tokens, leave } = ends.enter({}, y);
        return leave(causalConvolution(kernel, tokens));
      },
      initialState: (batch) => ({
        ends: ends.step.initialState(batch),
        recent: tensor(0, [batch, taps, width]),
      }),
      step({ kernel }, state, y, observed) {
        const [before, { tokens, leave }] = ends.step.enter({}, state.ends, y, observed);
        const newest = tokens.reshape([tokens.shape[0], 1, width]);
        const recent = taps === 1
          ? newest
          : np.concatenate([newest, state.recent.slice([], [0, taps - 1])], 1);
        const out = np.einsum("koi,bki->bo", kernel, recent.ref);
        return [{ ends: before, recent }, leave(out)];
      },
    };
  },
};

export interface CausalLinearConfig {
  readonly obsDim: number;
  readonly patch: number;
  /** k, tokens that the map sees. */
  readonly taps: number;
}

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
