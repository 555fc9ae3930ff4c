/**
 * @file Least squares with instance normalisation, as Toner and Darlow fit it (arXiv 2403.14587,
 * table 1): the mean of the window is subtracted from window and target, the standard deviation of
 * the window stands in for the intercept. In a linear model dividing by the deviation cancels; what
 * is left of it is that column.
 *
 *   yhat = mean(x) + W'(x - mean(x)) + v s(x),  s(x) = sqrt(var(x) + SPREAD_EPSILON)
 */
import type { ReferenceModule } from "../../task.ts";
import type { ForecastingTask } from "../forecasting_task.ts";
import { referenceOf } from "./reference.ts";
import { cholesky, choleskySolve } from "../../../linalg/cholesky.ts";
import { addLagProducts } from "../../../linalg/lag_products.ts";
import type { Fit } from "../forecaster.ts";
import { linearForecaster, windowSpread } from "../linear_map.ts";
import { type Moments, trainingMoments } from "../moments.ts";
import type { Problem } from "../problem.ts";
import { addRidge, RIDGE } from "./ols.ts";

/** Fits on the training rows. */
export function fit(problem: Problem, options: { ridge?: number } = {}): Fit {
  const { channels, split, lookback, horizon } = problem;
  const moments = trainingMoments(problem);
  const spreads = spreadMoments(channels, split.train[0], moments);
  const { A, B } = normalEquations(moments, spreads, options.ridge ?? RIDGE);
  const size = lookback + 1;
  const solution = choleskySolve(cholesky(A, size), B, size, horizon);
  // Merged with the subtraction of the mean, the map of the raw window is W - mean(W) + 1/lookback.
  const weights = solution.slice(0, lookback * horizon);
  for (let h = 0; h < horizon; h++) {
    let mean = 0;
    for (let a = 0; a < lookback; a++) mean += weights[a * horizon + h] / lookback;
    for (let a = 0; a < lookback; a++) weights[a * horizon + h] += 1 / lookback - mean;
  }
  const spread = solution.slice(lookback * horizon);
  const intercept = new Float64Array(horizon);
  const map = { lookback, horizon, weights, intercept, spread };
  return {
    forecaster: linearForecaster(map),
    map,
    metrics: {},
    tensors: {
      weights: { shape: [lookback, horizon], data: weights },
      spread: { shape: [horizon], data: spread },
    },
  };
}

interface SpreadMoments {
  /** [lookback + horizon]: sum of s x and of s y. */
  products: Float64Array;
  /** Sum of s^2. */
  energy: number;
}

function spreadMoments(channels: Float64Array[], from: number, moments: Moments): SpreadMoments {
  const { lookback, horizon, count } = moments;
  const n = count / channels.length;
  const products = new Float64Array(lookback + horizon);
  let energy = 0;
  for (const channel of channels) {
    const s = windowSpread(channel, from + lookback, n, lookback);
    addLagProducts(products, s, channel.subarray(from), n);
    for (const value of s) energy += value * value;
  }
  return { products, energy };
}

/**
 * Normal equations of the features (P x, s) and the targets y - mean(x), where P subtracts the mean:
 * A is [lookback + 1, lookback + 1], B is [lookback + 1, horizon].
 */
function normalEquations(
  { lookback, horizon, G, C }: Moments,
  { products, energy }: SpreadMoments,
  ridge: number,
): { A: Float64Array; B: Float64Array } {
  const size = lookback + 1;
  const A = new Float64Array(size * size);
  const B = new Float64Array(size * horizon);
  // G 1 / lookback: sum of x mean(x); its mean: sum of mean(x)^2. Likewise for C and s.
  const rowMeans = new Float64Array(lookback);
  for (let a = 0; a < lookback; a++) {
    for (let b = 0; b < lookback; b++) rowMeans[a] += G[a * lookback + b] / lookback;
  }
  const grandMean = rowMeans.reduce((sum, value) => sum + value, 0) / lookback;
  const spreadMean = products.slice(0, lookback).reduce((sum, value) => sum + value, 0) / lookback;
  const columnMeans = new Float64Array(horizon);
  for (let a = 0; a < lookback; a++) {
    for (let h = 0; h < horizon; h++) columnMeans[h] += C[a * horizon + h] / lookback;
  }
  for (let a = 0; a < lookback; a++) {
    for (let b = 0; b < lookback; b++) {
      A[a * size + b] = G[a * lookback + b] - rowMeans[a] - rowMeans[b] + grandMean;
    }
    A[a * size + lookback] = A[lookback * size + a] = products[a] - spreadMean;
    for (let h = 0; h < horizon; h++) {
      B[a * horizon + h] = C[a * horizon + h] - columnMeans[h] - (rowMeans[a] - grandMean);
    }
  }
  A[size * size - 1] = energy;
  for (let h = 0; h < horizon; h++) {
    B[lookback * horizon + h] = products[lookback + h] - spreadMean;
  }
  addRidge(A, size, ridge);
  return { A, B };
}

/** What a job names. */
export const reference: ReferenceModule<ForecastingTask> = referenceOf({ fit });
