/** @file Maps to be learned whose singular values are given: random frames, so that no basis is special. */
import { type Matrix, multiply, transpose } from "../linalg/matrix.ts";
import { orthonormaliseRows } from "../linalg/orthogonal.ts";
import type { Svd } from "../linalg/svd.ts";
import { type Key, normals, split } from "../random/random.ts";

/** A map [rows, columns] = U diag(s) V' with Haar frames. @param s as many as min(rows, columns), or fewer */
export function randomTeacher(key: Key, rows: number, columns: number, s: Matrix): Svd {
  const [keyU, keyV] = split(key, 2);
  const frame = (key: Key, size: number) =>
    transpose(orthonormaliseRows(normals(key, s.length * size), s.length, size), s.length, size);
  return { U: frame(keyU, rows), s, V: frame(keyV, columns) };
}

/** The matrix of a decomposition, [rows, columns]. */
export function assembled({ U, s, V }: Svd, rows: number, columns: number): Matrix {
  const k = s.length;
  return multiply(U.map((u, e) => u * s[e % k]), transpose(V, columns, k), rows, k, columns);
}

/** k values from sqrt(condition) to its inverse, evenly spaced as logarithms; 1 for one value. */
export function geometric(k: number, condition: number): Matrix {
  return Float64Array.from(
    { length: k },
    (_, i) => k === 1 ? 1 : condition ** (0.5 - i / (k - 1)),
  );
}
