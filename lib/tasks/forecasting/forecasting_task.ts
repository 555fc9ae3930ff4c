/** @file The forecasting task as its references know it. */
import type { Model } from "../../models/model.ts";
import type { Evaluation, Runner, Task } from "../task.ts";
import type { Fit, Forecaster } from "./forecaster.ts";
import type { Problem } from "./problem.ts";

/** What is trained on. */
export interface Training {
  /** `windows`: drawn at random. `gram`: all of them by their covariances, for models that are one matrix. */
  readonly loss: "windows" | "gram";
  /**
   * Of `gram`, `dct`: the model reads the orthonormal DCT-II of the window; `window`: the window itself. The DCT is a rotation:
   * gradient flow and every reachable map are the same. Adam scales coordinates, and so depends on the basis:
   * frequencies of a window are nearly uncorrelated, its rows are not, and depth 10 needs several times fewer steps.
   */
  readonly basis: "dct" | "window";
}

/** Forecasting of one series: what references need to know of it beyond the contract. */
export interface ForecastingTask extends Task<Model> {
  /** The series, split and standardised. */
  readonly problem: Problem;
  /** Test scores of a forecaster as an evaluation. @param fit numbers that its fit determined. */
  evaluateForecaster(forecaster: Forecaster, fit: Record<string, number>): Promise<Evaluation>;
  /** A trained model as a forecaster: by its matrix where it is one, with the best intercept, otherwise window by window. */
  fitOf(runner: Runner): Fit;
}
