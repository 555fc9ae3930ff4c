/** @file Systems of equations with positive definite matrices, many small ones at once. */
import { lax, numpy as np } from "@jax-js/jax";
import type { JaxArray } from "../engine/arrays.ts";
import { constant } from "./constant.ts";

/** Gauss-Jordan elimination in place, without pivots, which positive definite matrices do not need. @param a [..., n, n] */
function inverse(a: JaxArray): JaxArray {
  const size = a.shape.at(-1)!;
  for (let k = 0; k < size; k++) {
    const unit = constant(
      Float64Array.from({ length: size }, (_, i) => +(i === k)),
      [size, 1],
      a.dtype,
    );
    const row = unit.ref.reshape([1, size]);
    const column = np.matmul(a.ref, unit.ref);
    const pivot = np.sum(column.ref.mul(unit.ref), -2, { keepdims: true });
    // Column k replaced by that of the unit matrix.
    const replaced = a.mul(row.ref.neg().add(1)).add(unit.ref.mul(row.ref));
    const eliminated = np.sum(replaced.ref.mul(unit.ref), -2, { keepdims: true });
    a = replaced.sub(column.sub(unit).mul(eliminated).mul(np.reciprocal(pivot)));
    row.dispose();
  }
  return a;
}

/**
 * x with a x = b. Its derivatives are those of the solution, without going through the elimination: x is a solution that is taken as
 * given plus one step of refinement, by an inverse that is taken as given.
 * @param a [..., n, n], symmetric and positive definite.
 * @param b [..., n]
 */
export function solvePositive(a: JaxArray, b: JaxArray): JaxArray {
  const column = b.reshape([...b.shape, 1]);
  const m = inverse(lax.stopGradient(a.ref));
  const x = np.matmul(m.ref, lax.stopGradient(column.ref));
  const refined = x.ref.add(np.matmul(m, column.sub(np.matmul(a, x))));
  return refined.reshape(b.shape);
}
