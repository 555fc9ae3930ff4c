/**
 * @file Independent answers to test the filter against: the joint Gaussian law of y_1..y_T written
 * down from the definition of the system (A, C, sigma; nothing modal) and conditioned as any
 * Gaussian, with ml-matrix.
 */
import { Matrix, solve } from "ml-matrix";
import type { System } from "../../lib/ssm/mod.ts";

/** A row-major array as an ml-matrix. */
export function matrix(data: Float64Array, rows: number, columns: number): Matrix {
  return Matrix.from1DArray(rows, columns, data);
}

/**
 * Covariance of (y_1, .., y_T), [T obs, T obs]: Cov(y_s, y_t) = C A^{t-s} P_s C' with P_s = A
 * P_{s-1} A' + sigma^2 I.
 */
export function jointCovariance(system: System, length: number): Matrix {
  const { latentDim: n, obsDim: obs } = system;
  const A = matrix(system.A, n, n);
  const C = matrix(system.C, obs, n);
  const joint = Matrix.zeros(length * obs, length * obs);
  let P = Matrix.zeros(n, n);
  for (let s = 0; s < length; s++) {
    P = A.mmul(P).mmul(A.transpose()).add(Matrix.eye(n).mul(system.sigma ** 2));
    let cross = P.mmul(C.transpose()); // Cov(x_t, y_s)
    for (let t = s; t < length; t++) {
      const block = C.mmul(cross);
      joint.setSubMatrix(block, t * obs, s * obs);
      joint.setSubMatrix(block.transpose(), s * obs, t * obs);
      cross = A.mmul(cross);
    }
  }
  return joint;
}

/**
 * Law of y_target given y_1..y_context: weights W (mean = W (y_1; ..; y_context)) and covariance.
 */
export function posterior(joint: Matrix, obs: number, context: number, target: number) {
  const last = target * obs - 1;
  const own = joint.subMatrix(last - obs + 1, last, last - obs + 1, last);
  if (context === 0) return { weights: undefined, covariance: own };
  const past = joint.subMatrix(0, context * obs - 1, 0, context * obs - 1);
  const cross = joint.subMatrix(0, context * obs - 1, last - obs + 1, last);
  const weights = solve(past, cross).transpose();
  return { weights, covariance: own.sub(weights.mmul(cross)) };
}

/** The largest absolute difference of two arrays. */
export function difference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  return Math.max(0, ...Array.from(a, (value, i) => Math.abs(value - b[i])));
}
