/**
 * @file The task that sequence models are trained on: the next patch of a state-space system, with every
 * squared error divided by the Kalman filter's expected one, so that 1 is the optimum at any time scale.
 */
import { numpy as np } from "@jax-js/jax";
import { type Tensor, tensor } from "../../engine/mod.ts";
import type { Statistics } from "../../layers/instance_norm.ts";
import type { Params, SequenceConfig, SequenceModel } from "../../models/sequence_model.ts";
import { forecastVariance, type Kalman, nextPatch } from "../../ssm/mod.ts";

/** Statistics of the training distribution: systems are scaled to unit variance and mean zero. */
export function unitStatistics(obsDim: number): { mean: Tensor; variance: Tensor } {
  const ones = new Float32Array(obsDim).fill(1);
  return { mean: tensor(0, [obsDim]), variance: tensor(ones, [obsDim]) };
}

/**
 * Inverse Kalman variances of every predicted patch and offset, [patches - 1, patch, 1]: a multi-step
 * forecast is judged against the multi-step optimum.
 */
export function patchWeights(filter: Kalman, length: number, patch: number): Tensor {
  const forecasts = nextPatch(length, patch);
  const variance = forecastVariance(filter, forecasts);
  return tensor(Float32Array.from(variance, (v) => 1 / v), [forecasts.contexts.length, patch, 1]);
}

/**
 * Mean over sequences, channels, patches and offsets of the squared error over the Kalman variance.
 * @param prediction [B, N, patch, obs], where entry k predicts patch k + 1.
 * @param y [B, N patch, obs]
 * @param weights [N - 1, patch, 1] of {@linkcode patchWeights}.
 */
export function patchLoss(prediction: np.Array, y: np.Array, weights: np.Array): np.Array {
  const [batch, patches, patch, obs] = prediction.shape;
  const target = y.reshape([batch, patches, patch, obs]).slice([], [1, patches]);
  const error = prediction.slice([], [0, patches - 1]).sub(target);
  return np.mean(error.ref.mul(error).mul(weights));
}

/** {@linkcode patchLoss} of a model as a function of its parameters and a batch. */
export function nextPatchLoss<C extends SequenceConfig>(model: SequenceModel<C>, config: C) {
  return (
    params: Params,
    { y, weights, train }: { y: np.Array; weights: np.Array; train: Statistics },
  ): np.Array => {
    return patchLoss(model.forward(config, params, train, y.ref), y, weights);
  };
}
