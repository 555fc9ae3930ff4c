/** @file What the page on filtering shows of the published results, beside what it computes itself. */
import type { Results } from "../../results.ts";
import type { Systems } from "../lab.ts";

/** Of one predictor at one lambda. */
export interface PublishedRow {
  label: string;
  mean: number;
  low: number;
  high: number;
  systems: Systems;
}

/** Those that have been published, by lambda as its label says it. */
export type Published = Record<string, PublishedRow[]>;

/** The experiment whose rows are shown. */
const ID = "filter-leaderboard";
/** What can be chosen where nothing was published; the site must not need an experiment's files, which a user may replace. */
const LAMBDAS = ["0.36", "0.68", "0.84", "0.92", "0.96", "0.98", "0.99"];

export function filterView(results: Results, systems: ReadonlyMap<number, Systems>) {
  const experiment = results.experiments.find(({ id }) => id === ID);
  const published: Published = {};
  for (const [r, row] of (experiment?.rows ?? []).entries()) {
    const [lambda, label, excess] = ["lambda", "predictor", "excess"].map((id) => row.get(id));
    if (!lambda || !label || excess?.value == null || excess.low === null) continue;
    const { value, low, high } = excess;
    (published[lambda.text] ??= []).push({
      ...{ label: label.text, mean: value, low, high: high! },
      systems: systems.get(r) ?? [],
    });
  }
  const there = Object.keys(published);
  return {
    lambdas: there.length ? there : LAMBDAS,
    chosen: "0.92",
    count: Math.max(0, ...Object.values(published).flat().map(({ systems }) => systems.length)),
    experiment: experiment && { id: experiment.id, title: experiment.title },
    // In a script of the page, where "<" could end it.
    published: JSON.stringify(published).replaceAll("<", "\\u003c"),
  };
}
