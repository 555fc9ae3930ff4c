/**
 * @file Closed-form ridge least squares, one map and intercept for all channels, in float64
 * (Toner and Darlow, "An Analysis of Linear Time Series Forecasting Models", arXiv 2403.14587).
 * No model that ends in one linear map of the same window can have a lower training loss.
 */
import type { ReferenceModule } from "../../task.ts";
import type { ForecastingTask } from "../forecasting_task.ts";
import { referenceOf } from "./reference.ts";
import { cholesky, choleskySolve } from "../../../linalg/cholesky.ts";
import type { Fit, LinearMap } from "../forecaster.ts";
import { linearForecaster } from "../linear_map.ts";
import { centre, type Covariances, trainingLoss, trainingMoments } from "../moments.ts";
import type { Problem } from "../problem.ts";

/** Only for numerical safety: it changes no digit that is reported (the same as in the paper). */
export const RIDGE = 1e-5;

/** Weights [lookback, horizon] that minimise the training loss plus ridge |W|^2 / count. */
export function solveLeastSquares(covariances: Covariances, ridge = RIDGE): Float64Array {
  const { lookback, horizon, count } = covariances;
  const G = covariances.G.slice();
  addRidge(G, lookback, ridge / count);
  return choleskySolve(cholesky(G, lookback), covariances.C, lookback, horizon);
}

/**
 * Adds `ridge` to the diagonal of A [n, n], or as much as its rounding errors need: the Gram matrix of a pure
 * sine or ramp has rank 2 or 3, and rounding makes its other eigenvalues negative.
 */
export function addRidge(A: Float64Array, n: number, ridge: number): void {
  let trace = 0;
  for (let a = 0; a < n; a++) trace += A[a * n + a];
  const enough = Math.max(ridge, 1e-14 * trace);
  for (let a = 0; a < n; a++) A[a * n + a] += enough;
}

/** The map of centred weights: intercept = mean(y) - W' mean(x). */
export function withIntercept(covariances: Covariances, weights: Float64Array): LinearMap {
  const { lookback, horizon, meanX, meanY } = covariances;
  const intercept = meanY.slice();
  for (let a = 0; a < lookback; a++) {
    for (let h = 0; h < horizon; h++) intercept[h] -= weights[a * horizon + h] * meanX[a];
  }
  return { lookback, horizon, weights, intercept };
}

/** Fits on the training rows. */
export function fit(problem: Problem, options: { ridge?: number } = {}): Fit {
  const { lookback, horizon } = problem;
  const covariances = centre(trainingMoments(problem));
  const weights = solveLeastSquares(covariances, options.ridge);
  const map = withIntercept(covariances, weights);
  return {
    forecaster: linearForecaster(map),
    map,
    metrics: { trainingLoss: trainingLoss(covariances, weights) },
    tensors: {
      weights: { shape: [lookback, horizon], data: map.weights },
      intercept: { shape: [horizon], data: map.intercept },
    },
  };
}

/** What a job names. */
export const reference: ReferenceModule<ForecastingTask> = referenceOf({ fit });
