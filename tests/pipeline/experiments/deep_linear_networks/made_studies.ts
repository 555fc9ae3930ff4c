/** @file Tables of studies made by hand, and what every such grid must keep to. */
import assert from "node:assert/strict";
import type { Params } from "../../../../pipeline/stages/dynamics.ts";
import type { Tags } from "../../../../pipeline/tags.ts";
import { type Experiment, runsOf, type Table, tableOf } from "../grids.ts";

/** Scalars by name. */
export type Scalars = { [name: string]: number | undefined };

/** What one run found. */
export interface Found {
  scalars: Scalars;
  scores?: unknown;
}

/** The table of a grid whose runs found what is said. */
export async function madeOf(
  experiment: Experiment,
  found: (tags: Tags, options: Record<string, unknown>) => Found,
  profile = "standard",
): Promise<Table> {
  const made = runsOf(experiment, profile).map(({ tags, job }) => {
    const { scalars, scores = {} } = found(tags, (job.params as Params).study.options);
    return { tags, scores, scalars: scalars as Record<string, number> };
  });
  return await tableOf(experiment, made.toReversed());
}

/** The settings of a grid: tags but the seed, with options. Every setting must have the same seeds, its tag that of its job. */
export function settingsOf(experiment: Experiment, profile: string) {
  const settings = new Map<string, { tags: Tags; study: Params["study"]; seeds: number[] }>();
  for (const { tags: { seed, ...tags }, job } of runsOf(experiment, profile)) {
    const { study, seed: own } = job.params as Params;
    assert.equal(own, seed);
    const name = JSON.stringify(tags);
    const known = settings.get(name) ?? { tags, study, seeds: [] };
    assert.deepEqual(known.study, study, name);
    known.seeds.push(own);
    settings.set(name, known);
  }
  const all = [...settings.values()];
  for (const { seeds } of all) assert.deepEqual(seeds, all[0].seeds);
  return all;
}

/** Ten seeds that no trial has seen. */
export const judged = [10, 11, 12, 13, 14, 15, 16, 17, 18, 19];

/** 95 % interval of the mean of ten values: the .975 quantile of t with nine degrees of freedom, from a table. */
export function interval(values: number[]): { low: number; high: number } {
  assert.equal(values.length, 10);
  const mean = values.reduce((sum, x) => sum + x, 0) / 10;
  const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 9;
  const half = 2.262157162798205 * Math.sqrt(variance / 10);
  return { low: mean - half, high: mean + half };
}
