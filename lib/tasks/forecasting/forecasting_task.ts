/** @file What its references know of the task of forecasting. */
import type { Model } from "../../models/model.ts";
import type { Evaluation, Runner, Task } from "../task.ts";
import type { Fit, Forecaster } from "./forecaster.ts";
import type { Problem } from "./problem.ts";

export interface ForecastingTask extends Task<Model> {
  readonly problem: Problem;
  /** Test scores of a forecaster as an evaluation. @param fit numbers that its fit determined. */
  evaluateForecaster(forecaster: Forecaster, fit: Record<string, number>): Promise<Evaluation>;
  /** A trained model as a forecaster: by its matrix where it is one, with the best intercept, otherwise window by window. */
  fitOf(runner: Runner): Fit;
}
