/**
 * @file Steps of the natural gradient on a product of matrices (Bernacchia, Lengyel, Hennequin 2018): those that move the product, to first order, straight to the optimum,
 *
 *     sum_p A_p dW_p B_p = -rate (X - X*),   A_p = W_1 ... W_{p-1}, B_p = W_{p+1} ... W_N,
 *
 * whatever the inputs' covariance, the condition of X* and the depth. There are many. The one of least norm is dW_p = A_p' Z B_p' with Z from a linear system of the size of X;
 * the block-diagonal one lets every layer do its N-th part, dW_p = -(rate / N) A_p^{-1} (X - X*) B_p^{-1}, and needs square, invertible layers.
 */
import { cholesky, choleskySolve } from "../linalg/cholesky.ts";
import { multiply, multiplyTransposed, transpose } from "../linalg/matrix.ts";
import type { Matrix } from "../linalg/matrix.ts";
import { svd } from "../linalg/svd.ts";
import { type Chain, surroundings } from "./chain.ts";

/**
 * What each layer is moved by, dW_p over -rate, of least norm.
 * @param residual X - X* [inputs, outputs]
 * @throws {RangeError} where the layers cannot move X in every direction: two of them have lost a rank
 */
export function minimumNormStep(chain: Chain, residual: Float64Array): Matrix[] {
  const { sizes, layers } = chain;
  const depth = layers.length;
  const [rows, columns] = [sizes[0], sizes[depth]];
  const n = rows * columns;
  const { before, after } = surroundings(chain);
  const K = new Float64Array(n * n);
  for (let p = 0; p < depth; p++) {
    const A = before[p];
    const B = after[p];
    // A A' on rows and B'B on columns; the identity where there is nothing before or after.
    const left = A && multiplyTransposed(A, A, rows, sizes[p], rows);
    const right = B &&
      multiply(transpose(B, sizes[p + 1], columns), B, columns, sizes[p + 1], columns);
    for (let i = 0; i < rows; i++) {
      for (let k = 0; k < rows; k++) {
        const a = left ? left[i * rows + k] : i === k ? 1 : 0;
        if (a === 0) continue;
        for (let j = 0; j < columns; j++) {
          for (let l = 0; l < columns; l++) {
            const b = right ? right[j * columns + l] : j === l ? 1 : 0;
            K[(i * columns + j) * n + k * columns + l] += a * b;
          }
        }
      }
    }
  }
  const Z = choleskySolve(cholesky(K, n), residual as Matrix, n, 1);
  return layers.map((_, p) => {
    const A = before[p];
    const B = after[p];
    const left = A ? multiply(transpose(A, rows, sizes[p]), Z, sizes[p], rows, columns) : Z;
    return B ? multiplyTransposed(left, B, sizes[p], columns, sizes[p + 1]) : left;
  });
}

/**
 * The same, block-diagonal: the N-th part of every layer.
 * @throws {RangeError} unless all layers are square and of one size, and where one is singular
 */
export function blockDiagonalStep(chain: Chain, residual: Float64Array): Matrix[] {
  const { sizes, layers } = chain;
  const n = sizes[0];
  if (sizes.some((size) => size !== n)) {
    throw new RangeError(
      `natural gradient: widths ${
        sizes.join(", ")
      }; the block-diagonal form needs equal ones, take the one of least norm.`,
    );
  }
  const { before, after } = surroundings(chain);
  return layers.map((_, p) => {
    const left = before[p]
      ? multiply(inverse(before[p]!, n), residual, n, n, n)
      : residual.slice() as Matrix;
    const both = after[p] ? multiply(left, inverse(after[p]!, n), n, n, n) : left;
    return both.map((value) => value / layers.length);
  });
}

/** Through the singular values. @throws {RangeError} where the smallest is below 1e-12 of the largest */
function inverse(A: Matrix, n: number): Matrix {
  const { U, s, V } = svd(A, n, n);
  if (!(s[n - 1] > 1e-12 * s[0])) {
    throw new RangeError(
      `natural gradient: layers with singular values ${s[0]} to ${s[n - 1]} have no inverse.`,
    );
  }
  return multiplyTransposed(V.map((v, e) => v / s[e % n]), U, n, n, n);
}
