/**
 * @file `deno task why JOB`: the ingredient that keeps a job from being done, with both values.
 */
import { resolve } from "node:path";
import { reasons } from "../keys/reasons.ts";
import type { LiveJob } from "../run/live.ts";
import { Scheduler } from "../run/scheduler.ts";
import type { JobNode } from "../graph.ts";
import { findJob, readWorkspace, selectJobs } from "../workspace.ts";
import type { CommandOptions } from "./options.ts";
import { runningNow } from "./status.ts";

export async function command(options: CommandOptions): Promise<number> {
  const [name] = options.words;
  const going = await runningNow(resolve(options.root, options.store));
  const lines = going ? explainLive(name, going.jobs) : await explain(name, options);
  for (const line of lines) console.log(line);
  return 0;
}

/** Lines, and inputs of inputs of a job that waits: beyond these only what will run is told. */
const MOST_LINES = 500;
const DEEPEST = 12;

async function explain(name: string, options: CommandOptions): Promise<string[]> {
  const workspace = await readWorkspace(options);
  try {
    const node = findJob(workspace.graph, name);
    const scheduler = new Scheduler(
      selectJobs(workspace.graph, { job: node.label }),
      workspace.resolver,
    );
    await scheduler.plan();
    const catalog = await workspace.catalog();
    const labels = await workspace.labels();
    const lines: string[] = [];
    const told = new Set<JobNode>();
    let left = 0;
    // A chain may be longer than a stack is deep, and than anybody reads.
    const stack = [{ at: node, depth: 0 }];
    for (let next; (next = stack.pop());) {
      const { at, depth } = next;
      if (told.has(at)) continue;
      told.add(at);
      const status = scheduler.statuses.get(at)!;
      if (lines.length > MOST_LINES || (depth > DEEPEST && status.state === "waiting")) left++;
      const indent = "  ".repeat(Math.min(depth, DEEPEST + 1));
      const title = `${indent}${at.stage.name} ${at.label}`;
      if (lines.length > MOST_LINES) continue;
      if (status.state === "cached") {
        const key = workspace.resolver.keys.get(at)!;
        const [row] = await catalog.query(
          "SELECT strftime(finished, '%Y-%m-%d %H:%M:%S') AS at FROM job WHERE key = $key",
          { key },
        );
        const same = await catalog.sameAs(key);
        const how = same
          ? `; its programs were those of job ${same.slice(0, 12)}, whose results it has`
          : "";
        lines.push(`${title} is done: key ${key.slice(0, 12)}, finished ${row?.at}${how}.`);
      } else if (status.state === "ready") {
        lines.push(`${title} will run, because`);
        const found = await reasons(
          at,
          status.stale!,
          labels.get(at.label),
          catalog,
          workspace,
        );
        for (const reason of found) lines.push(`${indent}  ${reason}`);
      } else {
        if (depth <= DEEPEST) {
          lines.push(`${title} waits for the content of inputs that will run first:`);
        }
        for (const input of Object.values(at.inputs).toReversed()) {
          if (input.kind !== "job" || scheduler.statuses.get(input)!.state === "cached") continue;
          stack.push({ at: input, depth: depth + 1 });
        }
      }
    }
    if (left) lines.push(`(${left} more jobs that wait are not listed)`);
    return lines;
  } finally {
    await workspace.close();
  }
}

const VERBS: Record<LiveJob["state"], string> = {
  waiting: "waits",
  ready: "will run",
  queued: "waits for a place on the cluster",
  running: "is running",
  cached: "is done",
  ran: "has run",
  failed: "has failed",
  skipped: "was skipped",
  stopped: "was stopped",
};

function explainLive(name: string, jobs: LiveJob[]): string[] {
  for (
    const test of [
      (l: string) => l === name,
      (l: string) => l.endsWith(name),
      (l: string) => l.includes(name),
    ]
  ) {
    const found = jobs.filter((job) => job.labels.some(test));
    if (found.length > 1) {
      throw new Error(
        `"${name}" matches ${found.length} jobs; name one of\n  ` +
          found.slice(0, 8).map((job) => job.label).join("\n  "),
      );
    }
    if (!found.length) continue;
    const [job] = found;
    if (job.state === "cached") return [`${job.stage} ${job.label} is done.`];
    return [
      `${job.stage} ${job.label} ${VERBS[job.state]} in the run that is going on, because`,
      ...(job.why ?? ["(not looked up yet)"]).map((line) => `  ${line}`),
    ];
  }
  throw new Error(`No job "${name}" in the run that is going on.`);
}
