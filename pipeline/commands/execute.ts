/**
 * @file Runs the open jobs of a graph, on this machine or a cluster, for `deno task pipeline` and `deno task sweep`:
 * what is shown, recorded and logged while they run, and what a signal does.
 */
import type { NodeRow, RunInfo } from "../store/changes.ts";
import { openView, PlainView, type View } from "../run/display.ts";
import type { EngineName } from "../../lib/engine/engines.ts";
import type { Executor } from "../run/executors/executor.ts";
import { LocalExecutor } from "../run/executors/local.ts";
import type { NeedsOfStages, SlurmOptions } from "../run/executors/slurm/needs.ts";
import type { JobNode } from "../graph.ts";
import { LiveFile, type LiveJob } from "../run/live.ts";
import { loadPilots } from "../estimate/pilot.ts";
import { WorkEstimate } from "../estimate/work.ts";
import type { LogFeed, Unit } from "../log/feed.ts";
import type { SinkName } from "../log/sink.ts";
import { describeCommit, gitCommit } from "../log/git.ts";
import { machineInfo } from "../run/machine.ts";
import { reasons } from "../keys/reasons.ts";
import { recordLabels } from "../run/labels.ts";
import { Recorder } from "../run/recorder.ts";
import type { JobStatus, Scheduler } from "../run/scheduler.ts";
import { stopSignals } from "../run/stop_signals.ts";
import type { Workspace } from "../workspace.ts";
import { count, Tally } from "./run_report.ts";

/** Time that jobs get to save a checkpoint after Ctrl-C. */
const GRACE_MS = 3000;
/** Two signals that come closer together than this are one. */
const SAME_STOP_MS = 500;
/** Reasons are looked up one by one; beyond this many only those of started jobs are. */
const REASONS_AHEAD = 300;

export interface Execution {
  /** What other terminals call this run: the profile, or the sweep. */
  title: string;
  /** The command line, for the catalogue. */
  command: string;
  /** Jobs at the same time. */
  jobs: number;
  /** Where they run, if not here. */
  slurm?: SlurmOptions;
  feed?: LogFeed;
  /** Jobs in the order of the graph; otherwise what starts the longest chain goes first. */
  inOrder?: boolean;
  /** Standard output is for something else. */
  quiet?: boolean;
  changed?(status: JobStatus): void;
  failed(status: JobStatus, view: View): void;
}

/** @returns true when the run was stopped */
export async function execute(
  workspace: Workspace,
  scheduler: Scheduler,
  { title, command, jobs, slurm, feed, inOrder, quiet, changed, failed }: Execution,
): Promise<boolean> {
  const catalog = await workspace.catalog();
  const run: RunInfo = {
    id: crypto.randomUUID(),
    profile: workspace.labelSpace,
    command,
    machine: machineInfo(),
    commit: describeCommit(gitCommit(workspace.root)),
  };
  await catalog.startRun(run);
  const work = await workEstimate(workspace);
  const estimate = (node: JobNode) => work.seconds(node);
  const running = () => [...scheduler.statuses.values()].filter((s) => s.state === "running");
  const totals = () => count(scheduler, estimate, jobs);
  const tally = new Tally(scheduler);
  const view = quiet ? new PlainView((line) => console.error(line)) : openView(running, totals);
  // As they were before this run: its own jobs must not count as what was there last.
  const labels = await workspace.labels();
  const why = await collectReasons(workspace, scheduler, labels);
  const live = new LiveFile(workspace.storeDir, () => ({
    ...{ pid: Deno.pid, profile: title, command, totals: totals() },
    jobs: [...scheduler.statuses.values()].map((status) => liveJob(status, why)),
  }));
  const executor: Executor = slurm
    ? await openSlurm(workspace, scheduler, {
      ...{ slurm, jobs, estimate },
      say: (line) => view.say(line),
    })
    : new LocalExecutor(jobs);
  const recorder = new Recorder(workspace, catalog, run);
  let firstStop: number | undefined;
  const stop = () => {
    scheduler.stop();
    const now = performance.now();
    // `deno task` passes on the Ctrl-C that the terminal has already sent to everybody.
    if (firstStop !== undefined && now - firstStop < SAME_STOP_MS) return;
    if (firstStop === undefined && !slurm?.detach) {
      view.say("Stopping; press Ctrl-C again to stop at once.");
    }
    executor.abort(firstStop === undefined ? GRACE_MS : 0);
    firstStop ??= now;
  };
  const signals = stopSignals();
  for (const signal of signals) Deno.addSignalListener(signal, stop);
  try {
    await scheduler.run(executor, {
      prepare: async (status) => {
        if (!why.has(status.node)) why.set(status.node, await explain(workspace, status, labels));
        const known = await recorder.known(status);
        return { ...await recorder.spec(status), known, stream: feed !== undefined };
      },
      async commit(finished) {
        const results = await recorder.commit(finished);
        for (const [i, { status, outcome }] of finished.entries()) {
          const result = results[i];
          if (!("error" in result)) feed?.done(status.node, result);
          else if (outcome.ok) feed?.failed(status.node);
          else if (outcome.aborted) feed?.rest(status.node, outcome.metrics ?? []);
          else feed?.failed(status.node, outcome.metrics);
        }
        return results;
      },
      changed(status) {
        if (status.state === "ran" && !status.sameAs) work.took(status.node, status.seconds!);
        view.changed(status, tally.with(status));
        if (status.state === "failed") failed(status, view);
        if (status.state === "cached") feed?.cached(status.node);
        live.touch();
        changed?.(status);
      },
      log: (status, line) => view.log(status, line),
      metrics: (status, points) => feed?.metrics(status.node, points),
    }, inOrder ? () => 0 : estimate);
  } finally {
    for (const signal of signals) Deno.removeSignalListener(signal, stop);
    view.close();
    await executor.close();
    live.close();
  }
  await catalog.observe(await executor.accounts?.() ?? []);
  await recordLabels(workspace, scheduler);
  return scheduler.stopped;
}

async function openSlurm(
  workspace: Workspace,
  scheduler: Scheduler,
  { slurm, jobs, estimate, say }: {
    slurm: SlurmOptions;
    jobs: number;
    estimate: (node: JobNode) => number;
    say(line: string): void;
  },
): Promise<Executor> {
  const { SlurmExecutor } = await import("../run/executors/slurm/slurm.ts");
  const { storeDir, options: { engine, device } } = workspace;
  const needs = await needsOf(workspace, slurm);
  const nodes = [...scheduler.statuses.values()].filter(({ state }) => state !== "cached");
  const byLabel = new Map(nodes.map(({ node }) => [node.label, node]));
  return await SlurmExecutor.open({
    ...{ storeDir, tasks: jobs, detach: slurm.detach, say },
    ...(device !== undefined && { device: { engine, device } }),
    needs: (stage) => needs.of(stage),
    seconds: (label) => estimate(byLabel.get(label)!),
  }, new Set(nodes.map(({ node }) => node.stage.name)));
}

/** What jobs of each stage need of a node: as it is asked for, else as such jobs have taken. */
export async function needsOf(
  { plan, catalog }: Workspace,
  slurm: SlurmOptions,
): Promise<NeedsOfStages> {
  const { NeedsOfStages } = await import("../run/executors/slurm/needs.ts");
  const rows = await (await catalog()).query(
    "SELECT stage, max(value) AS bytes FROM observation JOIN job ON job.key = job_key " +
      "WHERE name = 'peak memory bytes' GROUP BY stage",
  );
  const memory = new Map(rows.map((row) => [row.stage as string, row.bytes as number]));
  return new NeedsOfStages(slurm, plan.stages, memory);
}

/** The sinks that were asked for, and what they are to be told; undefined without any. */
export async function openFeed(
  workspace: Workspace,
  scheduler: Scheduler,
  sinkNames: SinkName[],
  { units, project, entity }: { units?: Unit[]; project?: string; entity?: string } = {},
): Promise<LogFeed | undefined> {
  if (!sinkNames.length) return undefined;
  const { LogFeed } = await import("../log/feed.ts");
  const { unitsOf } = await import("../log/units.ts");
  const { openSink } = await import("../log/open_sink.ts");
  const { storeDir, root, resolver, options } = workspace;
  const warn = (line: string) => console.error(line);
  const sinks = await Promise.all(
    sinkNames.map((name) => openSink(name, { storeDir, warn, project, entity })),
  );
  const engine: EngineName = options.engine;
  const feed = new LogFeed({
    sinks,
    units: units ?? unitsOf([...scheduler.statuses.keys()], engine, gitCommit(root)),
    keyOf: (node) => resolver.keys.get(node),
    catalog: workspace.catalog,
    warn,
  });
  for (const { node, state } of scheduler.statuses.values()) {
    if (state === "cached") feed.cached(node);
  }
  return feed;
}

export type Reasons = Map<JobNode, string[]>;

export async function collectReasons(
  workspace: Workspace,
  scheduler: Scheduler,
  labels: Map<string, NodeRow>,
  atMost = REASONS_AHEAD,
): Promise<Reasons> {
  const why: Reasons = new Map();
  const ready = [...scheduler.statuses.values()].filter((s) => s.state === "ready");
  for (const status of ready.slice(0, atMost)) {
    why.set(status.node, await explain(workspace, status, labels));
  }
  return why;
}

async function explain(
  workspace: Workspace,
  { node, stale }: JobStatus,
  labels: Map<string, NodeRow>,
): Promise<string[]> {
  const catalog = await workspace.catalog();
  return await reasons(node, stale!, labels.get(node.label), catalog, workspace);
}

export function liveJob(status: JobStatus, why: Reasons): LiveJob {
  const { node, state, stale, where, seconds, progress, error } = status;
  const waits = Object.values(node.inputs).filter((i) => i.kind === "job").map((i) => i.label);
  return {
    label: node.label,
    labels: node.labels,
    stage: node.stage.name,
    state,
    where,
    seconds,
    progress,
    error,
    key: stale?.key,
    why: state === "waiting" ? [`waits for ${waits.join(", ")}`] : why.get(node),
  };
}

/** What jobs take, from those that the catalogue has. */
export async function workEstimate({ root, plan, catalog }: Workspace): Promise<WorkEstimate> {
  const rows = await (await catalog()).query(
    "SELECT stage, avg(seconds) AS mean FROM job GROUP BY stage",
  );
  const means = new Map(rows.map((row) => [row.stage as string, row.mean as number]));
  return new WorkEstimate(await loadPilots(root, Object.keys(plan.stages)), means);
}
