/** @file Forecasters without training as references of the task. */
import type { ReferenceModule } from "../../task.ts";
import type { ClosedFormForecaster } from "../forecaster.ts";
import type { ForecastingTask } from "../forecasting_task.ts";

/** Fits on the training rows, and scores like a trained model. */
export function referenceOf<Options>(
  { fit }: ClosedFormForecaster<Options>,
): ReferenceModule<ForecastingTask> {
  return {
    score(task, _instance, _data, _protocol, options = {}) {
      const { forecaster, metrics } = fit(task.problem, options as Options);
      return task.evaluateForecaster(forecaster, metrics);
    },
  };
}
