/**
 * @file `deno task pipeline --estimate`: time and memory of everything that would run, before it does.
 *
 * Exit code 0 also when some of it is unknown: the table says what.
 */
import { resolve } from "node:path";
import { estimateJobs } from "../estimate/estimate.ts";
import { type PilotRuns, Stopped } from "../estimate/pilot_runs.ts";
import type { JobNode } from "../graph.ts";
import { report, reportText } from "../estimate/report.ts";
import { machineInfo } from "../run/machine.ts";
import { stopSignals } from "../run/stop_signals.ts";
import { Scheduler } from "../run/scheduler.ts";
import { lockStore } from "../store/lock.ts";
import { openWorkspace, selectJobs, type Workspace } from "../workspace.ts";
import type { CommandOptions } from "./options.ts";

export async function command(options: CommandOptions): Promise<number> {
  const lock = await lockStore(resolve(options.root, options.store), "estimate");
  try {
    const workspace = await openWorkspace(options);
    try {
      return await estimate(workspace, selectJobs(workspace.graph, options), options);
    } finally {
      await workspace.close();
    }
  } finally {
    lock.release();
  }
}

/** Prints the estimate of those of `wanted` that are not done; also for a sweep, which has a title. */
export async function estimate(
  workspace: Workspace,
  wanted: JobNode[],
  options: CommandOptions & { title?: string },
): Promise<number> {
  const scheduler = new Scheduler(wanted, workspace.resolver);
  await scheduler.plan();
  const open = [...scheduler.statuses.values()].filter((s) => s.state !== "cached");
  const nodes = open.map(({ node }) => node);
  const machine = machineInfo();
  const { profile, jobs: workers, title, slurm } = options;
  // Of a cluster not all tasks are on one machine, and this one has others to serve.
  const together = slurm ? Math.min(workers, navigator.hardwareConcurrency) : workers;
  const say = (line: string) => console.error(line); // The estimate itself may go to a file.
  let running: PilotRuns | undefined;
  const stop = () => running?.stop();
  const signals = stopSignals();
  for (const signal of signals) Deno.addSignalListener(signal, stop);
  try {
    const estimates = await estimateJobs(workspace, nodes, {
      ...{ workers: together, say, machine: machine.id },
      onPilots: (pilots) => running = pilots,
    });
    const context = { profile: title ?? profile, workers, machine: machine.description };
    const found = report(estimates, context);
    if (options.json) console.log(JSON.stringify(found, null, 1));
    else {
      const what = title ?? `profile ${profile}`;
      const waiting = open.filter((s) => s.state === "waiting").length;
      console.log(
        nodes.length
          ? `${nodes.length} of ${scheduler.statuses.size} jobs would run (${what}; ` +
            `${waiting} of them unless what they wait for leaves the same bytes as before).\n`
          : `All ${scheduler.statuses.size} jobs are done; nothing would run.`,
      );
      if (nodes.length) console.log(reportText(found));
    }
    return 0;
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
    console.error("Stopped; nothing of it is left.");
    return 130;
  } finally {
    for (const signal of signals) Deno.removeSignalListener(signal, stop);
  }
}
