/**
 * @file The matrix of HiPPO-LegS, by which a state keeps the coefficients of its past in Legendre polynomials (Gu et al., arXiv 2008.07669,
 * theorem 2), and its normal part, whose eigenvalues are a diagonal state's (arXiv 2111.00396, theorem 1).
 */
import { symmetricEigen } from "../linalg/svd.ts";

/** A_ij = -sqrt((2 i + 1) (2 j + 1)) for i > j, -(i + 1) for i = j, else 0. @returns [n, n] */
export function legendreMatrix(n: number): Float64Array {
  return Float64Array.from({ length: n * n }, (_, at) => {
    const [i, j] = [Math.floor(at / n), at % n];
    if (i === j) return -(i + 1);
    return i > j ? -Math.sqrt((2 * i + 1) * (2 * j + 1)) : 0;
  });
}

/** B_i = sqrt(2 i + 1), what a token adds. @returns [n] */
export const legendreInput = (n: number): Float64Array =>
  Float64Array.from({ length: n }, (_, i) => Math.sqrt(2 * i + 1));

/** A + p p' = -1/2 + a skew-symmetric matrix, for p_i = sqrt(i + 1/2): eigenvalues -1/2 + i frequency and their conjugates. */
export interface LegendreModes {
  /** Above zero, the largest first, [count]. */
  readonly frequency: Float64Array;
  /** |v* p| of their unit eigenvectors v, [count]; B is sqrt(2) as much. */
  readonly weight: Float64Array;
}

/**
 * Of A with 2 `count` states. The square of i times the skew-symmetric part is symmetric, and has the square of every frequency twice; what p
 * is in the plane of the two eigenvectors, v and its conjugate share.
 */
export function legendreModes(count: number): LegendreModes {
  const n = 2 * count;
  const entry = (i: number, j: number) =>
    Math.sign(i - j) * Math.sqrt((2 * i + 1) * (2 * j + 1)) / 2;
  const square = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      for (let k = 0; k < n; k++) square[i * n + j] += entry(k, i) * entry(k, j);
    }
  }
  const { values, vectors } = symmetricEigen(square, n);
  const along = (column: number) => {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += vectors[i * n + column] * Math.sqrt(i + 0.5);
    return sum;
  };
  const of = (f: (last: number) => number) =>
    Float64Array.from({ length: count }, (_, m) => f(n - 1 - 2 * m));
  return {
    frequency: of((last) => Math.sqrt(values[last])),
    weight: of((last) => Math.hypot(along(last), along(last - 1)) * Math.SQRT1_2),
  };
}
