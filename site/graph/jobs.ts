/** @file The jobs of a profile as one graph: as a store knows them, or else those that its published tables came from. */
import type { Standing, StandingJob } from "../../pipeline/run/standing.ts";
import type { Results } from "../results.ts";

export type { Standing, StandingJob };

/** What a reader is told of, in this order. */
export const STATES: readonly Standing[] = [
  "failed",
  "stale",
  "waiting",
  "running",
  "queued",
  "stopped",
  "skipped",
  "done",
];

/** Whose states are of a store; without one nobody can say whether a job would run again. */
export interface JobGraph {
  source: "store" | "published";
  jobs: readonly StandingJob[];
}

/** @param standing what the store said when the site was built */
export function jobGraph(results: Results, standing?: readonly StandingJob[]): JobGraph {
  if (standing) return { source: "store", jobs: standing };
  const experiments = new Map<string, string[]>();
  const jobs = new Map(
    results.experiments.flatMap(({ id, jobs }) =>
      jobs.map((job) => {
        const known = experiments.get(job.key);
        if (known) known.push(id);
        else experiments.set(job.key, [id]);
        return [job.key, job] as const;
      })
    ),
  );
  const place = new Map([...jobs.keys()].map((key, i) => [key, i]));
  return {
    source: "published",
    jobs: [...jobs.values()].map(({ key, label, stage, inputs }) => ({
      ...{ label, stage, state: "done" as const, experiments: experiments.get(key)! },
      inputs: inputs.flatMap(({ job }) => job === null ? [] : [place.get(job)!]),
    })),
  };
}

/** How many jobs are in each state; states that none is in have no entry. */
export type Counts = Partial<Record<Standing, number>>;

export function countsOf(jobs: Iterable<StandingJob>): Counts {
  const counts: Counts = {};
  for (const { state } of jobs) counts[state] = (counts[state] ?? 0) + 1;
  return counts;
}
