/**
 * @file Orthogonal matrices as products of the fewest reflections (Cartan, Dieudonné; Scherk 1950): as many as I - M has rank, since a product of n
 * reflections keeps what is orthogonal to all n directions, and one reflection more keeps one direction more.
 *
 * @example A quarter turn takes two
 * ```ts
 * import assert from "node:assert/strict";
 * import { product, reflectionsOf } from "./reflections.ts";
 *
 * const turn = Float64Array.of(0, -1, 1, 0);
 * const directions = reflectionsOf(turn, 2);
 * assert.equal(directions.length, 2);
 * product(directions, 2).forEach((value, i) => assert.ok(Math.abs(value - turn[i]) < 1e-12));
 * ```
 */
import { identity, type Matrix } from "./matrix.ts";

/** Entries below this are rounding. */
const rounding = 1e-9;

/**
 * Unit vectors v_1, v_2, ... with M = (I - 2 v_1 v_1') (I - 2 v_2 v_2') ...; none for the identity.
 * @param M [n, n], orthogonal
 * @throws {RangeError} where M is not orthogonal
 */
export function reflectionsOf(M: Float64Array, n: number): Matrix[] {
  checkOrthogonal(M, n);
  const directions: Matrix[] = [];
  const left = Float64Array.from(M);
  while (directions.length < n) {
    // The unit vector that is moved furthest: v = M e - e is orthogonal to all that M keeps, and the reflection takes M e back to e.
    let [furthest, longest] = [0, 0];
    for (let j = 0; j < n; j++) {
      const moved = Math.sqrt(Math.max(0, 2 - 2 * left[j * n + j]));
      if (moved > longest) [furthest, longest] = [j, moved];
    }
    if (longest < Math.sqrt(rounding)) break;
    const v = Float64Array.from(
      { length: n },
      (_, i) => left[i * n + furthest] - Number(i === furthest),
    );
    const norm = Math.sqrt(v.reduce((sum, value) => sum + value * value, 0));
    v.forEach((value, i) => v[i] = value / norm);
    reflect(left, v);
    directions.push(v);
  }
  return directions;
}

/** (I - 2 v_1 v_1') (I - 2 v_2 v_2') ... [n, n] */
export function product(directions: readonly Float64Array[], n: number): Matrix {
  const out = identity(n);
  for (const v of directions.toReversed()) reflect(out, v);
  return out;
}

/** A = (I - 2 v v') A, in place. @param A [n, m] @param v [n], of length 1 */
export function reflect(A: Float64Array, v: Float64Array): void {
  const [n, m] = [v.length, A.length / v.length];
  for (let j = 0; j < m; j++) {
    let along = 0;
    for (let i = 0; i < n; i++) along += v[i] * A[i * m + j];
    for (let i = 0; i < n; i++) A[i * m + j] -= 2 * along * v[i];
  }
}

function checkOrthogonal(M: Float64Array, n: number): void {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let dot = 0;
      for (let k = 0; k < n; k++) dot += M[i * n + k] * M[j * n + k];
      if (Math.abs(dot - Number(i === j)) <= rounding) continue;
      throw new RangeError(
        `reflections: rows ${j} and ${i} of a [${n}, ${n}] matrix have the product ${dot}; expected ${
          Number(i === j)
        }, of an orthogonal one.`,
      );
    }
  }
}
