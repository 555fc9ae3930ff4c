/**
 * @file Jobs by their stages: how many there are of each, and which are made from which.
 *
 * A hundred thousand jobs have some twenty stages, so a picture of those stays readable at any size of grid.
 */
import { type Counts, countsOf, type StandingJob } from "./jobs.ts";

export interface StageNode {
  stage: string;
  count: number;
  counts: Counts;
}

export interface StageGraph {
  /** Those that others are made from come first. */
  nodes: StageNode[];
  /** From the first to the second; a stage whose jobs are made from others of it has one to itself. */
  edges: { from: string; to: string; count: number }[];
}

/**
 * @param jobs all of them: what `inputs` mean are places in this list
 * @param places of those that are counted; an edge has both of its ends among them
 * @param depth of all jobs, for who asks for several parts of them
 */
export function stageGraph(
  jobs: readonly StandingJob[],
  places: readonly number[] = [...jobs.keys()],
  depth: readonly number[] = depths(jobs),
): StageGraph {
  const chosen = new Set(places);
  const members = new Map<string, StandingJob[]>();
  const sums = new Map<string, number>();
  const edges = new Map<string, StageGraph["edges"][number]>();
  for (const i of places) {
    const job = jobs[i];
    const known = members.get(job.stage);
    if (known) known.push(job);
    else members.set(job.stage, [job]);
    sums.set(job.stage, (sums.get(job.stage) ?? 0) + depth[i]);
    for (const input of job.inputs) {
      if (!chosen.has(input)) continue;
      const [from, to] = [jobs[input].stage, job.stage];
      const key = `${from}\0${to}`;
      const edge = edges.get(key);
      if (edge) edge.count++;
      else edges.set(key, { from, to, count: 1 });
    }
  }
  // The mean, and not the greatest: a stage of which some jobs come late belongs where most of them are.
  const mean = (stage: string) => sums.get(stage)! / members.get(stage)!.length;
  const order = [...members.keys()].sort((a, b) => mean(a) - mean(b) || (a < b ? -1 : 1));
  return {
    nodes: order.map((stage) => {
      const own = members.get(stage)!;
      return { stage, count: own.length, counts: countsOf(own) };
    }),
    edges: [...edges.values()],
  };
}

/** For each job the length of the longest chain of jobs that it is made from. */
export function depths(jobs: readonly StandingJob[]): number[] {
  const depth = jobs.map(() => 0);
  const users = jobs.map((): number[] => []);
  const open = jobs.map(({ inputs }) => inputs.length);
  for (const [i, { inputs }] of jobs.entries()) for (const input of inputs) users[input].push(i);
  const ready = [...open.keys()].filter((i) => open[i] === 0);
  for (const at of ready) {
    for (const user of users[at]) {
      depth[user] = Math.max(depth[user], depth[at] + 1);
      if (--open[user] === 0) ready.push(user);
    }
  }
  return depth;
}
