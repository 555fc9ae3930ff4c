/**
 * @file The condition number of a product of square matrices, which soon has none that float64 could tell from the product itself: that of
 * thirty factors is beyond 10^16 though each of them is harmless. Norms of the product and of that of the inverses are kept as logarithms.
 */
import { inverse, Matrix as Dense } from "ml-matrix";
import { identity, type Matrix, multiply } from "./matrix.ts";
import { singularValues } from "./svd.ts";

/**
 * log(sigma_1 / sigma_n) of A_L ... A_1.
 * @param factors A_1 to A_L, each [n, n], row-major.
 * @throws {RangeError} for a factor without an inverse, or with an entry that is not finite
 */
export function logConditionOfProduct(factors: readonly Float64Array[], n: number): number {
  const inverses = factors.map((A, i) => inverted(A, n, i)).reverse();
  return logNorm(factors, n) + logNorm(inverses, n);
}

/** Log of the largest singular value of A_L ... A_1. */
function logNorm(factors: readonly Float64Array[], n: number): number {
  let [product, log] = [identity(n), 0];
  for (const A of factors) {
    product = multiply(A, product, n, n, n);
    const size = product.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    product = product.map((x) => x / size);
    log += Math.log(size);
  }
  return log + Math.log(singularValues(product, n, n)[0]);
}

function inverted(A: Float64Array, n: number, index: number): Matrix {
  const bad = A.find((x) => !Number.isFinite(x));
  if (bad !== undefined) {
    throw new RangeError(
      `factor ${index} of a product has an entry ${bad}: expected finite numbers`,
    );
  }
  try {
    const rows = inverse(Dense.from1DArray(n, n, A as unknown as number[])).to2DArray();
    return Float64Array.from(rows.flat());
  } catch (cause) {
    throw new RangeError(
      `factor ${index} of a product [${n}, ${n}] has no inverse, so the product has no condition number`,
      { cause },
    );
  }
}
