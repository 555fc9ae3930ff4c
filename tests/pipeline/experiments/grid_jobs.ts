/** @file Jobs of one grid, and what differs among them. */
import type { JobNode } from "../../../pipeline/graph.ts";
import type { ProfileName } from "../../../pipeline/profiles.ts";
import { graphOf, plan } from "./grids.ts";

/** The jobs of one stage in the grid of one experiment. */
export function jobs(id: string, profile: ProfileName, stage: string): JobNode[] {
  const experiment = plan.experiments.find(({ meta }) => meta.id === id)!;
  return graphOf(experiment, profile).jobs.filter((job) => job.stage.name === stage);
}

/** Different values among jobs, in the order of the grid. */
export function values<T>(found: JobNode[], of: (job: JobNode) => T): T[] {
  return [...new Map(found.map((job) => [JSON.stringify(of(job)), of(job)])).values()];
}
