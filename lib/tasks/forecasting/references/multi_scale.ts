/**
 * @file Least squares on averages of the window at several time scales, in closed form, in float64: the optimum of
 * lib/models/multi_scale_linear.ts.
 */
import * as z from "zod";
import { cholesky, choleskySolve } from "../../../linalg/cholesky.ts";
import { multiply, transpose } from "../../../linalg/matrix.ts";
import { averages, type Scale, scalesSchema } from "../../../models/scales.ts";
import { readOptions } from "../../../options.ts";
import type { ReferenceModule } from "../../task.ts";
import type { Fit } from "../forecaster.ts";
import type { ForecastingTask } from "../forecasting_task.ts";
import { linearForecaster } from "../linear_map.ts";
import { centre, type Covariances, trainingLoss, trainingMoments } from "../moments.ts";
import type { Problem } from "../problem.ts";
import { addRidge, RIDGE, withIntercept } from "./ols.ts";
import { referenceOf } from "./reference.ts";

/**
 * M = F W [lookback, horizon] of least training loss plus ridge |W|^2 / count, where F [lookback, n] are the averages:
 * (F'GF + ridge / count) W = F'C.
 */
export function solveMultiScale(
  covariances: Covariances,
  scales: readonly Scale[],
  ridge = RIDGE,
): Float64Array {
  const { lookback, horizon, count, G, C } = covariances;
  const parts = scales.map((scale) => ({ n: scale.lags, rows: averages(scale, lookback) }));
  const n = parts.reduce((sum, part) => sum + part.n, 0);
  const F = new Float64Array(lookback * n);
  let at = 0;
  for (const part of parts) {
    for (let s = 0; s < lookback; s++) {
      F.set(part.rows.subarray(s * part.n, (s + 1) * part.n), s * n + at);
    }
    at += part.n;
  }
  const Ft = transpose(F, lookback, n);
  const A = multiply(multiply(Ft, G, n, lookback, lookback), F, n, lookback, n);
  addRidge(A, n, ridge / count);
  const b = multiply(Ft, C, n, lookback, horizon);
  return multiply(F, choleskySolve(cholesky(A, n), b, n, horizon), lookback, n, horizon);
}

/** Fits on the training rows. @throws {RangeError} for a scale that reaches back further than the window. */
export function fit(problem: Problem, options: { scales?: Scale[]; ridge?: number } = {}): Fit {
  const schema = z.strictObject({
    scales: scalesSchema(),
    ridge: z.number().min(0).default(RIDGE),
  });
  const { scales, ridge } = readOptions("multi_scale", schema, options);
  const covariances = centre(trainingMoments(problem));
  const weights = solveMultiScale(covariances, scales, ridge);
  return {
    forecaster: linearForecaster(withIntercept(covariances, weights)),
    metrics: { trainingLoss: trainingLoss(covariances, weights) },
  };
}

/** What a job names. */
export const reference: ReferenceModule<ForecastingTask> = referenceOf({ fit });
