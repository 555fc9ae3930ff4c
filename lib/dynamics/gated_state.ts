/**
 * @file How the next state of a recurrent network depends on the last one where a gate multiplies the state itself:
 * h_t = tanh(W_h h_{t-1} + u) sigmoid(W_g h_{t-1} + v), the update of github.com/ekg/elman-proofs@5082610, E1_GatedElman.lean.
 */
import type { Matrix } from "../linalg/matrix.ts";

/** One update, at the state that it was made from. */
export interface GatedUpdate {
  /** W_h [n, n], row-major. */
  readonly recurrent: Float64Array;
  /** W_g [n, n] */
  readonly gate: Float64Array;
  /** W_h h + u [n] */
  readonly candidate: ArrayLike<number>;
  /** W_g h + v [n] */
  readonly opening: ArrayLike<number>;
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

/** dh_t / dh_{t-1} = diag(g (1 - t^2)) W_h + diag(t g (1 - g)) W_g [n, n], of t = tanh(candidate) and g = sigmoid(opening). */
export function gatedJacobian({ recurrent, gate, candidate, opening }: GatedUpdate): Matrix {
  const n = candidate.length;
  const J = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    const t = Math.tanh(candidate[i]);
    const g = sigmoid(opening[i]);
    for (let j = 0; j < n; j++) {
      const at = i * n + j;
      J[at] = g * (1 - t * t) * recurrent[at] + t * g * (1 - g) * gate[at];
    }
  }
  return J;
}

/** The first integer whose sigmoid is 1 in single precision, each operation rounded to it. */
export function saturatesAt(): number {
  const single = (x: number) => Math.fround(1 / Math.fround(1 + Math.fround(Math.exp(-x))));
  let x = 0;
  while (single(x) < 1) x++;
  return x;
}
