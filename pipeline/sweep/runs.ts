/**
 * @file The runs of a sweep as jobs in a graph: which are done, which failed, which to take up, and
 * what they measured.
 */
import { Graph, type JobNode } from "../graph.ts";
import { readerSync } from "../store/artifact.ts";
import type { JobStatus } from "../run/scheduler.ts";
import { Overrides } from "../overrides.ts";
import type { Plan } from "../plan.ts";
import { profileOf } from "../profiles.ts";
import type { Workspace } from "../workspace.ts";
import type { Parameters } from "./points.ts";
import type { Program } from "./programs/program.ts";
import type { RunState, SweepRun } from "./state.ts";

export interface Candidate {
  index: number;
  name: string;
  parameters: Parameters;
  /** Empty when the parameters are wrong. */
  jobs: Record<string, JobNode>;
  /** What is wrong with the parameters. */
  problem?: string;
  /** Names of its metrics. */
  measures: string[];
}

interface Point {
  index: number;
  parameters: Parameters;
}

interface BuildContext {
  root: string;
  plan: Plan;
  program: Program;
  /** What runs are ranked by. */
  metric: string;
  space: string;
  /** Of the sweep file. */
  path: string;
}

/** The name of a run from its index. */
export function nameOf(index: number): string {
  return String(index).padStart(4, "0");
}

/**
 * Turns points into jobs. A point that the program or a stage refuses becomes a run that failed: others
 * of a random sweep may be right.
 *
 * @param others points that this call does not take up; they are looked at only to tell a wrong file
 *   from the bad luck of a few points
 * @throws {Error} when every point is refused, or none has the metric
 */
export async function buildRuns(
  points: Point[],
  others: Iterable<Point>,
  context: BuildContext,
): Promise<{ graph: Graph; candidates: Candidate[] }> {
  const { root, plan, path, metric } = context;
  const graph = new Graph(root, plan.stages, new Overrides());
  const candidates: Candidate[] = [];
  for (const point of points) candidates.push(await candidateOf(point, graph, context));
  const has = ({ measures }: Candidate) => measures.includes(metric);
  if (!candidates.length || candidates.some(has)) return { graph, candidates };
  const spare = new Graph(root, plan.stages, new Overrides());
  for (const point of others) {
    if (has(await candidateOf(point, spare, context))) return { graph, candidates };
  }
  const possible = candidates.some(({ problem }) => problem === undefined);
  throw new Error(
    possible
      ? `${path}: metric.name is "${metric}", which no run of this file measures; they measure ` +
        `${[...new Set(candidates.flatMap(({ measures }) => measures))].join(", ")}.`
      : `${path}: no run is possible. The first: ${candidates[0].problem}`,
  );
}

async function candidateOf(
  { index, parameters }: Point,
  graph: Graph,
  { root, program, space }: BuildContext,
): Promise<Candidate> {
  const name = nameOf(index);
  const candidate: Candidate = { index, name, parameters, jobs: {}, measures: [] };
  try {
    const parsed = await program.parse(parameters, root);
    let jobs: Record<string, JobNode> = {};
    graph.add(`${space}/${name}`, (g) => {
      jobs = program.jobs(g, parsed) as Record<string, JobNode>;
      return Object.values(jobs)[0];
    }, profileOf("quick"));
    Object.assign(candidate, { jobs, measures: program.measures(parsed) });
  } catch (error) {
    candidate.problem = (error as Error).message;
  }
  return candidate;
}

/** The jobs of some runs and what they are made from, each after its inputs. */
export function nodesOf(candidates: Candidate[]): JobNode[] {
  const found = new Set<JobNode>();
  const stack = candidates.flatMap(({ jobs }) => Object.values(jobs));
  for (let node; (node = stack.pop());) {
    if (found.has(node)) continue;
    found.add(node);
    for (const input of Object.values(node.inputs)) if (input.kind === "job") stack.push(input);
  }
  return [...found].sort((a, b) => a.index - b.index);
}

/** How a run stands, with the reason when it failed. */
export function standing(
  { jobs, problem }: Candidate,
  { resolver }: Pick<Workspace, "resolver">,
  statuses: ReadonlyMap<JobNode, JobStatus>,
  failures: ReadonlyMap<string, string>,
): { state: RunState; error?: string } {
  if (problem !== undefined) return { state: "failed", error: problem };
  const nodes = Object.values(jobs);
  if (nodes.every((node) => resolver.contentOf(node) !== undefined)) return { state: "done" };
  for (const node of nodesOf([{ jobs } as Candidate])) {
    const status = statuses.get(node);
    const known = status?.stale && failures.get(status.stale.key);
    const error = status?.state === "failed" ? status.error : known;
    if (error !== undefined && resolver.contentOf(node) === undefined) {
      return { state: "failed", error: `${node.stage.name}: ${error}` };
    }
  }
  return { state: "open" };
}

/** The numbers of a run that is done. */
export async function measureRun(
  { name, jobs }: Candidate,
  program: Program,
  workspace: Workspace,
): Promise<Record<string, number>> {
  const catalog = await workspace.catalog();
  const artifacts = await Promise.all(
    Object.entries(jobs).map(async ([role, node]) => {
      const source = await catalog.artifact(workspace.resolver.keys.get(node)!);
      const what = `${role} of run ${name}`;
      const load = (file: { sha256: string; name: string }) =>
        workspace.objects.read(file.sha256, `${what}, ${file.name}`);
      return [role, readerSync(source, load, what)] as const;
    }),
  );
  return program.measure(Object.fromEntries(artifacts));
}

/** What the sweep's file says of a run. */
export function recordOf(
  { name, parameters, jobs }: Candidate,
  { state, error }: { state: RunState; error?: string },
  metrics: Record<string, number>,
  { resolver }: Pick<Workspace, "resolver">,
): SweepRun {
  const keys = Object.entries(jobs).map(([role, node]) => [role, resolver.keys.get(node) ?? null]);
  return {
    name,
    parameters,
    state,
    jobs: Object.fromEntries(keys),
    metrics,
    ...(error === undefined ? {} : { error: firstLine(error) }),
  };
}

/** Without the stack, which the run has printed. */
function firstLine(error: string): string {
  return error.split("\n").filter((line) => !/^\s+at /.test(line)).join(" ").trim().slice(0, 500);
}
