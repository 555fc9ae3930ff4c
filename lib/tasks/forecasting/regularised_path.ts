/** @file Closed-form maps of a window along a path of regularisation, and the choice among them on the validation rows. */
import { EigenvalueDecomposition, Matrix as Dense } from "ml-matrix";
import { multiply, transpose } from "../../linalg/matrix.ts";
import type { Fit } from "./forecaster.ts";
import { linearForecaster } from "./linear_map.ts";
import { centre, type Covariances, trainingLoss, trainingMoments } from "./moments.ts";
import type { Problem } from "./problem.ts";
import { solveLeastSquares, withIntercept } from "./references/ols.ts";
import { validationError } from "./validation_error.ts";

/** A map of a path. */
export interface PathPoint {
  /** What the path is parametrised by: a ridge, a rank. */
  strength: number;
  /** [lookback, horizon] of the window about its mean. */
  weights: Float64Array;
}

/** Eigenvalues, descending, and eigenvectors in columns [n, n], of a symmetric A [n, n]. */
export function symmetricEigen(
  A: Float64Array,
  n: number,
): { values: Float64Array; vectors: Float64Array } {
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(
    Dense.from1DArray(n, n, A),
    { assumeSymmetric: true },
  );
  const values = new Float64Array(n), vectors = new Float64Array(n * n);
  // ml-matrix sorts ascending.
  for (let k = 0; k < n; k++) {
    values[k] = realEigenvalues[n - 1 - k];
    for (let i = 0; i < n; i++) vectors[i * n + k] = eigenvectorMatrix.get(i, n - 1 - k);
  }
  return { values, vectors };
}

/** Ridges tried, as shares of the mean eigenvalue of the windows' covariance: a third of a decade apart. */
const ridges = Array.from({ length: 31 }, (_, k) => 10 ** (-8 + k / 3));

/** (G + ridge I)^-1 C for every ridge, from one decomposition; `strength` is the ridge over the mean eigenvalue of G. */
export function* ridgePath({ G, C, lookback, horizon }: Covariances): Generator<PathPoint> {
  const { values, vectors } = symmetricEigen(G, lookback);
  const mean = values.reduce((sum, value) => sum + value, 0) / lookback;
  const rotated = multiply(transpose(vectors, lookback, lookback), C, lookback, lookback, horizon);
  for (const strength of ridges) {
    const shrunk = rotated.map((value, k) =>
      value / (Math.max(0, values[Math.floor(k / horizon)]) + strength * mean)
    );
    yield { strength, weights: multiply(vectors, shrunk, lookback, lookback, horizon) };
  }
}

/**
 * Reduced-rank regression (Izenman 1975): X_r = X V V' with X the least-squares map and V the first r eigenvectors of X' G X, which
 * is the best of all maps of rank r on the training windows. `strength` is the rank, from 1 to min(lookback, horizon).
 */
export function* rankPath(covariances: Covariances): Generator<PathPoint> {
  const { G, lookback, horizon } = covariances;
  const X = solveLeastSquares(covariances);
  const GX = multiply(G, X, lookback, lookback, horizon);
  const { vectors } = symmetricEigen(
    multiply(transpose(X, lookback, horizon), GX, horizon, lookback, horizon),
    horizon,
  );
  const XV = multiply(X, vectors, lookback, horizon, horizon);
  let weights = new Float64Array(lookback * horizon);
  for (let r = 0; r < Math.min(lookback, horizon); r++) {
    weights = weights.slice();
    for (let a = 0; a < lookback; a++) {
      const factor = XV[a * horizon + r];
      for (let h = 0; h < horizon; h++) {
        weights[a * horizon + h] += factor * vectors[h * horizon + r];
      }
    }
    yield { strength: r + 1, weights };
  }
}

/**
 * Fits on the training rows, and chooses on the validation rows.
 * @returns with the metrics `strength`, `validation`, `trainingLoss`, and `edge`: 1 where the choice is the first or the last of its path
 */
export function fitOnValidation(
  problem: Problem,
  path: (covariances: Covariances) => Iterable<PathPoint>,
): Fit {
  const covariances = centre(trainingMoments(problem));
  const error = validationError(problem, covariances);
  let best: PathPoint & { validation: number; index: number } | undefined;
  let count = 0;
  for (const point of path(covariances)) {
    const validation = error(point.weights);
    if (!best || validation < best.validation) best = { ...point, validation, index: count };
    count++;
  }
  const { strength, weights, validation, index } = best!;
  return {
    forecaster: linearForecaster(withIntercept(covariances, weights)),
    metrics: {
      ...{ strength, validation, trainingLoss: trainingLoss(covariances, weights) },
      edge: index === 0 || index === count - 1 ? 1 : 0,
    },
  };
}
