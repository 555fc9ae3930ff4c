/** @file The seasonal naive forecast with what MASE divides by: its mean absolute error within the training rows, channel by channel. */
import type { ReferenceModule } from "../../task.ts";
import type { ForecastingTask } from "../forecasting_task.ts";
import { naiveErrors } from "../scaled_errors.ts";
import * as seasonalNaive from "./seasonal_naive.ts";

/** What a job names. Its details also have `scale`, in standard deviations of each channel, and `season`. */
export const reference: ReferenceModule<ForecastingTask> = {
  async score(task) {
    const { problem } = task;
    const { forecaster, metrics } = seasonalNaive.fit(problem);
    const evaluation = await task.evaluateForecaster(forecaster, metrics);
    const scale = Array.from(naiveErrors(problem));
    const details = { ...evaluation.details as object, scale, season: problem.season };
    return { ...evaluation, details };
  },
};
