/**
 * @file `--set` on every experiment: what several stages of a chain have in common changes in all of them, or the override is refused.
 */
import assert from "node:assert/strict";
import { type ExperimentPart, Graph, type JobNode } from "../../../pipeline/graph.ts";
import { Overrides } from "../../../pipeline/overrides.ts";
import { profileOf } from "../../../pipeline/profiles.ts";
import { plan } from "./grids.ts";

/** Sequences that are scored at once, not those of a training step; systems that only a rate is tuned on. */
const UNRELATED = new Set(["evaluate batch", "tune seeds"]);

/** The jobs with an override, or why there are none. */
export function jobsOf(experiment: ExperimentPart, set: string[] = []): JobNode[] | string {
  const overrides = new Overrides(set);
  const graph = new Graph("/", plan.stages, overrides);
  try {
    graph.addExperiment(experiment, profileOf(experiment.meta.from ?? "smoke"));
    overrides.checkAllUsed(Object.keys(plan.stages));
  } catch (error) {
    return (error as Error).message;
  }
  return graph.jobs;
}

type Leaf = { path: string; value: unknown };

function leavesOf(value: unknown, path: string[] = []): Leaf[] {
  if (typeof value !== "object" || value === null) return [{ path: path.join("."), value }];
  return Object.entries(value).flatMap(([name, part]) => leavesOf(part, [...path, name]));
}

export function valueAt({ params }: JobNode, path: string): unknown {
  return path.split(".").reduce<unknown>(
    (at, name) => (at as Record<string, unknown> | null | undefined)?.[name],
    params,
  );
}

/** Another value of the same type, which schemas take. */
const another = (value: unknown) =>
  typeof value === "number"
    ? Number.isInteger(value) ? value + 1 : value / 2
    : typeof value === "boolean"
    ? !value
    : value === null
    ? 7
    : `${value}x`;

/** Pairs of stages of which one makes what the other reads, near or far. */
function chained(jobs: readonly JobNode[]): Map<JobNode, Set<JobNode>> {
  const made = new Map<JobNode, Set<JobNode>>();
  for (const job of jobs) { // inputs come first
    const from = new Set<JobNode>();
    for (const input of Object.values(job.inputs)) {
      if (input.kind === "job") { for (const at of [input, ...made.get(input)!]) from.add(at); }
    }
    made.set(job, from);
  }
  return made;
}

/**
 * Overrides of what stages share, a sample of them: each is a graph of its own.
 * @param strideOf takes one parameter of so many, in an experiment of so many jobs.
 */
export function checkShared(
  strideOf: (jobs: number) => number,
): { changed: number; refused: number } {
  const counts = { changed: 0, refused: 0 };
  let offset = 0;
  for (const experiment of plan.experiments) {
    const plain = jobsOf(experiment);
    if (typeof plain === "string") continue; // without its data
    const shared = new Map<string, Set<string>>();
    for (const [job, from] of chained(plain)) {
      if (job.stage.name === "aggregate") continue; // not to be set at all
      for (const { path } of leavesOf(job.params)) {
        const [name] = path.split(".");
        for (const other of from) {
          const pair = [job.stage.name, other.stage.name];
          if (pair[0] === pair[1] || pair.some((of) => UNRELATED.has(`${of} ${name}`))) continue;
          if (valueAt(other, path) === undefined) continue;
          const stages = shared.get(path) ?? new Set();
          shared.set(path, stages);
          for (const each of pair) stages.add(each);
        }
      }
    }
    // Studies of a single stage have nothing to share.
    const chains = plain.some((job) => job.stage.name === "train");
    assert.ok(shared.size > 0 || !chains, experiment.meta.id);
    const stride = strideOf(plain.length);
    const first = offset++ % stride; // experiments have much in common
    for (const [i, [path, stages]] of [...shared].entries()) {
      if (i % stride !== first) continue;
      const stage = [...stages][i % stages.size];
      const owner = plain.find((job) =>
        job.stage.name === stage && valueAt(job, path) !== undefined
      )!;
      const value = another(valueAt(owner, path));
      const text = `${stage}.${path}=${JSON.stringify(value)}`;
      const now = jobsOf(experiment, [text]);
      if (typeof now === "string") {
        assert.ok(now.startsWith(`--set ${text}: `), now);
        counts.refused++;
        continue;
      }
      counts.changed++;
      for (const job of now) {
        const own = UNRELATED.has(`${job.stage.name} ${path.split(".")[0]}`);
        const found = valueAt(job, path);
        if (own || found === undefined) continue;
        assert.deepEqual(found, value, `${experiment.meta.id}: ${text} and ${job.label}`);
      }
    }
  }
  return counts;
}
