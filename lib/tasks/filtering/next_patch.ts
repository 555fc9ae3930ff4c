/**
 * @file The training loss of filtering: squared errors of the next patch over the Kalman filter's expected ones.
 */
import { numpy as np } from "@jax-js/jax";
import type { JaxArray } from "../../engine/arrays.ts";
import { forecastVariance, type Kalman, nextPatch } from "../../ssm/mod.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";

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
export function patchLoss(prediction: JaxArray, y: JaxArray, weights: JaxArray): JaxArray {
  const [batch, patches, patch, obs] = prediction.shape;
  const target = y.reshape([batch, patches, patch, obs]).slice([], [1, patches]);
  const error = prediction.slice([], [0, patches - 1]).sub(target);
  return np.mean(error.ref.mul(error).mul(weights));
}
