/**
 * @file Reduced-rank regression (Izenman 1975): the best map of a given rank. It is least squares followed by a projection of its
 * forecasts on their leading principal components, W_r = W U U' with the leading eigenvectors U of W'GW, and what a linear network
 * with a bottleneck of that width converges to. The rank is chosen on the validation rows.
 */
import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import * as z from "zod";
import { multiply, transpose } from "../../../linalg/matrix.ts";
import { readOptions } from "../../../options.ts";
import type { ReferenceModule } from "../../task.ts";
import type { Fit } from "../forecaster.ts";
import type { ForecastingTask } from "../forecasting_task.ts";
import { linearForecaster } from "../linear_map.ts";
import { centre, trainingLoss, trainingMoments, windowMoments } from "../moments.ts";
import type { Problem } from "../problem.ts";
import { solveLeastSquares, withIntercept } from "./ols.ts";

const schema = () =>
  z.strictObject({
    /** Candidates, of which those up to min(lookback, horizon) count. */
    ranks: z.array(z.number().int().min(1)).min(1),
  });

/** Eigenvectors of a symmetric A [n, n] as columns [n, n], those of the largest eigenvalues first. */
function leadingVectors(A: Float64Array, n: number): Float64Array {
  const rows = Array.from({ length: n }, (_, i) => Array.from(A.subarray(i * n, (i + 1) * n)));
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(new Matrix(rows), {
    assumeSymmetric: true,
  });
  const order = realEigenvalues.map((_, i) => i).sort((a, b) =>
    realEigenvalues[b] - realEigenvalues[a]
  );
  const U = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    order.forEach((column, j) => U[i * n + j] = eigenvectorMatrix.get(i, column));
  }
  return U;
}

/** The first columns of a [rows, columns]. */
function firstColumns(a: Float64Array, rows: number, columns: number, kept: number): Float64Array {
  const out = new Float64Array(rows * kept);
  for (let i = 0; i < rows; i++) {
    out.set(a.subarray(i * columns, i * columns + kept), i * kept);
  }
  return out;
}

/** Fits every rank and keeps the one with the lowest error on the validation rows, the lower of equals. */
export function fit(problem: Problem, { ranks }: { ranks: number[] }): Fit {
  const { channels, split, lookback, horizon } = problem;
  const covariances = centre(trainingMoments(problem));
  const W = solveLeastSquares(covariances);
  // W'GW = W'C up to the ridge; made symmetric, as rounding leaves it.
  const forecasts = multiply(
    transpose(W, lookback, horizon),
    covariances.C,
    horizon,
    lookback,
    horizon,
  );
  for (let i = 0; i < horizon; i++) {
    for (let j = 0; j < i; j++) {
      const mean = (forecasts[i * horizon + j] + forecasts[j * horizon + i]) / 2;
      forecasts[i * horizon + j] = forecasts[j * horizon + i] = mean;
    }
  }
  const U = leadingVectors(forecasts, horizon);
  const validation = windowMoments(
    channels,
    [split.validation[0] - lookback, split.validation[1]],
    lookback,
    horizon,
  );
  const judged = centre(validation);
  const largest = Math.min(lookback, horizon);
  let best: { rank: number; weights: Float64Array } | undefined, lowest = Infinity;
  for (const rank of new Set(ranks.map((rank) => Math.min(rank, largest)))) {
    const kept = firstColumns(U, horizon, horizon, rank);
    const inner = multiply(W, kept, lookback, horizon, rank);
    const weights = multiply(inner, transpose(kept, horizon, rank), lookback, rank, horizon);
    const { intercept } = withIntercept(covariances, weights);
    let bias = 0;
    for (let h = 0; h < horizon; h++) {
      let off = judged.meanY[h] - intercept[h];
      for (let a = 0; a < lookback; a++) off -= weights[a * horizon + h] * judged.meanX[a];
      bias += off * off / horizon;
    }
    const error = trainingLoss(judged, weights) + bias;
    if (error < lowest) [best, lowest] = [{ rank, weights }, error];
  }
  const { rank, weights } = best!;
  return {
    forecaster: linearForecaster(withIntercept(covariances, weights)),
    metrics: { rank, trainingLoss: trainingLoss(covariances, weights) },
  };
}

/** What a job names. Options: `ranks`. */
export const reference: ReferenceModule<ForecastingTask> = {
  score(task, _instance, _data, _protocol, options = {}) {
    const read = readOptions("reduced_rank", schema(), options);
    const { forecaster, metrics } = fit(task.problem, read);
    return task.evaluateForecaster(forecaster, metrics);
  },
};
