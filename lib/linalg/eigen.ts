/** @file Eigenvalues and eigenvectors of matrices that are not symmetric, in float64, of ml-matrix, on row-major arrays. */
import { EigenvalueDecomposition, inverse, Matrix as Dense } from "ml-matrix";
import type { Matrix } from "./matrix.ts";

/** Complex numbers, or matrices of them. */
export interface ComplexMatrix {
  /** Real parts. */
  readonly re: Matrix;
  /** Imaginary parts. */
  readonly im: Matrix;
}

/** A = V diag(values) V^-1. */
export interface Eigen {
  /** [n], conjugate pairs one after the other. */
  readonly values: ComplexMatrix;
  /** V [n, n], in columns, of length 1. */
  readonly vectors: ComplexMatrix;
}

/** Of a real A [n, n] that has n eigenvectors. */
export function eigen(A: Float64Array, n: number): Eigen {
  const dense = Dense.from1DArray(n, n, A as unknown as number[]);
  const { realEigenvalues, imaginaryEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(
    dense,
    { assumeSymmetric: false },
  );
  const [re, im] = [new Float64Array(n * n), new Float64Array(n * n)];
  for (let j = 0; j < n; j++) {
    // A pair's real and imaginary parts stand in two columns; the second one is the conjugate.
    const sign = Math.sign(imaginaryEigenvalues[j]);
    const first = sign < 0 ? j - 1 : j;
    let square = 0;
    for (let i = 0; i < n; i++) {
      re[i * n + j] = eigenvectorMatrix.get(i, first);
      im[i * n + j] = sign === 0 ? 0 : sign * eigenvectorMatrix.get(i, first + 1);
      square += re[i * n + j] ** 2 + im[i * n + j] ** 2;
    }
    for (let i = 0; i < n; i++) {
      re[i * n + j] /= Math.sqrt(square);
      im[i * n + j] /= Math.sqrt(square);
    }
  }
  return {
    values: {
      re: Float64Array.from(realEigenvalues),
      im: Float64Array.from(imaginaryEigenvalues),
    },
    vectors: { re, im },
  };
}

/** V^-1 of a complex V [n, n]: as a real matrix of twice the size, it acts on real and imaginary parts. */
export function complexInverse({ re, im }: ComplexMatrix, n: number): ComplexMatrix {
  const whole = new Dense(2 * n, 2 * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      whole.set(i, j, re[i * n + j]).set(n + i, n + j, re[i * n + j]);
      whole.set(i, n + j, -im[i * n + j]).set(n + i, j, im[i * n + j]);
    }
  }
  const inverted = inverse(whole);
  const part = (row: number) =>
    Float64Array.from(
      { length: n * n },
      (_, at) => inverted.get(row + Math.floor(at / n), at % n),
    );
  return { re: part(0), im: part(n) };
}
