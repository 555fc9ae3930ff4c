/**
 * @file How far a predictor is from the Kalman filter.
 *
 * Whatever sees the same past errs by E|y - yhat|^2 = E|y - y_KF|^2 + E|yhat - y_KF|^2 (the
 * innovation is orthogonal to the past), and the first term is known exactly. So the ratio is not
 * estimated from y at all:
 *
 *     ratio     = 1 + mean_i mean_b |yhat - y_KF|^2 / (obs v_i)   never below 1, little noise
 *     rawRatio  =     mean_i mean_b |yhat - y|^2    / (obs v_i)   the check
 *     zero      =     mean_i E|y|^2                 / (obs v_i)   exact, of predicting zero
 *     gapClosed = (zero - ratio) / (zero - 1)                     0: zero, 1: the Kalman filter
 *
 * Of the cross term 2 (y - y_KF)(yhat - y_KF), the difference between these two and the filter's own loss, the mean is 0 for whatever
 * has seen the past alone: `leak` tests that (lib/analysis/leak_test.ts).
 *
 * i runs over the (context, horizon) pairs, each divided by its own exact Kalman variance v_i
 * before the mean, so that early tokens and far horizons weigh the same as the others.
 */
import type { NumericTensor } from "../tensor/tensor.ts";
import { forecast } from "./filter.ts";
import { type Forecasts, forecastVariance, type Kalman, zeroVariance } from "./kalman.ts";

/** A predictor against the Kalman filter, as ratios of squared errors; the formulas stand at the top of this file. */
export interface Score {
  /** Loss over the Kalman filter's, by orthogonality: >= 1. */
  ratio: number;
  /** Standard error of `ratio` over sequences; NaN for one sequence. */
  ratioError: number;
  /** Measured loss over the Kalman filter's. */
  rawRatio: number;
  /** Standard error of `rawRatio` over sequences. */
  rawRatioError: number;
  /**
   * (rawRatio - ratio) in standard errors of the difference over sequences: beyond +-3.29 in 0.1 %
   * of honest runs.
   */
  discrepancy: number;
  /**
   * Mean of the cross term 2 e (yhat - y_KF), e = y - y_KF, in its standard errors over sequences; far above 0 where the predictor has
   * seen what it predicts. 0 for the filter itself, NaN for one sequence.
   */
  leak: number;
  /** The exact ratio of predicting zero. */
  zero: number;
  /** The same as measured on these sequences. */
  rawZero: number;
  /**
   * Share of the gap from zero to Kalman that is closed; NaN where the gap is below 1e-9, that is,
   * nothing to learn.
   */
  gapClosed: number;
  /** Number of sequences. */
  sequences: number;
}

/**
 * Scores predictions [batch, contexts, horizons, obs] of y_{c+h} from y_1..y_c against y [batch, T,
 * obs], T >= the largest c + h. `overall` is the mean over all contexts and horizons, `byHorizon`
 * over contexts.
 * @throws RangeError for shapes that do not fit and for predictions that are not finite.
 */
export function score(
  filter: Kalman,
  y: NumericTensor,
  prediction: NumericTensor,
  forecasts: Forecasts,
): { overall: Score; byHorizon: Score[] } {
  const { contexts, horizons } = forecasts;
  const optimal = forecast(filter, y, forecasts);
  const [batch, length, obs] = y.shape;
  const needed = Math.max(...contexts) + Math.max(...horizons);
  if (needed > length) {
    throw new RangeError(
      `score: the forecasts reach y_${needed}, but the sequences have ${length} tokens.`,
    );
  }
  if (
    prediction.shape.join() !== optimal.shape.join() ||
    prediction.data.length !== optimal.data.length
  ) {
    throw new RangeError(
      `score: predictions of shape [${prediction.shape}]: expected ` +
        `[batch, contexts, horizons, obs] = [${optimal.shape}].`,
    );
  }
  const variance = forecastVariance(filter, forecasts);
  const weights = variance.map((v) => 1 / (v * obs * contexts.length));
  // [batch, horizons]: means over contexts and channels.
  const excess = new Float64Array(batch * horizons.length);
  const raw = excess.slice();
  const cross = excess.slice();
  const nothing = excess.slice();
  for (let b = 0; b < batch; b++) { // outermost: reads y and the predictions in the order of memory
    for (let cell = 0; cell < weights.length; cell++) {
      const h = cell % horizons.length;
      const target = contexts[(cell - h) / horizons.length] + horizons[h]; // y_{c+h}
      const token = (b * length + target - 1) * obs;
      const at = (b * weights.length + cell) * obs;
      const i = b * horizons.length + h;
      for (let j = 0; j < obs; j++) {
        excess[i] += weights[cell] * (prediction.data[at + j] - optimal.data[at + j]) ** 2;
        raw[i] += weights[cell] * (prediction.data[at + j] - y.data[token + j]) ** 2;
        const innovation = y.data[token + j] - optimal.data[at + j];
        cross[i] += 2 * weights[cell] * innovation *
          (prediction.data[at + j] - optimal.data[at + j]);
        nothing[i] += weights[cell] * y.data[token + j] ** 2;
      }
    }
  }
  const bad = excess.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    throw new RangeError(
      `score: a prediction for sequence ${Math.floor(bad / horizons.length)}, horizon ` +
        `${horizons[bad % horizons.length]} is not finite: the model has diverged.`,
    );
  }
  const zero = new Float64Array(horizons.length);
  zeroVariance(filter, forecasts).forEach((loss, cell) => {
    zero[cell % horizons.length] += loss / variance[cell] / contexts.length;
  });
  const summary = (chosen: number[]) => {
    const perSequence = (values: Float64Array) =>
      Array.from(
        { length: batch },
        (_, b) => mean(chosen.map((h) => values[b * horizons.length + h])),
      );
    return summarise(
      perSequence(excess),
      perSequence(raw),
      perSequence(cross),
      perSequence(nothing),
      mean(chosen.map((h) => zero[h])),
    );
  };
  return {
    overall: summary(horizons.map((_, h) => h)),
    byHorizon: horizons.map((_, h) => summary([h])),
  };
}

/**
 * A score from each sequence's normalised errors (against the filter, against y), cross terms, errors of zero, and the exact zero.
 */
function summarise(
  excess: number[],
  raw: number[],
  cross: number[],
  nothing: number[],
  zero: number,
): Score {
  const ratio = 1 + mean(excess);
  const rawRatio = mean(raw);
  return {
    ratio,
    ratioError: standardError(excess),
    rawRatio,
    rawRatioError: standardError(raw),
    discrepancy: (rawRatio - ratio) / standardError(raw.map((value, b) => value - excess[b])),
    leak: cross.every((value) => value === 0) ? 0 : mean(cross) / standardError(cross),
    zero,
    rawZero: mean(nothing),
    gapClosed: zero - 1 > 1e-9 ? (zero - ratio) / (zero - 1) : NaN,
    sequences: raw.length,
  };
}

function mean(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Standard error of the mean of independent values; NaN for one. */
function standardError(values: number[]): number {
  const centre = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1) / values.length);
}
