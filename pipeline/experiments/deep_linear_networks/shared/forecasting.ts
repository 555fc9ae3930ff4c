/** @file The jobs of the forecasting experiments: one series, its windows, and the forecasters of each. */
import datasets from "../../../../data/datasets.json" with { type: "json" };
import type { GraphBuilder, JobRef, TaggedJob } from "../../../graph.ts";

type Entry = typeof datasets[number] & {
  path?: string;
  split?: string;
  season?: number;
  [field: string]: unknown;
};
const readFields = ["date", "columns", "ignore", "missing", "order", "duplicates"];

export interface Windows {
  /** Id of an entry of data/datasets.json. */
  dataset: string;
  lookback: number;
  horizon: number;
  /** Of the deep linear networks. */
  depths: number[];
  /** Training steps of each. */
  steps: number;
}

/** Values of the tag `model` that are no networks: file in lib/tasks/forecasting/references. */
export const closedForms = {
  "repeat-last": "repeat_last",
  "seasonal-naive": "seasonal_naive",
  "ols": "ols",
  "ols-in": "ols_in",
};

/**
 * Both naive forecasts, least squares with and without instance normalisation, and deep linear networks.
 * @returns with the tags dataset, lookback, horizon, model; networks are "deep-linear" and have a `depth`
 */
export function forecastRuns(g: GraphBuilder, windows: Windows): TaggedJob[] {
  const { dataset, lookback, horizon, depths, steps } = windows;
  const entry = (datasets as Entry[]).find(({ id }) => id === dataset)!;
  const { split = "70/10/20", season, drop_constant: dropConstant = false } = entry;
  // A local file may change under its name, so its bytes are part of the key.
  const local: Record<string, JobRef> = entry.path ? { file: g.file(`data/${entry.path}`) } : {};
  const data = g.job("download", { entry }, local, { dataset, result: "download" });
  const read = Object.fromEntries(readFields.flatMap((f) => f in entry ? [[f, entry[f]]] : []));
  const series = { dataset, read, split, season, dropConstant, lookback, horizon };
  const run = (own: Record<string, string | number>, model: string, options: object = {}) => {
    const tags = { dataset, lookback, horizon, ...own };
    return { tags, job: g.job("forecast", { ...series, model, options }, { data }, tags) };
  };
  return [
    ...Object.entries(closedForms).map(([model, file]) => run({ model }, file)),
    ...depths.map((depth) =>
      run({ model: "deep-linear", depth }, "deep_linear", { depth, steps, tolerance: 1e-4 })
    ),
  ];
}
