/**
 * @file The few dense float64 operations that state-space formulas need, on row-major arrays of
 * known size. Filters run these thousands of times on small matrices, where objects and copies
 * would cost more than the sums.
 */
import { type Key, normals } from "./random.ts";

/** Row-major float64 entries; every docstring gives the shape. */
export type Matrix = Float64Array<ArrayBuffer>;

/** The identity [n, n]. */
export function identity(n: number): Matrix {
  const out = new Float64Array(n * n);
  for (let i = 0; i < n; i++) out[i * n + i] = 1;
  return out;
}

/** The transpose [columns, rows] of a [rows, columns]. */
export function transpose(a: Matrix, rows: number, columns: number): Matrix {
  const out = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) out[j * rows + i] = a[i * columns + j];
  }
  return out;
}

/** a b, of a [rows, inner] and b [inner, columns]. */
export function multiply(
  a: Matrix,
  b: Matrix,
  rows: number,
  inner: number,
  columns: number,
): Matrix {
  const out = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < inner; k++) {
      const factor = a[i * inner + k];
      for (let j = 0; j < columns; j++) out[i * columns + j] += factor * b[k * columns + j];
    }
  }
  return out;
}

/** a b', of a [rows, inner] and b [columns, inner]: dot products of rows. */
export function multiplyTransposed(
  a: Matrix,
  b: Matrix,
  rows: number,
  inner: number,
  columns: number,
): Matrix {
  const out = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      let sum = 0;
      for (let k = 0; k < inner; k++) sum += a[i * inner + k] * b[j * inner + k];
      out[i * columns + j] = sum;
    }
  }
  return out;
}

/** The sum of the diagonal of a [n, n]. */
export function trace(a: Matrix, n: number): number {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += a[i * n + i];
  return sum;
}

/** Replaces a [n, n] by (a + a') / 2, against the drift of rounding. */
export function symmetrise(a: Matrix, n: number): void {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) {
      a[i * n + j] = a[j * n + i] = (a[i * n + j] + a[j * n + i]) / 2;
    }
  }
}

/**
 * The lower triangular L with L L' = a, of a symmetric positive definite a [n, n].
 * @throws RangeError with the first pivot that is not positive.
 */
export function cholesky(a: Matrix, n: number): Matrix {
  const L = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[i * n + j];
      for (let k = 0; k < j; k++) sum -= L[i * n + k] * L[j * n + k];
      if (i > j) L[i * n + j] = sum / L[j * n + j];
      else if (sum > 0) L[i * n + i] = Math.sqrt(sum);
      else throw new RangeError(`Not positive definite: pivot ${i} of ${n} is ${sum}.`);
    }
  }
  return L;
}

/**
 * The X [rows, n] with X (L L') = b [rows, n]: each row of b solved by two triangular
 * substitutions.
 */
export function choleskySolve(L: Matrix, b: Matrix, rows: number, n: number): Matrix {
  const X = b.slice();
  for (let row = 0; row < rows; row++) {
    const x = X.subarray(row * n, row * n + n);
    for (let i = 0; i < n; i++) {
      for (let k = 0; k < i; k++) x[i] -= L[i * n + k] * x[k];
      x[i] /= L[i * n + i];
    }
    for (let i = n - 1; i >= 0; i--) {
      for (let k = i + 1; k < n; k++) x[i] -= L[k * n + i] * x[k];
      x[i] /= L[i * n + i];
    }
  }
  return X;
}

/**
 * A uniformly (Haar) distributed orthogonal matrix [n, n]: the rows of a Gaussian matrix made
 * orthonormal. Gram-Schmidt runs twice over each row, which is orthogonal to rounding (Giraud,
 * Langou, Rozloznik 2005).
 */
export function randomOrthogonal(key: Key, n: number): Matrix {
  const Q = normals(key, n * n);
  for (let i = 0; i < n; i++) {
    const row = Q.subarray(i * n, i * n + n);
    for (let pass = 0; pass < 2; pass++) {
      for (let j = 0; j < i; j++) {
        let dot = 0;
        for (let k = 0; k < n; k++) dot += row[k] * Q[j * n + k];
        for (let k = 0; k < n; k++) row[k] -= dot * Q[j * n + k];
      }
      const norm = Math.hypot(...row);
      for (let k = 0; k < n; k++) row[k] /= norm;
    }
  }
  return Q;
}
