/**
 * @file The heterogeneous autoregression of volatility (Corsi 2009, eq. 6): least squares on the last value, the mean of a week and the
 * mean of a month, for each step of the horizon by itself.
 */
import * as z from "zod";
import type { ReferenceModule } from "../../task.ts";
import type { ForecastingTask } from "../forecasting_task.ts";
import { cholesky, choleskySolve } from "../../../linalg/cholesky.ts";
import { multiply, transpose } from "../../../linalg/matrix.ts";
import { readOptions } from "../../../options.ts";
import type { Fit } from "../forecaster.ts";
import { linearForecaster } from "../linear_map.ts";
import { centre, windowMoments } from "../moments.ts";
import type { Problem } from "../problem.ts";
import { addRidge, RIDGE, withIntercept } from "./ols.ts";
import { referenceOf } from "./reference.ts";

const schema = () =>
  z.strictObject({
    /** Rows of each mean, ascending; trading days of a day, a week, a month. */
    means: z.array(z.int().positive()).min(1).default([1, 5, 22]),
  });

/** Fits on the training rows; reads as many rows as the longest mean has. */
export function fit({ channels, split, horizon }: Problem, options: unknown = {}): Fit {
  const { means } = readOptions("heterogeneous_autoregression", schema(), options);
  const lookback = Math.max(...means);
  const k = means.length;
  const covariances = centre(windowMoments(channels, split.train, lookback, horizon));
  const basis = new Float64Array(lookback * k);
  means.forEach((rows, j) => {
    for (let a = lookback - rows; a < lookback; a++) basis[a * k + j] = 1 / rows;
  });
  const across = transpose(basis, lookback, k);
  const A = multiply(across, multiply(covariances.G, basis, lookback, lookback, k), k, lookback, k);
  addRidge(A, k, RIDGE / covariances.count);
  const B = multiply(across, covariances.C, k, lookback, horizon);
  const weights = multiply(
    basis,
    choleskySolve(cholesky(A, k), B, k, horizon),
    lookback,
    k,
    horizon,
  );
  return { forecaster: linearForecaster(withIntercept(covariances, weights)), metrics: {} };
}

/** What a job names. */
export const reference: ReferenceModule<ForecastingTask> = referenceOf({ fit });
