/**
 * @file The flow of the product under balanced layers, without the layers (Arora, Cohen, Hazan, arXiv 1802.06509, theorem 1; Menon and Yu,
 * arXiv 2509.09088): with N layers and Z = dE/dX, for x X
 *
 *     dX/dt = -A_N(Z),   A_N(Z) = sum_{p = 1..N} (X X')^{(p - 1)/N} Z (X'X)^{(N - p)/N}.
 *
 * On u_i v_j' of singular vectors of X it multiplies by a_ij = sum_p s_i^{2(p - 1)/N} s_j^{2(N - p)/N}, which is how it is computed; the
 * quotient (s_i^2 - s_j^2) / (s_i^{2/N} - s_j^{2/N}) is the same number and loses its digits where two of them are close. A direction
 * outside the row or column space of X has the singular value 0 on that side: one layer alone moves it.
 */
import { type Matrix, multiply, transpose } from "../linalg/matrix.ts";
import { type Svd, svd } from "../linalg/svd.ts";

/** a_ij of two singular values at a depth: how much faster than by one matrix u_i v_j' moves. */
export function coupling(si: number, sj: number, depth: number): number {
  let sum = 0;
  for (let p = 1; p <= depth; p++) {
    sum += power(si, 2 * (p - 1) / depth) * power(sj, 2 * (depth - p) / depth);
  }
  return sum;
}

/** 0^0 is 1: of depth 1 every direction moves. */
const power = (s: number, exponent: number) => exponent === 0 ? 1 : s ** exponent;

/** A_N(Z), [rows, columns], at X with the thin decomposition `at`. */
export function preconditioned(
  at: Svd,
  Z: Float64Array,
  { rows, columns, depth }: { rows: number; columns: number; depth: number },
): Matrix {
  if (depth === 1) return Z.slice() as Matrix;
  const { U, s, V } = at;
  const k = s.length;
  const Ut = transpose(U, rows, k);
  const UtZ = multiply(Ut, Z, k, rows, columns); // [k, columns]
  const core = multiply(UtZ, V, k, columns, k);
  // Z = U core V' + U (UtZ - core V') + (Z - U UtZ): the latter two have a singular value 0 on one side.
  const Vt = transpose(V, columns, k);
  const inside = multiply(core, Vt, k, k, columns);
  const ZV = multiply(Z, V, rows, columns, k);
  const Ucore = multiply(U, core, rows, k, k);
  const ends = s.map((value) => coupling(value, 0, depth));
  const scaled = core.map((value, e) => value * coupling(s[Math.floor(e / k)], s[e % k], depth));
  const left = UtZ.map((value, e) => ends[Math.floor(e / columns)] * (value - inside[e]));
  const right = ZV.map((value, e) => ends[e % k] * (value - Ucore[e]));
  const middle = multiply(scaled, Vt, k, k, columns).map((value, e) => value + left[e]);
  const out = multiply(U, middle, rows, k, columns);
  const beside = multiply(right, Vt, rows, k, columns);
  for (let e = 0; e < out.length; e++) out[e] += beside[e];
  return out;
}

/** Where {@linkcode flow} is integrated to. */
export interface FlowOptions {
  /** Of X. */
  readonly rows: number;
  /** Of X. */
  readonly columns: number;
  /** Layers. */
  readonly depth: number;
  /** dE/dX at X. */
  gradient(X: Matrix): Matrix;
  /** Largest local error of a step, in the entries of X; 1e-6. */
  readonly tolerance?: number;
  /** Steps are not longer than this. */
  readonly longest: number;
  /** The integration ends where this is true, or at `until`. */
  done(X: Matrix, time: number): boolean;
  /** Time that is not passed. */
  readonly until: number;
}

/**
 * Integrates the balanced flow from X until `done`, by Bogacki and Shampine's pair of orders 3 and 2 with step control. The time at
 * which `done` turned true is found to a thousandth of the last step by halving it.
 * @returns the time, and X there; `reached` is false where `until` came first.
 */
export function flow(
  start: Float64Array,
  { rows, columns, depth, gradient, tolerance = 1e-6, longest, done, until }: FlowOptions,
): { time: number; X: Matrix; reached: boolean } {
  const rate = (X: Matrix) => {
    const moved = preconditioned(svd(X, rows, columns), gradient(X), { rows, columns, depth });
    for (let e = 0; e < moved.length; e++) moved[e] = -moved[e];
    return moved;
  };
  const moved = (X: Matrix, by: readonly (readonly [number, Matrix])[]): Matrix =>
    X.map((x, e) => by.reduce((sum, [h, k]) => sum + h * k[e], x));
  let X = start.slice() as Matrix;
  let [time, h] = [0, longest];
  let k1 = rate(X);
  if (done(X, 0)) return { time, X, reached: true };
  while (time < until) {
    h = Math.min(h, longest, until - time);
    const k2 = rate(moved(X, [[h / 2, k1]]));
    const k3 = rate(moved(X, [[3 * h / 4, k2]]));
    const next = moved(X, [[2 * h / 9, k1], [h / 3, k2], [4 * h / 9, k3]]);
    const k4 = rate(next);
    let error = 0;
    for (let e = 0; e < X.length; e++) {
      const local = h * (-5 / 72 * k1[e] + k2[e] / 12 + k3[e] / 9 - k4[e] / 8);
      error = Math.max(error, Math.abs(local));
    }
    const factor = Math.min(2, Math.max(0.3, 0.9 * (tolerance / (error + 1e-300)) ** (1 / 3)));
    if (!(error <= tolerance)) {
      h *= factor;
      continue;
    }
    if (done(next, time + h)) {
      const [at, there] = passing(X, k1, next, k4, h, (X, since) => done(X, time + since));
      return { time: time + at, X: there, reached: true };
    }
    [X, k1] = [next, k4];
    time += h;
    h *= factor;
  }
  return { time, X, reached: false };
}

/** The share of a step after which `done` holds, on the cubic through both of its ends. */
function passing(
  X: Matrix,
  k1: Matrix,
  next: Matrix,
  k4: Matrix,
  h: number,
  done: (X: Matrix, since: number) => boolean,
): [number, Matrix] {
  const between = (share: number): Matrix => {
    const [a, b] = [share, 1 - share];
    return X.map((x, e) =>
      b * x + a * next[e] +
      a * b * ((1 - 2 * a) * (next[e] - x) + h * (b * k1[e] - a * k4[e]))
    );
  };
  let [low, high] = [0, 1];
  for (let i = 0; i < 10; i++) {
    const middle = (low + high) / 2;
    if (done(between(middle), middle * h)) high = middle;
    else low = middle;
  }
  return [high * h, between(high)];
}
