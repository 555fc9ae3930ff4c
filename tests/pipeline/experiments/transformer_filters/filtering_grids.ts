/** @file The grids of the filtering experiments at every profile, and their jobs by stage. */
import assert from "node:assert/strict";
import type { Graph, JobNode } from "../../../../pipeline/graph.ts";
import { profileOf, PROFILES } from "../../../../pipeline/profiles.ts";
import { graphOf, plan } from "../grids.ts";

export interface Grid {
  id: string;
  profile: string;
  graph: Graph;
  of(stage: string): JobNode[];
}

export const filtering: readonly Grid[] = PROFILES.flatMap((profile) =>
  plan.experiments.filter(({ path, meta }) =>
    path.includes("transformer_filters") && profileOf(profile).atLeast(meta.from ?? "smoke")
  ).map((experiment) => {
    const graph = graphOf(experiment, profile);
    const of = (stage: string) => graph.jobs.filter((job) => job.stage.name === stage);
    return { id: experiment.meta.id, profile, graph, of };
  })
);

/** Every job of a stage, in every grid on filtering. */
export function each(stage: string, check: (job: JobNode, where: string, grid: Grid) => void) {
  let jobs = 0;
  for (const grid of filtering) {
    for (const job of grid.of(stage)) {
      check(job, `${grid.profile} ${job.label}`, grid);
      jobs++;
    }
  }
  assert.ok(jobs > 0);
}

export const input = (node: JobNode, name: string) => node.inputs[name] as JobNode;

export const unique = <T>(values: T[]) => [...new Set(values)];
