/**
 * @file The basis in which a network reads a window: its rows, or the orthonormal discrete cosine transform of
 * them. A rotation changes no gradient flow and no reachable map, only methods that scale coordinates.
 */
import { multiply, transpose } from "../../linalg/matrix.ts";
import type { Covariances } from "./moments.ts";

/** Orthonormal DCT-II, [n, n]; row k is frequency k / 2 periods a window. */
export function dctMatrix(n: number): Float64Array {
  const T = new Float64Array(n * n);
  for (let k = 0; k < n; k++) {
    const norm = Math.sqrt((k === 0 ? 1 : 2) / n);
    for (let l = 0; l < n; l++) T[k * n + l] = norm * Math.cos(Math.PI * (l + 0.5) * k / n);
  }
  return T;
}

/** Covariances of the rotated window T x: T G T' and T C. */
export function rotate(covariances: Covariances, T: Float64Array | undefined): Covariances {
  if (!T) return covariances;
  const { lookback: n, horizon, G, C } = covariances;
  const TG = multiply(T, G, n, n, n);
  return {
    ...covariances,
    G: multiply(TG, transpose(T, n, n), n, n, n),
    C: multiply(T, C, n, n, horizon),
  };
}

/** Weights of the window itself from weights M of T x: T'M. */
export function unrotate(
  M: Float64Array,
  T: Float64Array | undefined,
  lookback: number,
  horizon: number,
): Float64Array {
  return T ? multiply(transpose(T, lookback, lookback), M, lookback, lookback, horizon) : M;
}
