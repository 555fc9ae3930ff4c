/**
 * @file `deno task pipeline`: runs what is stale, then publishes and builds the site.
 */
import { isDrawable, wantsColours } from "../run/colours.ts";
import { consoleSize, formatSeconds } from "../run/display.ts";
import { lockStore } from "../store/lock.ts";
import { Scheduler } from "../run/scheduler.ts";
import { resolve } from "node:path";
import { openWorkspace, selectJobs, type Workspace } from "../workspace.ts";
import { closingTable, verdictsOf } from "./closing.ts";
import { collectReasons, execute, liveJob, openFeed, recordLabels } from "./execute.ts";
import type { CommandOptions } from "./options.ts";
import { repeatOptions } from "../command_line.ts";
import { UsageError } from "../usage_error.ts";
import { count, reportFailure, reportSkipped } from "./run_report.ts";

export async function command(options: CommandOptions): Promise<number> {
  if (options.estimate) return await (await import("./estimate.ts")).command(options);
  if (options.json) {
    throw new UsageError("--json has an effect with --estimate only. Add it, or leave --json out.");
  }
  const lock = await lockStore(resolve(options.root, options.store), "run");
  try {
    const workspace = await openWorkspace(options);
    try {
      return await runWorkspace(workspace, options);
    } finally {
      await workspace.close();
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
  const feed = await openFeed(workspace, scheduler, options.log);
  let stopped = false;
  if (open) {
    stopped = await execute(workspace, scheduler, {
      title: options.profile,
      command: `deno task pipeline ${repeatOptions(options)}`,
      jobs: options.jobs,
      slurm: options.slurm,
      feed,
      failed: (status, view) => reportFailure(status, view, options),
    });
  } else await recordLabels(workspace, scheduler);
  await feed?.close((node) => workspace.resolver.contentOf(node) !== undefined);
  const counts = count(scheduler);
  const seconds = formatSeconds((performance.now() - start) / 1000);
  const parts = [`${counts.cached} of ${counts.total} jobs were done`, `${counts.ran} ran`];
  if (counts.same) {
    parts.push(`${counts.same} of them only until their programs, the same as before`);
  }
  if (counts.failed) parts.push(`${counts.failed} failed`);
  if (counts.skipped) parts.push(`${counts.skipped} skipped`);
  console.log(`${parts.join(", ")} (profile ${options.profile}, ${seconds}).`);
  if (stopped) {
    console.log("Stopped; what was finished is kept. Run the same command to go on.");
    return 130;
  }
  const left = countLeft(scheduler);
  if (left) {
    const again = counts.failed ? "" : ", and goes on with those behind them";
    console.log(
      `${left} jobs are left to SLURM or wait for those; the same command collects what is done${again}. ` +
        `Where they stand: deno task status.`,
    );
    return counts.failed ? 1 : 0;
  }
  if (counts.failed || counts.skipped) {
    reportSkipped(scheduler);
    return 1;
  }
  const table = closingTable(
    options.job === undefined ? verdictsOf(workspace, nodes) : [],
    wantsColours(),
    isDrawable() ? consoleSize().columns : undefined,
  );
  if (table.length) console.log(["", ...table, ""].join("\n"));
  if (options.publish && options.job === undefined) {
    const { publishResults } = await import("../publish/publish_results.ts");
    if (await publishResults(workspace, nodes, options)) {
      console.log("Look at it: deno task serve");
    }
  }
  const lacking = options.only?.length || options.job !== undefined
    ? []
    : [...workspace.graph.unavailable.keys()];
  if (!lacking.length) return 0;
  console.error(`Not everything was run: ${lacking.join(", ")} lack data, as said at the start.`);
  return 1;
}

/** Jobs that nobody waits for now. */
const countLeft = ({ statuses }: Scheduler) =>
  [...statuses.values()].filter(({ state }) => state === "stopped").length;

async function dryRun(w: Workspace, scheduler: Scheduler, open: number): Promise<number> {
  const labels = open ? await w.labels() : new Map();
  const why = await collectReasons(w, scheduler, labels, Infinity);
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
