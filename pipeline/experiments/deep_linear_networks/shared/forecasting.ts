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
  const optional = season === undefined ? {} : { season };
  const series = { dataset, read, split, dropConstant, lookback, horizon, ...optional };
  const common = { dataset, lookback, horizon };
  const references = Object.entries(closedForms).map(([model, name]): TaggedJob => {
    const tags = { ...common, model };
    const params = { task: { name: "forecasting", options: series }, reference: { name } };
    return { tags, job: g.job("reference", params, { data }, tags) };
  });
  const task = { name: "forecasting", options: { ...series, loss: "gram", basis: "dct" } };
  const networks = depths.map((depth): TaggedJob => {
    const tags = { ...common, model: "deep-linear", depth };
    const parts = { task, model: { name: "deep_linear", options: { depth } } };
    const training = {
      ...{ seeds: [{ instance: 0, initialisation: 0, data: 0 }], steps, tolerance: 1e-4 },
      ...{ learningRate: learningRate(Math.min(lookback, horizon), depth), warmup: 100, floor: 0 },
      ...{ weightDecay: 0, clipNorm: null },
    };
    const trained = g.job("train", { ...parts, ...training }, { data }, {
      ...tags,
      result: "training",
    });
    return { tags, job: g.job("evaluate", parts, { model: trained, data }, tags) };
  });
  return [...references, ...networks];
}

/**
 * Peak of the learning rate. Adam moves every entry of a layer by about the rate, which changes a singular value of the layer by
 * up to width times that, and one of the product by depth times as much again. The constant was chosen on training losses
 * of ETTh1; twice it diverges at width 336.
 */
function learningRate(width: number, depth: number): number {
  return Math.min(0.03, 4 / (width * depth));
}
