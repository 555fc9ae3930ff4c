/**
 * @file Linear physics on a ring of n points as known dynamics, and what data add to it: u_{t+1} = (K0 + R0) u_t + (K1 + R1) u_{t-1}, where K
 * is the discretised equation and R the residual that is learned. Least squares over R is in closed form, so there is nothing to train.
 */
import { cholesky, choleskySolve } from "../linalg/cholesky.ts";
import { identity, type Matrix, multiply, transpose } from "../linalg/matrix.ts";
import { type Key, normals } from "../random/random.ts";

/** What is known of a field. */
export interface Dynamics {
  /** u_t = nu u_xx (explicit Euler), or u_tt = c^2 u_xx (leapfrog). */
  readonly equation: "heat" | "wave";
  /** nu or c^2, in units of the steps of time and space; stable up to 1/2 and 1. */
  readonly strength: number;
}

/** A map of two frames to the next one, u_{t+1}. */
export interface TwoFrames {
  /** Of u_t, [n, n]. */
  readonly now: Matrix;
  /** Of u_{t-1}, [n, n]. */
  readonly before: Matrix;
}

/** Second differences on a ring, [n, n]. */
function secondDifference(n: number): Matrix {
  const D = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    D[i * n + i] -= 2;
    D[i * n + (i + 1) % n] += 1;
    D[i * n + (i + n - 1) % n] += 1;
  }
  return D;
}

/** The equation as a map of frames. @throws {RangeError} for a strength at which it would grow without bound. */
export function operatorOf({ equation, strength }: Dynamics, n: number): TwoFrames {
  const most = equation === "heat" ? 0.5 : 1;
  if (!(strength > 0 && strength <= most)) {
    throw new RangeError(
      `${equation} equation of strength ${strength}: expected above 0 and at most ${most}, beyond which it is unstable.`,
    );
  }
  const level = equation === "heat" ? 1 : 2;
  const now = secondDifference(n).map((v, k) => strength * v + (k % (n + 1) === 0 ? level : 0));
  const before = identity(n).map((v) => equation === "heat" ? 0 : -v);
  return { now, before };
}

/** a + b. */
export function plus(a: TwoFrames, b: TwoFrames): TwoFrames {
  const sum = (x: Matrix, y: Matrix) => x.map((v, k) => v + y[k]);
  return { now: sum(a.now, b.now), before: sum(a.before, b.before) };
}

/** The next frame of u_t and u_{t-1} [n]. */
export function next({ now, before }: TwoFrames, u: Float64Array, earlier: Float64Array): Matrix {
  const n = u.length;
  const [a, b] = [multiply(now, u, n, n, 1), multiply(before, earlier, n, n, 1)];
  return a.map((v, i) => v + b[i]);
}

/**
 * A field that starts at rest at random heights and is pushed by noise at every step.
 * @returns frames [count, n]
 */
export function simulate(
  map: TwoFrames,
  n: number,
  count: number,
  noise: number,
  key: Key,
): Matrix {
  const draws = normals(key, (count + 1) * n);
  const frames = new Float64Array(count * n);
  frames.set(draws.subarray(0, n));
  for (let t = 1; t < count; t++) {
    const frame = (at: number) => frames.subarray(Math.max(0, at) * n, (Math.max(0, at) + 1) * n);
    const u = next(map, frame(t - 1), frame(t - 2));
    for (let i = 0; i < n; i++) frames[t * n + i] = u[i] + noise * draws[(t + 1) * n + i];
  }
  return frames;
}

/**
 * known + R of least squares with a ridge on R: (X'X + ridge I) R = X'(Y - known X) over all frames with two before them. A ridge that
 * is large leaves what is known; without anything known, nothing.
 * @param frames [count, n]
 */
export function fitResidual(
  frames: Float64Array,
  n: number,
  known: TwoFrames,
  ridge: number,
): TwoFrames {
  const count = frames.length / n - 2;
  const X = new Float64Array(count * 2 * n);
  const E = new Float64Array(count * n);
  for (let t = 0; t < count; t++) {
    const [before, now, after] = [0, 1, 2].map((k) =>
      frames.subarray((t + k) * n, (t + k + 1) * n)
    );
    X.set(now, t * 2 * n);
    X.set(before, (t * 2 + 1) * n);
    const expected = next(known, now, before);
    for (let i = 0; i < n; i++) E[t * n + i] = after[i] - expected[i];
  }
  const Xt = transpose(X, count, 2 * n);
  const A = multiply(Xt, X, 2 * n, count, 2 * n);
  for (let i = 0; i < 2 * n; i++) A[i * 2 * n + i] += ridge;
  const R = choleskySolve(cholesky(A, 2 * n), multiply(Xt, E, 2 * n, count, n), 2 * n, n);
  const half = (at: number) => transpose(R.subarray(at * n * n, (at + 1) * n * n), n, n);
  return plus(known, { now: half(0), before: half(1) });
}

/** Mean squared error of the next frame, over frames [count, n] with two before them. */
export function oneStepError(map: TwoFrames, frames: Float64Array, n: number): number {
  const count = frames.length / n - 2;
  let sum = 0;
  for (let t = 0; t < count; t++) {
    const [before, now, after] = [0, 1, 2].map((k) =>
      frames.subarray((t + k) * n, (t + k + 1) * n)
    );
    next(map, now, before).forEach((v, i) => sum += (v - after[i]) ** 2);
  }
  return sum / (count * n);
}
