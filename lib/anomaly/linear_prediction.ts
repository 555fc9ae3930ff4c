/**
 * @file A linear detector whose every score can be traced: the surprise is the error of the least-squares prediction of a row from the
 * rows before it, in standard deviations of such errors. It is the windowed Gaussian with a linear map in place of the mean.
 *
 *   e_t = x_t - b - sum_l w_l x_{t-l},  score = |e_t| / (|e_t| + s),  l = 1 .. lags
 *
 * The score is no probability: 1 minus a tail is 1 exactly from about eight deviations on, where detectors are to be told apart.
 *
 * @example Which row does not go on as those before it, and what makes it so?
 * ```ts
 * import assert from "node:assert/strict";
 * import { explain, linearPrediction, standardPrediction } from "./linear_prediction.ts";
 *
 * const values = Float64Array.from({ length: 400 }, (_, t) => Math.sin(t / 5) + 0.01 * Math.sin(t * t));
 * values[300] += 0.5; // no large value, but a strange one
 * const scores = linearPrediction(standardPrediction).score(values);
 * assert.equal(scores.indexOf(Math.max(...scores)), 300);
 * const { error, parts } = explain(values, 300, standardPrediction);
 * assert.ok(Math.abs(parts.reduce((sum, part) => sum + part, 0) - error) < 1e-9); // every row's share of the alarm
 * ```
 */
import { centre, trainingLoss, windowMoments } from "../tasks/forecasting/moments.ts";
import { solveLeastSquares, withIntercept } from "../tasks/forecasting/references/ols.ts";
import { isConstant, standardise } from "../tasks/forecasting/standardise.ts";
import type { Detector } from "./detector.ts";
import { leastDeviation, windowRows, windowStep } from "./windowed_gaussian.ts";

/** How the predictor is fitted. */
export interface LinearPrediction {
  /** Rows that it looks back on. */
  readonly lags: number;
  /** Rows that it is fitted to, the latest. */
  readonly window: number;
  /** Rows between two fits. */
  readonly every: number;
}

/** The window and the step of the windowed Gaussian, so that the two differ by the map alone. */
export const standardPrediction: LinearPrediction = {
  ...{ lags: 24, window: windowRows, every: windowStep },
};

/** The predictor in force at a row. */
interface Fitted {
  /** Of x_{t-1}, x_{t-2}, ...: [lags]. */
  weights: Float64Array;
  intercept: number;
  /** Standard deviation of the errors over the rows of the fit. */
  deviation: number;
}

/** A score and what it consists of. */
export interface Explanation {
  /** As of the detector. */
  score: number;
  /** x_t minus its prediction, in the units of the series; the sum of `parts`. */
  error: number;
  /** s, in the units of the series. */
  deviation: number;
  /** x_t, -b, and -w_l x_{t-l} for l = 1 .. lags: [2 + lags]. */
  parts: Float64Array;
}

/** Rows before the first fit: with fewer windows than twice the weights least squares would remember them. */
const fewest = ({ lags }: LinearPrediction) => 3 * lags + 3;

/** The detector. Rows before the first fit have score 0. */
export function linearPrediction(options: LinearPrediction): Detector {
  return {
    score(values) {
      const scores = new Float64Array(values.length);
      for (let from = fewest(options); from < values.length; from += options.every) {
        const fitted = fitBefore(values, from, options);
        const to = Math.min(values.length, from + options.every);
        for (let t = from; t < to; t++) scores[t] = scoreOf(errorAt(values, t, fitted), fitted);
      }
      return scores;
    },
  };
}

/**
 * What the score of one row consists of.
 * @throws {RangeError} for a row that has no score
 */
export function explain(values: Float64Array, row: number, options: LinearPrediction): Explanation {
  const first = fewest(options);
  if (!Number.isInteger(row) || row < first || row >= values.length) {
    throw new RangeError(
      `explain: row ${row} of ${values.length} has no score; expected ${first} to ${
        values.length - 1
      }.`,
    );
  }
  const fitted = fitBefore(values, row - (row - first) % options.every, options);
  const parts = Float64Array.of(values[row], -fitted.intercept, ...fitted.weights);
  for (let l = 1; l <= options.lags; l++) parts[1 + l] *= -values[row - l];
  const error = errorAt(values, row, fitted);
  return { score: scoreOf(error, fitted), error, deviation: fitted.deviation, parts };
}

function errorAt(values: Float64Array, t: number, { weights, intercept }: Fitted): number {
  let error = values[t] - intercept;
  for (let l = 1; l <= weights.length; l++) error -= weights[l - 1] * values[t - l];
  return error;
}

function scoreOf(error: number, { deviation }: Fitted): number {
  const size = Math.abs(error);
  return size === 0 ? 0 : size / (size + deviation);
}

/** Least squares on the rows before `end`. */
function fitBefore(values: Float64Array, end: number, { lags, window }: LinearPrediction): Fitted {
  const rows = values.subarray(Math.max(0, end - window), end);
  // As far as rounding goes a constant predicts itself.
  if (isConstant(rows)) {
    return { weights: new Float64Array(lags), intercept: rows[0], deviation: leastDeviation };
  }
  const { mean, deviation, standardised } = standardise(rows, [0, rows.length]);
  const covariances = centre(windowMoments([standardised], [0, rows.length], lags, 1));
  const oldestFirst = solveLeastSquares(covariances);
  const map = withIntercept(covariances, oldestFirst);
  const weights = oldestFirst.slice().reverse();
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return {
    weights,
    intercept: mean + deviation * map.intercept[0] - total * mean,
    // A series that is predicted exactly leaves rounding errors.
    deviation: deviation * Math.sqrt(Math.max(1e-12, trainingLoss(covariances, oldestFirst))),
  };
}
