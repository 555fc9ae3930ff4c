/**
 * @file One dataset, one lookback, one horizon, one model: the metrics. The unit of work of every
 * forecasting experiment and of `deno task forecast`.
 */
import type { Fit, ForecastModel } from "./forecaster.ts";
import { score, type Scores } from "./metrics.ts";
import type { Problem } from "./problem.ts";

export interface Evaluation {
  test: Scores;
  /** For choosing between models: the test rows must not. Absent when too few rows precede it. */
  validation?: Scores;
  fit: Fit;
  /** Seconds that fitting and scoring took: observations, not results. */
  observations: { fitSeconds: number; scoreSeconds: number } & Record<string, number>;
}

/** Fits a model on the training rows and scores it on every window of validation and test. */
export async function evaluate<Options>(
  problem: Problem,
  model: ForecastModel<Options>,
  options: Options,
): Promise<Evaluation> {
  const start = performance.now();
  const fit = await model.fit(problem, options);
  const fitted = performance.now();
  const { split } = problem;
  const test = score(problem, fit.forecaster, split.test);
  const validation = split.validation[0] >= fit.forecaster.lookback
    ? score(problem, fit.forecaster, split.validation)
    : undefined;
  const fitSeconds = (fitted - start) / 1000;
  const scoreSeconds = (performance.now() - fitted) / 1000;
  return { test, validation, fit, observations: { ...fit.observations, fitSeconds, scoreSeconds } };
}
