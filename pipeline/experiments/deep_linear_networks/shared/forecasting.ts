/** @file The jobs of the forecasting experiments: one series, its windows, and the forecasters of each. */
import type { GraphBuilder, TaggedJob } from "../../../graph.ts";
import { seriesOf } from "../../../series.ts";

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
  const { task: series, download } = seriesOf(dataset, { lookback, horizon });
  const data = download(g, { dataset, result: "download" });
  const common = { dataset, lookback, horizon };
  const references = Object.entries(closedForms).map(([model, name]): TaggedJob => {
    const tags = { ...common, model };
    const params = { task: series, reference: { name } };
    return { tags, job: g.job("reference", params, { data }, tags) };
  });
  const task = { ...series, options: { ...series.options, loss: "gram", basis: "dct" } };
  const networks = depths.map((depth): TaggedJob => {
    const tags = { ...common, model: "deep-linear", depth };
    const parts = { task, model: { name: "deep_linear", options: { depth } } };
    const training = trainingOf({ lookback, horizon, depth, steps, tolerance: 1e-4 });
    const trained = g.job("train", { ...parts, ...training }, { data }, {
      ...tags,
      result: "training",
    });
    return { tags, job: g.job("evaluate", parts, { model: trained, data }, tags) };
  });
  return [...references, ...networks];
}

/** How a deep linear network is trained on all windows at once, one seed, until it is within the tolerance of least squares. */
export function trainingOf(
  { lookback, horizon, depth, steps, tolerance }:
    & Record<"lookback" | "horizon" | "depth" | "steps", number>
    & { tolerance: number },
) {
  return {
    ...{ seeds: [{ instance: 0, initialisation: 0, data: 0 }], steps, tolerance },
    ...{ learningRate: learningRate(Math.min(lookback, horizon), depth), warmup: 100, floor: 0 },
    ...{ weightDecay: 0, clipNorm: null },
  };
}

/**
 * Peak of the learning rate. Adam moves every entry of a layer by about the rate, which changes a singular value of the layer by
 * up to width times that, and one of the product by depth times as much again. The constant was chosen on training losses
 * of ETTh1; twice it diverges at width 336.
 */
export function learningRate(width: number, depth: number): number {
  return Math.min(0.03, 4 / (width * depth));
}
