/**
 * @file The Kalman filter without observation noise (R = 0): everything that does not depend on the
 * data, hence exact. Written in modal coordinates z = M^-1 x (D for A, H for C, V for sigma^2 I),
 * where a step costs O(n^2 obs):
 *
 *     S_t     = H P_t H'                          K_t     = P_t H' S_t^-1
 *     P_{t|t} = (I - K_t H) P_t (I - K_t H)'      P_{t+1} = D P_{t|t} D' + V
 *
 * from P_1 = V (x_0 = 0 is known). The covariance update is Joseph's form, which keeps P positive
 * semidefinite under rounding; R = 0 makes P_{t|t} singular, so this matters.
 */
import { cholesky, choleskySolveRows } from "../linalg/cholesky.ts";
import { type Matrix, multiply, multiplyTransposed, symmetrise, trace } from "../linalg/matrix.ts";
import { advanceRows, conjugate } from "./modes.ts";
import type { System } from "./system.ts";

/** Covariances and gains for tokens y_1 .. y_T; array index t - 1 belongs to y_t. */
export interface Kalman {
  /** The system that produces the sequences. */
  readonly system: System;
  /** T. */
  readonly length: number;
  /** S_t, covariance of y_t given y_1..y_{t-1} (the innovation), T of [obs, obs]. */
  readonly S: Matrix[];
  /** Gains K_t, T of [n, obs], modal. */
  readonly K: Matrix[];
  /** P_{c+1} given y_1..y_c by context c = 0..T (one more than S), each [n, n], modal. */
  readonly P: Matrix[];
}

/** The filter of `system` for sequences of up to `length` tokens. */
export function kalman(system: System, length: number): Kalman {
  if (!Number.isInteger(length) || length < 1) {
    throw new RangeError(`kalman: length = ${length}: expected an integer of at least 1.`);
  }
  const S: Matrix[] = [];
  const K: Matrix[] = [];
  const P: Matrix[] = [system.V];
  for (let t = 1; t <= length; t++) {
    const step = riccati(system, P[t - 1]);
    S.push(step.S);
    K.push(step.K);
    P.push(step.next);
  }
  return { system, length, S, K, P };
}

/**
 * Expected one-step loss of the filter, tr(S_t) / obs for t = 1..T: the least mean squared error
 * there is.
 */
export function expectedLoss({ system, S }: Kalman): Float64Array {
  return Float64Array.from(S, (St) => trace(St, system.obsDim) / system.obsDim);
}

/**
 * The limit of the filter as t grows: P = D (P - P H'(H P H')^-1 H P) D' + V, by iterating the
 * filter's own step from P_1 (doubling forms need R^-1). `steps` is how many it took.
 * @throws Error if P has not settled after `limit` steps.
 */
export function steadyState(
  system: System,
  limit = 100_000,
): { P: Matrix; S: Matrix; K: Matrix; loss: number; steps: number } {
  let P = system.V;
  for (let steps = 1; steps <= limit; steps++) {
    const { S, K, next } = riccati(system, P);
    let change = 0;
    let largest = 0;
    for (let i = 0; i < P.length; i++) {
      change = Math.max(change, Math.abs(next[i] - P[i]));
      largest = Math.max(largest, Math.abs(next[i]));
    }
    P = next;
    if (change <= 1e-14 * largest) {
      return { P, S, K, loss: trace(S, system.obsDim) / system.obsDim, steps };
    }
  }
  throw new Error(
    `The Kalman filter has not settled after ${limit} steps (lambda ${system.lambda}, condition ` +
      `${system.condition}): a mode is almost unobservable. Use kalman(system, T) instead.`,
  );
}

/** Which forecasts: of y_{c+h} given y_1..y_c, for every context c and horizon h. */
export interface Forecasts {
  /** c, observations that the forecaster has seen, 0 to T. */
  readonly contexts: readonly number[];
  /** h >= 1, observations ahead of the last one seen. */
  readonly horizons: readonly number[];
}

/**
 * The next observation from every past, y_2..y_T: contexts 1..T-1. y_1 has no past and is not
 * scored.
 */
export function oneStep(length: number): Forecasts {
  if (!Number.isInteger(length) || length < 2) {
    throw new RangeError(`oneStep: length = ${length}: expected an integer of at least 2.`);
  }
  return { contexts: Array.from({ length: length - 1 }, (_, i) => i + 1), horizons: [1] };
}

/**
 * The next patch of `patch` tokens from every patch boundary that has one after it: horizons
 * 1..patch.
 */
export function nextPatch(length: number, patch: number): Forecasts {
  if (!Number.isInteger(patch) || patch < 1 || 2 * patch > length) {
    throw new RangeError(
      `nextPatch: patch = ${patch}: expected an integer from 1 to half the length ${length}, ` +
        "so that one patch can predict another.",
    );
  }
  const boundaries = Math.floor(length / patch) - 1;
  return {
    contexts: Array.from({ length: boundaries }, (_, k) => (k + 1) * patch),
    horizons: Array.from({ length: patch }, (_, j) => j + 1),
  };
}

/**
 * Covariance of y_{c+h} given y_1..y_c, [obs, obs] for each context (outer) and horizon (inner):
 * H P_{c+h|c} H' with P_{c+h|c} = D P_{c+h-1|c} D' + V, unrolled to G P_{c+1} G' + N where
 * G = H D^{h-1} and N gathers the noise that enters after y_{c+1}.
 */
export function predictiveCovariance(filter: Kalman, forecasts: Forecasts): Matrix[][] {
  const { latentDim: n, obsDim: obs, modes, H, V } = filter.system;
  checkForecasts(filter, forecasts);
  const largest = Math.max(...forecasts.horizons);
  const G: Matrix[] = [H.slice()]; // G[h - 1] = H D^{h-1}
  const N: Matrix[] = [new Float64Array(obs * obs)]; // noise that enters after y_{c+1}
  for (let h = 1; h < largest; h++) {
    const entering = congruence(G[h - 1], V, obs, n);
    N.push(N[h - 1].map((sum, i) => sum + entering[i]));
    G.push(G[h - 1].slice());
    advanceRows(modes, G[h]);
  }
  return forecasts.contexts.map((context) =>
    forecasts.horizons.map((horizon) => {
      const known = congruence(G[horizon - 1], filter.P[context], obs, n);
      return known.map((covariance, i) => covariance + N[horizon - 1][i]);
    })
  );
}

/**
 * The filter's expected loss tr(Cov)/obs of each forecast, [contexts, horizons]: what a loss is
 * divided by.
 */
export function forecastVariance(filter: Kalman, forecasts: Forecasts): Float64Array {
  const obs = filter.system.obsDim;
  return Float64Array.from(
    predictiveCovariance(filter, forecasts).flat(),
    (covariance) => trace(covariance, obs) / obs,
  );
}

/**
 * The expected loss E|y_{c+h}|^2 / obs of predicting zero, [contexts, horizons]: a filter that has
 * seen nothing.
 */
export function zeroVariance(filter: Kalman, { contexts, horizons }: Forecasts): Float64Array {
  const last = Math.max(...contexts) + Math.max(...horizons);
  const variance = forecastVariance(filter, {
    contexts: [0],
    horizons: Array.from({ length: last }, (_, i) => i + 1),
  });
  return Float64Array.from(
    contexts.flatMap((context) => horizons.map((horizon) => variance[context + horizon - 1])),
  );
}

/**
 * Checks that a filter reaches what is to be forecast.
 * @throws RangeError for a context beyond 0..T, a horizon below 1, or none of either.
 */
export function checkForecasts({ length }: Kalman, { contexts, horizons }: Forecasts): void {
  if (contexts.length === 0 || horizons.length === 0) {
    throw new RangeError("Forecasts: expected at least one context and one horizon.");
  }
  for (const context of contexts) {
    if (!Number.isInteger(context) || context < 0 || context > length) {
      throw new RangeError(
        `Forecasts: context ${context}: expected an integer from 0 to the filter's ${length}.`,
      );
    }
  }
  for (const horizon of horizons) {
    if (!Number.isInteger(horizon) || horizon < 1) {
      throw new RangeError(`Forecasts: horizon ${horizon}: expected an integer of at least 1.`);
    }
  }
}

function riccati({ latentDim: n, obsDim: obs, modes, H, V }: System, P: Matrix) {
  const HP = multiply(H, P, obs, n, n);
  const S = multiplyTransposed(HP, H, obs, n, obs);
  symmetrise(S, obs);
  const U = multiplyTransposed(P, H, n, n, obs);
  const K = choleskySolveRows(innovationFactor(S, obs), U, n, obs); // K S = P H', solved
  const next = P.slice();
  subtract(next, multiply(K, HP, n, obs, n)); // (I - K H) P
  const right = multiplyTransposed(next, H, n, n, obs);
  subtract(next, multiplyTransposed(right, K, n, obs, n)); // ... (I - K H)'
  conjugate(modes, next);
  for (let i = 0; i < next.length; i++) next[i] += V[i];
  symmetrise(next, n);
  return { S, K, next };
}

function innovationFactor(S: Matrix, obs: number): Matrix {
  try {
    return cholesky(S, obs);
  } catch (cause) {
    throw new Error(
      "The innovation covariance S_t is singular: the rows of C are dependent in float64. " +
        "Use fewer observations or another key.",
      { cause },
    );
  }
}

/** G P G' [obs, obs], of G [obs, n] and P [n, n]. */
function congruence(G: Matrix, P: Matrix, obs: number, n: number): Matrix {
  return multiplyTransposed(multiply(G, P, obs, n, n), G, obs, n, obs);
}

function subtract(a: Matrix, b: Matrix): void {
  for (let i = 0; i < a.length; i++) a[i] -= b[i];
}
