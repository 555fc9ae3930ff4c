/** @file Ridge regression of one number on features, for fields whose question is no forecast (Hoerl and Kennard 1970). */
import { cholesky, choleskySolve } from "../linalg/cholesky.ts";

/** A linear map of features. */
export interface Regression {
  /** [features] */
  weights: Float64Array;
  /** What it predicts where all features are 0. */
  intercept: number;
}

/**
 * Least squares of targets [rows] on features [rows, n], row-major, both centred, with a ridge times the mean variance of a feature as the
 * penalty of the squared weights; one map for each ridge.
 * @throws {RangeError} for no rows, and for features that are all constant
 */
export function ridgeRegressions(
  features: Float64Array,
  targets: Float64Array,
  ridges: readonly number[],
): Regression[] {
  const rows = targets.length, n = features.length / rows;
  if (rows === 0 || !Number.isInteger(n)) {
    throw new RangeError(`${features.length} features of ${rows} rows make no table.`);
  }
  const means = new Float64Array(n);
  for (let r = 0; r < rows; r++) for (let j = 0; j < n; j++) means[j] += features[r * n + j] / rows;
  const level = targets.reduce((sum, y) => sum + y, 0) / rows;
  const A = new Float64Array(n * n), b = new Float64Array(n), x = new Float64Array(n);
  for (let r = 0; r < rows; r++) {
    for (let j = 0; j < n; j++) x[j] = features[r * n + j] - means[j];
    for (let j = 0; j < n; j++) {
      b[j] += x[j] * (targets[r] - level) / rows;
      for (let k = 0; k <= j; k++) A[j * n + k] += x[j] * x[k] / rows;
    }
  }
  let trace = 0;
  for (let j = 0; j < n; j++) trace += A[j * n + j];
  if (!(trace > 0)) {
    throw new RangeError("all features are constant, so there is nothing to regress on.");
  }
  for (let j = 0; j < n; j++) for (let k = 0; k < j; k++) A[k * n + j] = A[j * n + k];
  return ridges.map((ridge) => {
    const penalised = A.slice();
    // Features that depend on each other would leave nothing to divide by.
    for (let j = 0; j < n; j++) penalised[j * n + j] += Math.max(ridge, 1e-12) * trace / n;
    const weights = choleskySolve(cholesky(penalised, n), b, n, 1);
    return {
      weights,
      intercept: weights.reduce((sum, weight, j) => sum - weight * means[j], level),
    };
  });
}

/** The map's value at features [n]. */
export function predicted({ weights, intercept }: Regression, features: Float64Array): number {
  return weights.reduce((sum, weight, j) => sum + weight * features[j], intercept);
}
