/**
 * @file Ridge regression toward repeating the last value: the target and the window are taken relative to the newest row, so that more
 * ridge means less of anything but the last value, and an infinite one is the random walk (NLinear of Zeng et al. 2023,
 * arXiv 2205.13504, in closed form, with weight decay). How much is chosen on the validation rows.
 *
 *   yhat_h = x_L + sum_a w_ah (x_a - x_L),  min sum |y - yhat|^2 + ridge |W|^2
 */
import type { ReferenceModule } from "../../task.ts";
import type { ForecastingTask } from "../forecasting_task.ts";
import { cholesky, choleskySolve } from "../../../linalg/cholesky.ts";
import type { Forecaster } from "../forecaster.ts";
import { linearForecaster } from "../linear_map.ts";
import { score } from "../metrics.ts";
import { type Moments, trainingMoments } from "../moments.ts";
import type { Problem } from "../problem.ts";
import { addRidge } from "./ols.ts";
import * as repeatLast from "./repeat_last.ts";

/** Ridges in units of the mean square of x_a - x_L over windows and lags. */
export const ridges: readonly number[] = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10];

/** Weights [lookback, horizon] of the window itself, for one ridge in the units of {@linkcode ridges}. */
export function ridgeWeights(moments: Moments, ridge: number): Float64Array {
  const { lookback, horizon, G, C } = moments;
  const n = lookback - 1; // the newest row relative to itself says nothing
  const newest = G[lookback * lookback - 1];
  const A = new Float64Array(n * n), B = new Float64Array(n * horizon);
  const column = (a: number) => G[a * lookback + n];
  let trace = 0;
  for (let a = 0; a < n; a++) {
    for (let b = 0; b < n; b++) {
      A[a * n + b] = G[a * lookback + b] - column(a) - column(b) + newest;
    }
    trace += A[a * n + a];
    for (let h = 0; h < horizon; h++) {
      B[a * horizon + h] = C[a * horizon + h] - C[n * horizon + h] - column(a) + newest;
    }
  }
  const weights = new Float64Array(lookback * horizon);
  if (n > 0) {
    addRidge(A, n, ridge * trace / n);
    weights.set(choleskySolve(cholesky(A, n), B, n, horizon));
  }
  for (let h = 0; h < horizon; h++) {
    let others = 0;
    for (let a = 0; a < n; a++) others += weights[a * horizon + h];
    weights[n * horizon + h] = 1 - others;
  }
  return weights;
}

/** Fits with every ridge and keeps the one of least validation error; the random walk is among them. */
export async function fitRidge(
  problem: Problem,
): Promise<{ forecaster: Forecaster; ridge: number; validation: number }> {
  const { lookback, horizon, split } = problem;
  const moments = trainingMoments(problem);
  const validated = async (forecaster: Forecaster, ridge: number) => {
    const { mse } = await score(problem, forecaster, split.validation);
    return { forecaster, ridge, validation: mse };
  };
  let best = await validated(repeatLast.fit(problem).forecaster, Infinity);
  for (const ridge of ridges) {
    const weights = ridgeWeights(moments, ridge);
    const map = { lookback, horizon, weights, intercept: new Float64Array(horizon) };
    const found = await validated(linearForecaster(map), ridge);
    if (found.validation < best.validation) best = found;
  }
  return best;
}

/** What a job names. */
export const reference: ReferenceModule<ForecastingTask> = {
  async score(task) {
    const { forecaster, ridge, validation } = await fitRidge(task.problem);
    // JSON has no infinity; the random walk is the largest of all.
    const fitted = { ridge: Math.min(ridge, Number.MAX_VALUE), validation };
    return await task.evaluateForecaster(forecaster, fitted);
  },
};
