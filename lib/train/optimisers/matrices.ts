/** @file Stacks of matrices [..., rows, columns] in the graph: transposes, norms, and roots by Newton's iteration. */
import { numpy as np } from "@jax-js/jax";
import type { JaxArray } from "../../engine/arrays.ts";
import { scan } from "../../engine/scan.ts";

/** The last two axes swapped. */
export function transposed(x: JaxArray): JaxArray {
  const axes = x.shape.map((_, axis) => axis);
  const [rows, columns] = [axes.length - 2, axes.length - 1];
  return np.transpose(x, [...axes.slice(0, -2), columns, rows]);
}

/** Frobenius norm of each matrix, [..., 1, 1]. */
export function frobenius(x: JaxArray): JaxArray {
  return np.sqrt(np.sum(x.ref.mul(x), [-2, -1], { keepdims: true }));
}

/** Checks a parameter of an optimiser of matrices. @throws {TypeError} for one that is none */
export function requireMatrix(name: string, shape: readonly number[]): void {
  if (shape.length >= 2) return;
  throw new TypeError(`${name}: a parameter of shape [${shape}]; it updates matrices only.`);
}

/** Share of the norm that is added to the diagonal before a root is taken: condition numbers up to 1e4, which float32 can invert. */
const ridge = 1e-4;
/** Iterations: small eigenvalues grow by (5/4)^4 in each until they are near 1, where the error squares. */
const iterations = 20;

/**
 * A^{-1/4} of symmetric positive semidefinite A [..., n, n], by the coupled Newton iteration (Guo and Higham 2006; Anil et al., arXiv 2002.09018, appendix):
 * M = z A, X = z^{1/4} I, then T = (5 I - M) / 4, X <- X T, M <- T^4 M until M = I. As a loop in the graph.
 */
export function inverseFourthRoot(A: JaxArray): JaxArray {
  const n = A.shape[A.ndim - 1];
  const eye = np.eye(n);
  const size = frobenius(A.ref).add(1e-30);
  const damped = A.add(eye.ref.mul(size.ref.mul(ridge)));
  const z = np.reciprocal(size.mul(1 + ridge)).mul(2.5);
  const start = {
    M: damped.mul(z.ref),
    X: eye.ref.mul(np.sqrt(np.sqrt(z))),
    eye,
  };
  type Carry = typeof start;
  const cell = (_: unknown, { M, X, eye }: Carry): [Carry, JaxArray[]] => {
    const T = eye.ref.mul(5).sub(M.ref).mul(0.25);
    const square = np.matmul(T.ref, T.ref);
    const fourth = np.matmul(square.ref, square);
    return [{ M: np.matmul(fourth, M), X: np.matmul(X, T), eye }, []];
  };
  const [{ M, X, eye: last }] = scan(cell, [], start, np.zeros([iterations]));
  M.dispose();
  last.dispose();
  return X;
}
