/**
 * @file `deno task pipeline`: runs what is stale, then publishes and builds the site.
 */
import { resolve } from "node:path";
import { isDrawable, wantsColours } from "../run/colours.ts";
import { consoleSize, formatSeconds } from "../run/display.ts";
import { recordLabels } from "../run/labels.ts";
import { lockStore } from "../store/lock.ts";
import { Scheduler } from "../run/scheduler.ts";
import { later } from "../later.ts";
import { type Found, foundOf, recall, remember } from "../keys/settled.ts";
import {
  openPlanned,
  type Planned,
  planWorkspace,
  selectJobs,
  type Workspace,
} from "../workspace.ts";
import { closingTable, verdictsOf } from "./closing.ts";
import type { CommandOptions } from "./options.ts";
import { repeatOptions } from "../command_line.ts";
import type { JobNode } from "../graph.ts";
import { UsageError } from "../usage_error.ts";
import { count, reportFailure, reportSkipped } from "./run_report.ts";

/** For runs that have something to do. */
const execution = () => later<typeof import("./execute.ts")>("./execute.ts", import.meta.url);

export async function command(options: CommandOptions): Promise<number> {
  if (options.estimate) {
    const estimate = later<typeof import("./estimate.ts")>("./estimate.ts", import.meta.url);
    return await (await estimate).command(options);
  }
  if (options.json) {
    throw new UsageError("--json has an effect with --estimate only. Add it, or leave --json out.");
  }
  const lock = await lockStore(resolve(options.root, options.store), "run");
  try {
    return await new Invoked(options, await planWorkspace(options)).run();
  } finally {
    lock.release();
  }
}

/** One call of the command. */
class Invoked {
  readonly #start = performance.now();
  readonly #nodes: JobNode[];
  #opened?: Workspace;

  constructor(private readonly options: CommandOptions, private readonly planned: Planned) {
    this.#nodes = selectJobs(planned.graph, options);
  }

  async run(): Promise<number> {
    const { planned, options } = this;
    try {
      // Sinks are told of jobs that are done, too.
      const settled = options.log.length ? undefined : await recall(planned, this.#nodes);
      if (!settled) return await this.#lookUp(await this.#workspace());
      const total = this.#nodes.length;
      if (options.dryRun) return nothingToDo(total);
      this.#say([`${total} of ${total} jobs were done`, "0 ran"]);
      return await this.#conclude(settled);
    } finally {
      if (this.#opened) await this.#opened.close();
      else planned.fingerprints.save();
    }
  }

  async #workspace(): Promise<Workspace> {
    return this.#opened ??= await openPlanned(this.planned);
  }

  /** Looks at every job, and runs what is not done. */
  async #lookUp(workspace: Workspace): Promise<number> {
    const { options } = this;
    const nodes = this.#nodes;
    const scheduler = new Scheduler(nodes, workspace.resolver);
    const open = await scheduler.plan();
    if (options.dryRun) return await dryRun(workspace, scheduler, open);
    const stopped = open > 0 || options.log.length > 0
      ? await this.#execute(workspace, scheduler, open)
      : false;
    if (!open && !await recordLabels(workspace, scheduler)) await remember(workspace, nodes);
    const counts = count(scheduler);
    const parts = [`${counts.cached} of ${counts.total} jobs were done`, `${counts.ran} ran`];
    if (counts.same) {
      parts.push(`${counts.same} of them only until their programs, the same as before`);
    }
    if (counts.failed) parts.push(`${counts.failed} failed`);
    if (counts.skipped) parts.push(`${counts.skipped} skipped`);
    this.#say(parts);
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
    return await this.#conclude(foundOf(workspace, nodes));
  }

  /** @returns true when the run was stopped */
  async #execute(workspace: Workspace, scheduler: Scheduler, open: number): Promise<boolean> {
    const { options } = this;
    const { execute, openFeed } = await execution();
    const feed = await openFeed(workspace, scheduler, options.log);
    const stopped = open > 0 && await execute(workspace, scheduler, {
      title: options.profile,
      command: `deno task pipeline ${repeatOptions(options)}`,
      jobs: options.jobs,
      slurm: options.slurm,
      feed,
      failed: (status, view) => reportFailure(status, view, options),
    });
    await feed?.close((node) => workspace.resolver.contentOf(node) !== undefined);
    return stopped;
  }

  /** How it ended, in parts of a sentence. */
  #say(parts: string[]): void {
    const seconds = formatSeconds((performance.now() - this.#start) / 1000);
    console.log(`${parts.join(", ")} (profile ${this.options.profile}, ${seconds}).`);
  }

  /** All is done: says what came of it, and publishes. */
  async #conclude({ keys, tables }: Found): Promise<number> {
    const { options, planned } = this;
    const table = closingTable(
      options.job === undefined ? verdictsOf(tables, planned.objects) : [],
      wantsColours(),
      isDrawable() ? consoleSize().columns : undefined,
    );
    if (table.length) console.log(["", ...table, ""].join("\n"));
    if (options.publish && options.job === undefined) {
      const { publishResults } = await later<typeof import("../publish/publish_results.ts")>(
        "../publish/publish_results.ts",
        import.meta.url,
      );
      const asked = { ...planned, keys, workspace: () => this.#workspace() };
      if (await publishResults(asked, this.#nodes, options)) {
        console.log("Look at it: deno task serve");
      }
    }
    const lacking = options.only?.length || options.job !== undefined
      ? []
      : [...planned.graph.unavailable.keys()];
    if (!lacking.length) return 0;
    console.error(`Not everything was run: ${lacking.join(", ")} lack data, as said at the start.`);
    return 1;
  }
}

/** Jobs that nobody waits for now. */
const countLeft = ({ statuses }: Scheduler) =>
  [...statuses.values()].filter(({ state }) => state === "stopped").length;

async function dryRun(w: Workspace, scheduler: Scheduler, open: number): Promise<number> {
  if (!open) return nothingToDo(scheduler.statuses.size);
  const { collectReasons, liveJob } = await execution();
  const why = await collectReasons(w, scheduler, await w.labels(), Infinity);
  for (const status of scheduler.statuses.values()) {
    if (status.state === "cached") continue;
    console.log(`${status.node.stage.name} ${status.node.label}`);
    for (const line of liveJob(status, why).why ?? []) console.log(`    ${line}`);
  }
  const waiting = [...scheduler.statuses.values()].filter((s) => s.state === "waiting").length;
  console.log(
    `${open - waiting} of ${scheduler.statuses.size} jobs would run, and ${waiting} behind them ` +
      `unless those leave the same bytes as before.`,
  );
  return 0;
}

/** What a dry run finds where all is done. */
function nothingToDo(jobs: number): number {
  console.log(`All ${jobs} jobs are done; nothing would run.`);
  return 0;
}
