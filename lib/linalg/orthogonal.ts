/** @file Orthonormal rows in float64, and random orthogonal matrices. */
import { type Key, normals } from "../random/random.ts";
import type { Matrix } from "./matrix.ts";

/**
 * Makes the rows of a [rows, columns], rows <= columns, orthonormal, in place. Gram-Schmidt runs twice over each row, which
 * is orthogonal to rounding; once loses digits (Giraud, Langou, Rozloznik 2005).
 */
export function orthonormaliseRows(a: Matrix, rows: number, columns: number): Matrix {
  for (let i = 0; i < rows; i++) {
    const row = a.subarray(i * columns, (i + 1) * columns);
    for (let pass = 0; pass < 2; pass++) {
      for (let j = 0; j < i; j++) {
        const other = a.subarray(j * columns, (j + 1) * columns);
        let dot = 0;
        for (let k = 0; k < columns; k++) dot += row[k] * other[k];
        for (let k = 0; k < columns; k++) row[k] -= dot * other[k];
      }
    }
    const norm = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
    for (let k = 0; k < columns; k++) row[k] /= norm;
  }
  return a;
}

/** A uniformly (Haar) distributed orthogonal matrix [n, n]: the rows of a Gaussian matrix made orthonormal. */
export function randomOrthogonal(key: Key, n: number): Matrix {
  return orthonormaliseRows(normals(key, n * n), n, n);
}
