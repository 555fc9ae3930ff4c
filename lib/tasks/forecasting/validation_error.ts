/**
 * @file Validation error of a linear map without a pass over the windows, so that thousands of maps along a path of regularisation can
 * be compared: the squared error of all windows is quadratic in the map, and their moments are enough.
 */
import type { Covariances } from "./moments.ts";
import { windowMoments } from "./moments.ts";
import type { Problem } from "./problem.ts";

/** Mean squared error over all validation windows of weights [lookback, horizon] with the intercept of the training windows. */
export type ValidationError = (weights: Float64Array) => number;

/**
 * The validation error of maps fitted on the training rows.
 *
 *   sum |y - W'x - b|^2 = energy - 2 tr(W'C) + tr(W'GW) - 2 b'(sum y - W' sum x) + n |b|^2,   b = mean(y) - W' mean(x)
 *
 * with means of the training and sums of the validation windows.
 * @throws {RangeError} when fewer rows than a lookback precede the validation rows
 */
export function validationError(
  { channels, split: { validation: [from, to] } }: Pick<Problem, "channels" | "split">,
  { lookback, horizon, meanX, meanY }: Covariances,
): ValidationError {
  if (from < lookback) {
    throw new RangeError(
      `${from} rows precede the validation rows; a lookback of ${lookback} needs as many. Choose a shorter one.`,
    );
  }
  const { G, C, energy, count, sumX, sumY } = windowMoments(
    channels,
    [from - lookback, to],
    lookback,
    horizon,
  );
  return (weights) => {
    let total = energy;
    const intercept = meanY.slice(), sumOfResiduals = sumY.slice(), GW = new Float64Array(horizon);
    for (let a = 0; a < lookback; a++) {
      GW.fill(0);
      for (let b = 0; b < lookback; b++) {
        const g = G[a * lookback + b];
        for (let h = 0; h < horizon; h++) GW[h] += g * weights[b * horizon + h];
      }
      for (let h = 0; h < horizon; h++) {
        const w = weights[a * horizon + h];
        total += w * (GW[h] - 2 * C[a * horizon + h]);
        intercept[h] -= w * meanX[a];
        sumOfResiduals[h] -= w * sumX[a];
      }
    }
    for (let h = 0; h < horizon; h++) {
      total += intercept[h] * (count * intercept[h] - 2 * sumOfResiduals[h]);
    }
    return total / (count * horizon);
  };
}
