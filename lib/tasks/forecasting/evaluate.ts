/**
 * @file One dataset, one lookback, one horizon, one forecaster: the metrics. The unit of work of every forecasting
 * experiment and of `deno task forecast`.
 */
import type { Forecaster } from "./forecaster.ts";
import { score, type Scores } from "./metrics.ts";
import type { Problem } from "./problem.ts";

/** Errors of one forecaster on standardised values. */
export interface TestedForecaster {
  /** Over all windows whose targets are test rows. */
  test: Scores;
  /** For choosing between models: the test rows must not. Absent when too few rows precede it. */
  validation?: Scores;
}

/** Scores a forecaster on every window of validation and test. */
export async function evaluate(
  problem: Problem,
  forecaster: Forecaster,
): Promise<TestedForecaster> {
  const { split } = problem;
  const test = await score(problem, forecaster, split.test);
  const validation = split.validation[0] >= forecaster.lookback
    ? await score(problem, forecaster, split.validation)
    : undefined;
  return { test, validation };
}
