/**
 * @file Dense float64 matrices as row-major arrays of known size. Filters run these operations thousands of times on
 * small matrices, where objects and copies would cost more than the sums.
 */

/** Row-major float64 entries; every docstring gives the shape. */
export type Matrix = Float64Array<ArrayBuffer>;

/** The identity [n, n]. */
export function identity(n: number): Matrix {
  const out = new Float64Array(n * n);
  for (let i = 0; i < n; i++) out[i * n + i] = 1;
  return out;
}

/** The transpose [columns, rows] of a [rows, columns]. */
export function transpose(a: Float64Array, rows: number, columns: number): Matrix {
  const out = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) out[j * rows + i] = a[i * columns + j];
  }
  return out;
}

/** a b, of a [rows, inner] and b [inner, columns]. */
export function multiply(
  a: Float64Array,
  b: Float64Array,
  rows: number,
  inner: number,
  columns: number,
): Matrix {
  const out = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    const row = out.subarray(i * columns, (i + 1) * columns);
    const factors = a.subarray(i * inner, (i + 1) * inner);
    let k = 0;
    // Four rows of b a pass: a quarter of the stores.
    for (; k + 3 < inner; k += 4) {
      const f = factors[k], g = factors[k + 1], h = factors[k + 2], e = factors[k + 3];
      const p = k * columns, q = p + columns, r = q + columns, s = r + columns;
      for (let j = 0; j < columns; j++) {
        row[j] += f * b[p + j] + g * b[q + j] + (h * b[r + j] + e * b[s + j]);
      }
    }
    for (; k < inner; k++) {
      const f = factors[k];
      for (let j = 0; j < columns; j++) row[j] += f * b[k * columns + j];
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
