/**
 * @file A random linear system x_{t+1} = A x_t + w_t, w_t ~ N(0, sigma^2 I), y_t = C x_t, from x_0
 * = 0, without observation noise: the task whose best possible predictor, the Kalman filter, is
 * known exactly.
 *
 * Structures. `diagonal`: A = D, 2x2 rotation-scaling blocks. `dense`: A = M D M^-1 on the same D,
 * where M = Q1 diag(s) Q2 has the given condition number. With condition 1, A is normal and no
 * model can tell it from D (C Q is again Gaussian), so only a condition above 1 asks a question:
 * that of non-normality.
 */
import { cholesky } from "../linalg/cholesky.ts";
import { randomOrthogonal } from "../linalg/orthogonal.ts";
import {
  identity,
  type Matrix,
  multiply,
  multiplyTransposed,
  trace,
  transpose,
} from "../linalg/matrix.ts";
import { dense, type Modes, randomModes, stationaryCovariance } from "./modes.ts";
import { type Key, keyOf, normals, split } from "../random/random.ts";

/** The distribution that a system is drawn from; the defaults stand behind the colons. */
export interface SystemOptions {
  /** n, the dimension of x: 64. */
  latentDim?: number;
  /** The dimension of y, at most that of x: 2. */
  obsDim?: number;
  /** Largest magnitude of an eigenvalue of A, in (0, 1); the smallest is lambda / 2: 0.9. */
  lambda?: number;
  /** Standard deviation of the state noise: 1. Cancels in y, which is scaled to unit variance. */
  sigma?: number;
  /** Whether A is block diagonal, or the same in another basis: diagonal. */
  structure?: "diagonal" | "dense";
  /** Condition number of M, >= 1: 1. Structure `dense` only. */
  condition?: number;
  /**
   * C of a dense system: `matched` to the diagonal system of the same key, C M = C_diag (default),
   * or `redrawn`. Structure `dense` only.
   */
  observation?: "matched" | "redrawn";
}

/**
 * One system, in its own coordinates x and in modal ones z = M^-1 x, where filters and simulations
 * work.
 */
export interface System extends Required<SystemOptions> {
  /** Transition [n, n]. */
  readonly A: Matrix;
  /**
   * Observation [obs, n], scaled: `scale` times a matrix of N(0, 1/obs) entries (times M^-1 where
   * matched).
   */
  readonly C: Matrix;
  /** Modal basis [n, n]: A M = M D. */
  readonly M: Matrix;
  /** D: z_{t+1} = D z_t + v_t. */
  readonly modes: Modes;
  /** H = C M [obs, n]: y_t = H z_t. */
  readonly H: Matrix;
  /** V = sigma^2 M^-1 M^-T [n, n], the covariance of v_t, and of z_1. */
  readonly V: Matrix;
  /** Lower triangular L with L L' = V, or undefined where V = sigma^2 I exactly. */
  readonly L: Matrix | undefined;
  /**
   * What C was multiplied by so that tr(Cov y_t) / obs is 1 in the stationary distribution. Stationary, not
   * averaged over some y_1..y_T: the system must not depend on how long it is watched. One number
   * for all channels: a scale for each would change the distribution of C. (From x_0 = 0 the first tokens
   * are smaller; expectedLoss of zero is exact.)
   */
  readonly scale: number;
}

/**
 * The system of an integer key. Same key and options, same bits; the same key under another lambda,
 * structure or condition has the same eigenvalue draws, so that comparisons are paired.
 * @throws RangeError naming the option, its value and what is allowed.
 */
export function createSystem(key: number | Key, options: SystemOptions = {}): System {
  const o = validated(options);
  const { latentDim: n, obsDim: obs, lambda, sigma } = o;
  const [modesKey, C0Key, leftKey, rightKey, redrawnKey] = split(
    typeof key === "number" ? keyOf(key) : key,
    5,
  );
  const modes = randomModes(modesKey, n, lambda);
  const D = dense(modes);
  const basis = o.structure === "dense"
    ? randomBasis(leftKey, rightKey, n, o.condition)
    : { M: identity(n), inverse: identity(n) };
  const A = o.structure === "dense"
    ? multiply(multiply(basis.M, D, n, n, n), basis.inverse, n, n, n)
    : D;

  const normal = o.condition === 1; // then M^-1 M^-T = I, exactly
  const V = normal ? identity(n) : multiplyTransposed(basis.inverse, basis.inverse, n, n, n);
  for (let i = 0; i < V.length; i++) V[i] *= sigma ** 2;

  const redrawn = o.observation === "redrawn";
  const drawn = normals(redrawn ? redrawnKey : C0Key, obs * n).map((c) => c / Math.sqrt(obs));
  const H = redrawn ? multiply(drawn, basis.M, obs, n, n) : drawn;
  const C = redrawn ? drawn.slice() : multiply(drawn, basis.inverse, obs, n, n);

  const variance = observedVariance(H, stationaryCovariance(modes, V), obs, n);
  const scale = 1 / Math.sqrt(variance);
  if (!(scale > 0 && scale < Infinity)) {
    throw new RangeError(
      `System of key ${key}: the variance of y is ${variance}, which no C scales to 1.`,
    );
  }
  for (let i = 0; i < H.length; i++) {
    H[i] *= scale;
    C[i] *= scale;
  }
  const L = normal ? undefined : cholesky(V, n);
  return { ...o, A, C, M: basis.M, modes, H, V, L, scale };
}

/**
 * tr(H P H') / obs: the mean variance of an observed channel when the state has covariance P [n,
 * n].
 */
export function observedVariance(H: Matrix, P: Matrix, obs: number, n: number): number {
  return trace(multiplyTransposed(multiply(H, P, obs, n, n), H, obs, n, obs), obs) / obs;
}

/**
 * Henrici's departure from normality, sqrt(|A|_F^2 - sum |eigenvalue|^2) (Henrici 1962): 0 exactly
 * when A is normal. `relative` divides it by |A|_F. Differences at the level of rounding count as
 * 0.
 */
export function henrici({ A, modes }: System): { departure: number; relative: number } {
  const squares = A.reduce((sum, a) => sum + a * a, 0);
  const eigenvalues = dense(modes).reduce((sum, a) => sum + a * a, 0);
  const difference = squares - eigenvalues;
  const departure = difference > 1e-12 * squares ? Math.sqrt(difference) : 0;
  return { departure, relative: departure / Math.sqrt(squares) };
}

/**
 * M = Q1 diag(s) Q2 and its inverse, s log-spaced from sqrt(condition) down to 1 / sqrt(condition).
 */
function randomBasis(left: Key, right: Key, n: number, condition: number) {
  const Q1 = randomOrthogonal(left, n);
  const Q2 = randomOrthogonal(right, n);
  const M = new Float64Array(n * n);
  const Q2inverse = transpose(Q2, n, n);
  const Q1inverse = transpose(Q1, n, n);
  for (let i = 0; i < n; i++) {
    const s = n === 1 ? 1 : condition ** (0.5 - i / (n - 1));
    for (let j = 0; j < n; j++) {
      Q2[i * n + j] *= s;
      Q1inverse[i * n + j] /= s;
    }
  }
  M.set(multiply(Q1, Q2, n, n, n));
  return { M, inverse: multiply(Q2inverse, Q1inverse, n, n, n) };
}

function validated(options: SystemOptions): Required<SystemOptions> {
  const o = {
    latentDim: 64,
    obsDim: 2,
    lambda: 0.9,
    sigma: 1,
    structure: "diagonal" as const,
    condition: 1,
    observation: "matched" as const,
    ...options,
  };
  const reject = (name: keyof SystemOptions, allowed: string): never => {
    throw new RangeError(`System option ${name} = ${o[name]}: ${allowed}`);
  };
  const isCount = (value: number) => Number.isInteger(value) && value >= 1;
  if (!isCount(o.latentDim)) reject("latentDim", "expected an integer of at least 1.");
  if (!isCount(o.obsDim)) reject("obsDim", "expected an integer of at least 1.");
  if (o.obsDim > o.latentDim) {
    reject(
      "obsDim",
      `expected at most latentDim = ${o.latentDim}, because more observations than states are ` +
        "linearly dependent and the innovation covariance is singular. Lower obsDim or raise latentDim.",
    );
  }
  if (!(o.lambda > 0 && o.lambda < 1)) {
    reject("lambda", "expected 0 < lambda < 1, because y is scaled to unit stationary variance.");
  }
  if (!(o.sigma >= 1e-140 && o.sigma <= 1e140)) {
    reject(
      "sigma",
      "expected 1e-140 to 1e140, so that covariances are numbers. It cancels in y: 1 will do.",
    );
  }
  if (!["diagonal", "dense"].includes(o.structure)) {
    reject("structure", `expected "diagonal" or "dense".`);
  }
  if (!["matched", "redrawn"].includes(o.observation)) {
    reject("observation", `expected "matched" or "redrawn".`);
  }
  if (!(o.condition >= 1 && o.condition <= 1e6)) reject("condition", "expected 1 to 1e6.");
  if (o.condition !== 1 && o.structure === "diagonal") {
    reject("condition", `a diagonal system has condition 1; choose structure "dense".`);
  }
  if (o.condition !== 1 && o.latentDim === 1) reject("condition", "a 1x1 basis has condition 1.");
  if (o.observation === "redrawn" && o.structure === "diagonal") {
    reject(
      "observation",
      `only a dense system has a C to match or redraw; choose structure "dense".`,
    );
  }
  return o;
}
