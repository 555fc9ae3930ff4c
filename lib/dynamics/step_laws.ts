/**
 * @file What depth does to the steps of gradient descent near a balanced optimum X* with singular values s_1 >= ... >= s_k, on white inputs.
 * There the curvature in the direction u_i v_j' is a_ij of balanced_flow.ts, so that
 *
 * - the largest is N s_1^{2 - 2/N}: steps beyond 2 over that do not converge;
 * - the smallest of a square map is N s_k^{2 - 2/N}: the condition number is (s_1 / s_k)^{2 - 2/N}, and depth costs up to the square of the
 *   map's own condition number in steps;
 * - of a rectangular map, a direction outside its column space is moved by one layer alone, at s_k^{2 - 2/N} without the N: the condition number
 *   is N times as large.
 */

/** A map of full rank, by its sizes and its singular values. */
export interface Optimum {
  /** Inputs. */
  readonly rows: number;
  /** Outputs. */
  readonly columns: number;
  /** Largest singular value. */
  readonly largest: number;
  /** Smallest of the min(rows, columns). */
  readonly smallest: number;
}

/** Largest rate at which gradient descent stays at the optimum. @param power largest eigenvalue of the inputs' covariance, 1 if white */
export function largestStableRate({ largest }: Optimum, depth: number, power = 1): number {
  return 2 / (power * depth * largest ** (2 - 2 / depth));
}

/** Condition number of the Hessian on the directions that move the product, for white inputs. */
export function conditionNumber(optimum: Optimum, depth: number): number {
  const { rows, columns, largest, smallest } = optimum;
  const own = (largest / smallest) ** (2 - 2 / depth);
  return rows === columns ? own : depth * own;
}

/** Share of the distance to the optimum that is left after one step, at last, at a rate that is `share` of the largest stable one. */
export function contraction(optimum: Optimum, depth: number, share: number): number {
  return Math.max(
    Math.abs(1 - 2 * share / conditionNumber(optimum, depth)),
    Math.abs(1 - 2 * share),
  );
}
