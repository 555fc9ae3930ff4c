/** @file Experiments on training dynamics: a study in many settings, from many seeds, and clauses that say how far theory may be off. */
import type { Clause, Hypothesis } from "../../../../lib/analysis/judge.ts";
import type { GraphBuilder, JobRef, TaggedJob } from "../../../graph.ts";
import { type MadeEffect, plainEffect } from "../../../table/effects.ts";
import type { Runs } from "../../../table/runs.ts";
import { checkPairs, mapped, type Values } from "../../../table/values.ts";
import type { Tags } from "../../../tags.ts";

/** Seeds that judge (others than those that studies were tried with): ten, so that twenty-five clauses can each be reversed at .025 after Holm. */
export const judged = [10, 11, 12, 13, 14, 15, 16, 17, 18, 19];

/** What a study is run with, and what tells it apart. */
export interface Setting {
  tags: Tags;
  options: Record<string, unknown>;
}

/** One run for each setting and seed; the tag of the seed is `seed`. */
export function studyRuns(
  g: GraphBuilder,
  name: string,
  settings: readonly Setting[],
  seeds: readonly number[] = judged,
  inputs: Record<string, JobRef> = {},
): TaggedJob[] {
  return settings.flatMap(({ tags: setting, options }) =>
    seeds.map((seed) => {
      const tags = { ...setting, seed };
      return { tags, job: g.job("dynamics", { study: { name, options }, seed }, inputs, tags) };
    })
  );
}

/** A scalar of the runs of one setting, by seed. */
export function scalarOf(runs: Runs, setting: Tags, name: string): Values {
  return runs.where(setting).each("seed", ({ scalars }) => scalars[name], name);
}

/** The largest of several numbers of each seed. @param metric what to call it among the published scores */
export function worst(settings: readonly Values[], metric: string): Values {
  for (const other of settings) checkPairs(settings[0], other);
  return mapped(
    settings[0],
    (_, i) => Math.max(...settings.map(({ values }) => values[i])),
    metric,
  );
}

/** A clause that errors stay below a tolerance: tolerance over error, above a factor of 1. */
export function withinClause(what: string, tolerance: number): Clause {
  return {
    what: `${what}, at most ${tolerance} (tolerance over error)`,
    metric: what,
    scale: "factor",
  };
}

/** The effect of a {@linkcode withinClause}; an error below 1e-9 of the tolerance counts as that. */
export function withinEffect(errors: Values, tolerance: number, metric: string): MadeEffect {
  return plainEffect(
    mapped(errors, (error) => -Math.log(Math.max(1e-9, error / tolerance)), metric),
  );
}

/** A hypothesis over the seeds that judge. */
export function overSeeds(clauses: readonly Clause[]): Hypothesis {
  return { unit: "seed", seeds: judged, clauses };
}
