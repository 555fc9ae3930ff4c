/** @file Singular values and eigenvalues in float64, of ml-matrix, on row-major arrays. */
import { EigenvalueDecomposition, Matrix as Dense, SingularValueDecomposition } from "ml-matrix";
import type { Matrix } from "./matrix.ts";

/** A thin singular value decomposition, A = U diag(s) V'. */
export interface Svd {
  /** [rows, k], k = min(rows, columns). */
  readonly U: Matrix;
  /** [k], descending. */
  readonly s: Matrix;
  /** [columns, k] */
  readonly V: Matrix;
}

/** The thin singular value decomposition of A [rows, columns]. @throws {RangeError} for an entry that is not finite */
export function svd(A: Float64Array, rows: number, columns: number): Svd {
  const { leftSingularVectors, rightSingularVectors, diagonal } = decomposed(
    A,
    rows,
    columns,
    true,
  );
  return {
    U: flat(leftSingularVectors.to2DArray()),
    s: Float64Array.from(diagonal),
    V: flat(rightSingularVectors.to2DArray()),
  };
}

/** Singular values of A [rows, columns], descending. @throws {RangeError} for an entry that is not finite */
export function singularValues(A: Float64Array, rows: number, columns: number): Matrix {
  return Float64Array.from(decomposed(A, rows, columns, false).diagonal);
}

/** Eigenvalues [n], ascending, and eigenvectors, the columns of [n, n], of a symmetric A [n, n]. */
export function symmetricEigen(A: Float64Array, n: number): { values: Matrix; vectors: Matrix } {
  requireFinite(A, n, n);
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(
    dense(A, n, n),
    { assumeSymmetric: true },
  );
  return {
    values: Float64Array.from(realEigenvalues),
    vectors: flat(eigenvectorMatrix.to2DArray()),
  };
}

function decomposed(A: Float64Array, rows: number, columns: number, vectors: boolean) {
  requireFinite(A, rows, columns);
  return new SingularValueDecomposition(dense(A, rows, columns), {
    computeLeftSingularVectors: vectors,
    computeRightSingularVectors: vectors,
    autoTranspose: true,
  });
}

function requireFinite(A: Float64Array, rows: number, columns: number): void {
  const bad = A.findIndex((value) => !Number.isFinite(value));
  if (bad < 0) return;
  throw new RangeError(
    `entry ${bad} of a [${rows}, ${columns}] matrix is ${A[bad]}: expected finite numbers.`,
  );
}

function dense(A: Float64Array, rows: number, columns: number): Dense {
  return Dense.from1DArray(rows, columns, A as unknown as number[]);
}

function flat(rows: number[][]): Matrix {
  const columns = rows[0]?.length ?? 0;
  const out = new Float64Array(rows.length * columns);
  rows.forEach((row, i) => out.set(row, i * columns));
  return out;
}
