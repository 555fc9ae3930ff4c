/**
 * @file What a fitted model can do; the modules of references/ export `fit`.
 */
import type { Problem } from "./problem.ts";

/** yhat[h] = intercept[h] + sum_l weights[l * horizon + h] x[l] + spread[h] s(x). */
export interface LinearMap {
  /** Rows of the window x, oldest first. */
  lookback: number;
  /** Rows of the forecast. */
  horizon: number;
  /** [lookback, horizon], row-major; row `lookback - 1` multiplies the newest value. */
  weights: Float64Array;
  /** [horizon] */
  intercept: Float64Array;
  /** [horizon], multiplies s(x) = sqrt(variance of the window + SPREAD_EPSILON); absent for zero. */
  spread?: Float64Array;
}

/** Forecasts of one standardised channel at consecutive origins. */
export interface Forecaster {
  /** Rows it reads before the origin; may differ from the problem's (repeating needs one). */
  lookback: number;
  /** Rows ahead that one call of `predict` fills for each origin. */
  horizon: number;
  /** Origins of one call of `predict` that cost least apiece; absent where it makes no difference. */
  block?: number;
  /**
   * Fills `out[h * count + i]`, shape [horizon, count], with the forecast of row `first + i + h` made
   * from rows `first + i - lookback` to `first + i - 1` of `channel`.
   */
  predict(
    channel: Float64Array,
    first: number,
    count: number,
    out: Float64Array,
  ): Promise<void> | void;
}

/** A forecaster with what its fit found. */
export interface Fit {
  /** Ready for any channel that is standardised like the training rows. */
  forecaster: Forecaster;
  /** Numbers that the fit determines (training loss, …): the same in every run. */
  metrics: Record<string, number>;
  /** What the forecaster applies to a window, where it is one linear map. */
  map?: LinearMap;
  /** Learned arrays, row-major. */
  tensors?: Record<string, { shape: number[]; data: Float64Array }>;
}

/** A forecaster that is fitted without an engine: a closed form, or nothing to fit. */
export interface ClosedFormForecaster<Options = Record<string, never>> {
  /**
   * Fits on the training rows of a problem.
   * @throws {RangeError} for a problem that the forecaster cannot serve
   */
  fit(problem: Problem, options: Options): Fit;
}
