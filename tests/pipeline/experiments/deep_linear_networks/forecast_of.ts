/** @file Forecasting jobs as people speak of them: a series, its windows, and a forecaster with its options. */
import type { Graph } from "../../../../pipeline/graph.ts";

// deno-lint-ignore no-explicit-any -- parameters of any stage
type Any = any;

export interface Forecast {
  dataset: string;
  lookback: number;
  horizon: number;
  /** File of a reference, or "deep_linear". */
  model: string;
  options: { depth?: number };
  [field: string]: unknown;
}

/** What a job of the stages `reference` and `evaluate` scores. */
export function forecastOf({ params }: Pick<Graph["jobs"][number], "params">): Forecast {
  const { task, reference, model } = params as Any;
  const { name, options = {} } = reference ?? model;
  return { ...task.options, model: name, options };
}
