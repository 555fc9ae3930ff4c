/**
 * @file Least squares over Toeplitz maps, M[s, h] = k[lookback + h - s]: one number for each distance in time, in closed form, in
 * float64. No network that mixes times by linear time-invariant layers of a window followed by zeros can have a lower training loss,
 * whatever its depth, its hidden channels and the way in which its kernels are written.
 */
import { cholesky, choleskySolve } from "../../../linalg/cholesky.ts";
import type { ReferenceModule } from "../../task.ts";
import type { Fit } from "../forecaster.ts";
import type { ForecastingTask } from "../forecasting_task.ts";
import { linearForecaster } from "../linear_map.ts";
import { centre, type Covariances, trainingLoss, trainingMoments } from "../moments.ts";
import type { Problem } from "../problem.ts";
import { addRidge, RIDGE, withIntercept } from "./ols.ts";
import { referenceOf } from "./reference.ts";

/**
 * The kernel [lookback + horizon - 1] of lags 1, 2, ... that minimises the training loss plus ridge |k|^2 / count, from the normal
 * equations sum_h G[lookback + h - i, lookback + h - j] k_j = sum_h C[lookback + h - i, h].
 */
export function solveToeplitz(covariances: Covariances, ridge = RIDGE): Float64Array {
  const { lookback, horizon, count, G, C } = covariances;
  const lags = lookback + horizon - 1;
  const A = new Float64Array(lags * lags);
  const b = new Float64Array(lags);
  for (let h = 0; h < horizon; h++) {
    for (let s = 0; s < lookback; s++) {
      const i = lookback + h - s - 1;
      b[i] += C[s * horizon + h];
      for (let t = 0; t < lookback; t++) {
        A[i * lags + lookback + h - t - 1] += G[s * lookback + t];
      }
    }
  }
  addRidge(A, lags, ridge / count);
  return choleskySolve(cholesky(A, lags), b, lags, 1);
}

/** M [lookback, horizon] of a kernel of lags 1, 2, ... */
export function toeplitzWeights(
  kernel: Float64Array,
  lookback: number,
  horizon: number,
): Float64Array {
  const weights = new Float64Array(lookback * horizon);
  for (let s = 0; s < lookback; s++) {
    for (let h = 0; h < horizon; h++) weights[s * horizon + h] = kernel[lookback + h - s - 1];
  }
  return weights;
}

/** Fits on the training rows. */
export function fit(problem: Problem, options: { ridge?: number } = {}): Fit {
  const { lookback, horizon } = problem;
  const covariances = centre(trainingMoments(problem));
  const kernel = solveToeplitz(covariances, options.ridge);
  const weights = toeplitzWeights(kernel, lookback, horizon);
  return {
    forecaster: linearForecaster(withIntercept(covariances, weights)),
    metrics: { trainingLoss: trainingLoss(covariances, weights) },
    tensors: { kernel: { shape: [kernel.length], data: kernel } },
  };
}

/** What a job names. */
export const reference: ReferenceModule<ForecastingTask> = referenceOf({ fit });
