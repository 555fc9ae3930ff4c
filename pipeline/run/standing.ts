/**
 * @file Where every job of a graph stands between runs, for `status`; with the reasons of those that are open, for the site.
 *
 * Nothing is run, locked or written here.
 */
import type { JobNode } from "../graph.ts";
import { sha256 } from "../content/canonical.ts";
import { reasons } from "../keys/reasons.ts";
import { foundOf } from "../keys/settled.ts";
import { hasCatalog } from "../store/catalog_files.ts";
import { resolve } from "node:path";
import { readWorkspace, type Workspace, type WorkspaceOptions } from "../workspace.ts";
import { Mailbox } from "./executors/slurm/mailbox.ts";
import type { LiveJob } from "./live.ts";
import { type JobStatus, Scheduler } from "./scheduler.ts";

/** What a state is called to a reader. */
export const WORDS = {
  cached: "done",
  ran: "done",
  queued: "queued",
  running: "running",
  ready: "stale",
  waiting: "waiting",
  failed: "failed",
  skipped: "skipped",
  stopped: "stopped",
} as const satisfies Record<LiveJob["state"], string>;

export type Standing = typeof WORDS[LiveJob["state"]];

/** A job of a graph that is looked at as a whole. */
export interface StandingJob {
  label: string;
  stage: string;
  state: Standing;
  /** Those that ask for it, directly or as an input. */
  experiments: readonly string[];
  /** Places of the jobs that it is made from, in the list that has it. */
  inputs: readonly number[];
  /** Why it would run, as `deno task why` says it; absent where that was not looked up. */
  why?: readonly string[];
}

/** Reasons are looked up one by one: of so many jobs of a stage of an experiment, and of so many in all. */
const ALIKE = 20;
const EXPLAINED = 300;

/** Every job of a list in its order, and the scheduler that looked them up. */
export async function standing(
  workspace: Workspace,
  nodes: JobNode[],
): Promise<{ scheduler: Scheduler; jobs: LiveJob[] }> {
  const { resolver, storeDir } = workspace;
  const scheduler = new Scheduler(nodes, resolver);
  const open = await scheduler.plan();
  const atSlurm = leftToSlurm(storeDir);
  const failures = new Map<string, string>();
  if (open) {
    const catalog = await workspace.catalog();
    for (const { key, message } of await catalog.query("SELECT key, message FROM failure")) {
      failures.set(key as string, message as string);
    }
  }
  const jobs = [...scheduler.statuses.values()].map(({ node, state, stale }): LiveJob => {
    const key = stale?.key ?? resolver.keys.get(node);
    const about = { label: node.label, labels: node.labels, stage: node.stage.name, key };
    const left = stale && atSlurm.get(stale.key);
    if (left) return { ...about, ...left };
    const error = stale && failures.get(stale.key);
    return { ...about, state: error ? "failed" : state, error };
  });
  return { scheduler, jobs };
}

/** What tasks of a cluster do for no run that is there: by key. */
function leftToSlurm(storeDir: string): Map<string, Pick<LiveJob, "state" | "where">> {
  const mailbox = new Mailbox(storeDir);
  const found = new Map<string, Pick<LiveJob, "state" | "where">>();
  for (const key of mailbox.waitingKeys()) found.set(key, { state: "queued" });
  for (const { key, task } of mailbox.claims()) {
    found.set(key, { state: "running", where: mailbox.placeOf(task) });
  }
  return found;
}

/** A graph as it stands. */
export interface StandingGraph {
  /** Another one where anything of it is another. */
  key: string;
  jobs(): Promise<StandingJob[]>;
}

/** The whole graph of a workspace; undefined where none of its jobs is done: then the store knows nothing of it. */
export async function standingOf(workspace: Workspace): Promise<StandingGraph | undefined> {
  const nodes = workspace.graph.jobs;
  const { scheduler, jobs } = await standing(workspace, nodes);
  const done = jobs.filter(({ state }) => WORDS[state] === "done").length;
  if (!done) return undefined;
  if (done === jobs.length) {
    const { keys } = foundOf(workspace, nodes);
    return { key: `done ${keys}`, jobs: () => Promise.resolve(doneGraph(nodes)) };
  }
  const why = await explained(workspace, [...scheduler.statuses.values()]);
  const graph = jobsOf(nodes, (node, i) => ({
    state: WORDS[jobs[i].state],
    ...(why.has(node) ? { why: why.get(node) } : {}),
  }));
  return { key: sha256(JSON.stringify(graph)), jobs: () => Promise.resolve(graph) };
}

/** A graph of which every job is done. */
export const doneGraph = (nodes: readonly JobNode[]) => jobsOf(nodes, () => ({ state: "done" }));

function jobsOf(
  nodes: readonly JobNode[],
  stand: (node: JobNode, i: number) => Pick<StandingJob, "state" | "why">,
): StandingJob[] {
  const place = new Map(nodes.map((node, i) => [node, i]));
  return nodes.map((node, i) => ({
    ...{ label: node.label, stage: node.stage.name, experiments: [...node.experiments] },
    ...stand(node, i),
    inputs: Object.values(node.inputs).flatMap((input) =>
      input.kind === "job" ? [place.get(input)!] : []
    ),
  }));
}

/** Reasons of some jobs of each kind. */
async function explained(workspace: Workspace, statuses: JobStatus[]) {
  const found = new Map<JobNode, string[]>();
  const ready = statuses.filter(({ state }) => state === "ready");
  if (!ready.length) return found;
  const [catalog, labels] = [await workspace.catalog(), await workspace.labels()];
  const alike = new Map<string, number>();
  for (const { node, stale } of ready) {
    const kind = `${node.stage.name} ${[...node.experiments].join()}`;
    const before = alike.get(kind) ?? 0;
    alike.set(kind, before + 1);
    if (before >= ALIKE || found.size >= EXPLAINED) continue;
    found.set(node, await reasons(node, stale!, labels.get(node.label), catalog, workspace));
  }
  return found;
}

/** The graph of a profile as a store knows it; undefined where there is no store, or it knows nothing of that profile. */
export async function readStanding(
  options: Pick<WorkspaceOptions, "root" | "store" | "profile">,
): Promise<StandingGraph | undefined> {
  if (!hasCatalog(resolve(options.root, options.store))) return undefined;
  const workspace = await readWorkspace({ ...options, engine: "ort", set: [], quiet: true });
  try {
    return await standingOf(workspace);
  } finally {
    await workspace.close();
  }
}
