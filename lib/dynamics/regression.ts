/**
 * @file Least squares as a function of the end-to-end matrix alone: E(X) = tr((X - X*)' S (X - X*)) / 2 + noise, S the covariance of the
 * inputs, X* the least-squares solution and `noise` what no linear map explains. Whatever the data, training a deep linear network
 * on the squared error is descent on this.
 */
import { identity, type Matrix, multiply } from "../linalg/matrix.ts";

/** A regression by its moments. */
export interface Regression {
  /** Inputs. */
  readonly rows: number;
  /** Outputs. */
  readonly columns: number;
  /** S [rows, rows]; undefined: the identity, inputs are white. */
  readonly covariance?: Float64Array;
  /** X* [rows, columns]. */
  readonly optimum: Float64Array;
  /** The loss of X*; 0 by default. */
  readonly noise?: number;
}

/** dE/dX = S (X - X*), [rows, columns]. */
export function endGradient(
  { rows, columns, covariance, optimum }: Regression,
  X: Float64Array,
): Matrix {
  const residual = new Float64Array(X.length);
  for (let i = 0; i < X.length; i++) residual[i] = X[i] - optimum[i];
  return covariance ? multiply(covariance, residual, rows, rows, columns) : residual;
}

/** E(X) - E(X*). */
export function excessLoss(regression: Regression, X: Float64Array): number {
  const Z = endGradient(regression, X);
  let sum = 0;
  for (let i = 0; i < X.length; i++) sum += Z[i] * (X[i] - regression.optimum[i]);
  return sum / 2;
}

/** E(X) / E(X*) - 1. @throws {RangeError} where the optimum leaves nothing: nothing is a share of 0 */
export function relativeExcess(regression: Regression, X: Float64Array): number {
  const { noise = 0 } = regression;
  if (!(noise > 0)) throw new RangeError(`regression: noise ${noise}; expected more than 0.`);
  return excessLoss(regression, X) / noise;
}

/** S as a matrix [rows, rows], also where inputs are white. */
export function covarianceOf({ rows, covariance }: Regression): Float64Array {
  return covariance ?? identity(rows);
}
