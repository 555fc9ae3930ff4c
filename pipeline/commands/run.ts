/**
 * @file `deno task pipeline`: runs what is stale, then publishes and builds the site.
 */
import { canonical, sha256 } from "../keys/canonical.ts";
import type { NodeRow, RunInfo } from "../store/catalog.ts";
import { formatSeconds, openView } from "../run/display.ts";
import { LocalExecutor } from "../run/executors/local.ts";
import type { JobNode } from "../graph.ts";
import { LiveFile, type LiveJob } from "../run/live.ts";
import { lockStore } from "../store/lock.ts";
import { machineInfo } from "../run/machine.ts";
import { reasons } from "../keys/reasons.ts";
import { Recorder, recordInputs, recordNodes } from "../run/recorder.ts";
import { type JobStatus, Scheduler } from "../run/scheduler.ts";
import { resolve } from "node:path";
import { openWorkspace, selectJobs, type Workspace } from "../workspace.ts";
import { type CommandOptions, repeatOptions } from "./options.ts";
import { count, reportFailure, reportSkipped } from "./run_report.ts";

/** Time that jobs get to save a checkpoint after Ctrl-C. */
const GRACE_MS = 3000;
/** Two signals that come closer together than this are one. */
const SAME_STOP_MS = 500;
/** Reasons are looked up one by one; beyond this many only those of started jobs are. */
const REASONS_AHEAD = 300;

export async function command(options: CommandOptions): Promise<number> {
  const lock = await lockStore(resolve(options.root, options.store), "run");
  try {
    const workspace = await openWorkspace(options);
    try {
      return await runWorkspace(workspace, options);
    } finally {
      workspace.close();
    }
  } finally {
    lock.release();
  }
}

async function runWorkspace(workspace: Workspace, options: CommandOptions): Promise<number> {
  const start = performance.now();
  const nodes = selectJobs(workspace.graph, options);
  const scheduler = new Scheduler(nodes, workspace.resolver);
  const open = await scheduler.plan();
  if (options.dryRun) return await dryRun(workspace, scheduler, open);
  let stopped = false;
  if (open) stopped = await execute(workspace, options, scheduler);
  else await recordLabels(workspace, scheduler);
  const counts = count(scheduler);
  const seconds = formatSeconds((performance.now() - start) / 1000);
  const parts = [`${counts.cached} of ${counts.total} jobs were done`, `${counts.ran} ran`];
  if (counts.failed) parts.push(`${counts.failed} failed`);
  if (counts.skipped) parts.push(`${counts.skipped} skipped`);
  console.log(`${parts.join(", ")} (profile ${options.profile}, ${seconds}).`);
  if (stopped) {
    console.log("Stopped; what was finished is kept. Run the same command to go on.");
    return 130;
  }
  if (counts.failed || counts.skipped) {
    reportSkipped(scheduler);
    return 1;
  }
  if (options.publish && options.job === undefined) {
    const { publishResults } = await import("../publish/publish_results.ts");
    await publishResults(workspace, nodes, options);
  }
  return 0;
}

/** @returns true when the run was stopped */
async function execute(
  workspace: Workspace,
  options: CommandOptions,
  scheduler: Scheduler,
): Promise<boolean> {
  const catalog = await workspace.catalog();
  const run: RunInfo = {
    id: crypto.randomUUID(),
    profile: workspace.labelSpace,
    command: `deno task pipeline ${repeatOptions(options)}`,
    machine: machineInfo(),
  };
  await catalog.startRun(run);
  const estimate = await estimator(workspace);
  const running = () => [...scheduler.statuses.values()].filter((s) => s.state === "running");
  const totals = () => count(scheduler, estimate, options.jobs);
  const view = openView(running, totals);
  const why = await collectReasons(workspace, scheduler);
  const live = new LiveFile(workspace.storeDir, () => ({
    pid: Deno.pid,
    profile: options.profile,
    jobs: [...scheduler.statuses.values()].map((status) => liveJob(status, why)),
  }));
  const executor = new LocalExecutor({
    root: workspace.root,
    storeDir: workspace.storeDir,
    capacity: options.jobs,
  });
  const recorder = new Recorder(workspace, catalog, run);
  let firstStop: number | undefined;
  const stop = () => {
    scheduler.stop();
    const now = performance.now();
    // `deno task` passes on the Ctrl-C that the terminal has already sent to everybody.
    if (firstStop !== undefined && now - firstStop < SAME_STOP_MS) return;
    if (firstStop === undefined) view.say("Stopping; press Ctrl-C again to stop at once.");
    executor.abort(firstStop === undefined ? GRACE_MS : 0);
    firstStop ??= now;
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) Deno.addSignalListener(signal, stop);
  try {
    await scheduler.run(executor, {
      prepare: async (status) => {
        if (!why.has(status.node)) why.set(status.node, await explain(workspace, status));
        return await recorder.spec(status);
      },
      commit: (finished) => recorder.commit(finished),
      changed(status) {
        view.changed(status, totals());
        if (status.state === "failed") reportFailure(status, view, options);
        live.touch();
      },
      log: (status, line) => view.log(status, line),
    }, estimate);
  } finally {
    for (const signal of signals) Deno.removeSignalListener(signal, stop);
    view.close();
    await executor.close();
    live.close();
  }
  await recordLabels(workspace, scheduler);
  return scheduler.stopped;
}

/** Notes where every label leads, so that `why` compares with the right earlier job. */
async function recordLabels(workspace: Workspace, scheduler: Scheduler): Promise<void> {
  const { resolver, index, labelSpace } = workspace;
  const nodes = [...scheduler.statuses.keys()];
  const isDone = (node: JobNode) => resolver.contentOf(node) !== undefined;
  const stamp = canonical(nodes.map((n) => [n.label, resolver.keys.get(n) ?? null, isDone(n)]));
  const hash = sha256(stamp);
  if (index.nodes[labelSpace] === hash) return;
  const catalog = await workspace.catalog();
  await recordNodes(catalog, labelSpace, nodes, (node) => ({
    key: resolver.keys.get(node),
    done: isDone(node),
  }));
  await recordInputs(
    catalog,
    nodes.filter(isDone),
    (node) => isDone(node) ? resolver.keys.get(node) : undefined,
  );
  index.nodes[labelSpace] = hash;
}

async function dryRun(w: Workspace, scheduler: Scheduler, open: number): Promise<number> {
  const why = await collectReasons(w, scheduler, Infinity);
  for (const status of scheduler.statuses.values()) {
    if (status.state === "cached") continue;
    console.log(`${status.node.stage.name} ${status.node.label}`);
    for (const line of liveJob(status, why).why ?? []) console.log(`    ${line}`);
  }
  const waiting = [...scheduler.statuses.values()].filter((s) => s.state === "waiting").length;
  console.log(
    open
      ? `${
        open - waiting
      } of ${scheduler.statuses.size} jobs would run, and ${waiting} behind them ` +
        `unless those leave the same bytes as before.`
      : `All ${scheduler.statuses.size} jobs are done; nothing would run.`,
  );
  return 0;
}

type Reasons = Map<JobNode, string[]>;

async function collectReasons(
  workspace: Workspace,
  scheduler: Scheduler,
  atMost = REASONS_AHEAD,
): Promise<Reasons> {
  const why: Reasons = new Map();
  const ready = [...scheduler.statuses.values()].filter((s) => s.state === "ready");
  if (!ready.length) return why;
  const labels = await workspace.labels();
  for (const status of ready.slice(0, atMost)) {
    why.set(status.node, await explain(workspace, status, labels));
  }
  return why;
}

async function explain(
  workspace: Workspace,
  { node, stale }: JobStatus,
  labels?: Map<string, NodeRow>,
): Promise<string[]> {
  const catalog = await workspace.catalog();
  labels ??= await workspace.labels();
  return await reasons(node, stale!, labels.get(node.label), catalog, workspace.fingerprints);
}

export function liveJob(status: JobStatus, why: Reasons): LiveJob {
  const { node, state, stale, seconds, progress, error } = status;
  const waits = Object.values(node.inputs).filter((i) => i.kind === "job").map((i) => i.label);
  return {
    label: node.label,
    labels: node.labels,
    stage: node.stage.name,
    state,
    seconds,
    progress,
    error,
    key: stale?.key,
    why: state === "waiting" ? [`waits for ${waits.join(", ")}`] : why.get(node),
  };
}

/** Seconds of a job from the mean of its stage so far. */
async function estimator(workspace: Workspace): Promise<(node: JobNode) => number> {
  const rows = await (await workspace.catalog()).query(
    "SELECT stage, avg(seconds) AS mean FROM job GROUP BY stage",
  );
  const means = new Map(rows.map((row) => [row.stage as string, row.mean as number]));
  return (node) => means.get(node.stage.name) ?? 1;
}
