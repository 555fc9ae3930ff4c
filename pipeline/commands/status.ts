/**
 * @file `deno task status`: where every job stands, during a run or between runs.
 */
import { resolve } from "node:path";
import { formatSeconds } from "../run/display.ts";
import { type LiveJob, readLive } from "../run/live.ts";
import { standing, WORDS } from "../run/standing.ts";
import { holderOf } from "../store/lock.ts";
import { readWorkspace, selectJobs } from "../workspace.ts";
import type { CommandOptions } from "./options.ts";

export async function command(options: CommandOptions): Promise<number> {
  const going = await runningNow(resolve(options.root, options.store));
  if (going && !options.json) {
    const { profile, pid, command } = going;
    console.log(`A run of profile ${profile} is going on (pid ${pid}, "${command}").`);
  }
  print(going?.jobs ?? await standingNow(options), options);
  return 0;
}

/** What a run that uses the store says of itself; undefined when there is none, or it has said nothing yet. */
export async function runningNow(dir: string) {
  const holder = await holderOf(dir);
  const live = holder && await waitForLive(dir, holder.pid);
  return live && { ...live, command: holder.command };
}

/** A run that has just taken the lock needs a moment before it can say anything. */
async function waitForLive(dir: string, pid: number) {
  for (let attempt = 0; attempt < 40; attempt++) {
    const live = readLive(dir, pid);
    if (live) return live;
    if (!await holderOf(dir)) return undefined;
    await new Promise((go) => setTimeout(go, 50));
  }
  return undefined;
}

async function standingNow(options: CommandOptions): Promise<LiveJob[]> {
  const workspace = await readWorkspace(options);
  try {
    return (await standing(workspace, selectJobs(workspace.graph, options))).jobs;
  } finally {
    await workspace.close();
  }
}

/** `queued` only where some are. */
const COLUMNS = ["done", "running", "queued", "stale", "waiting", "failed", "skipped"];

function print(jobs: LiveJob[], options: CommandOptions): void {
  if (options.json) {
    console.log(JSON.stringify(jobs.map((job) => ({ ...job, state: WORDS[job.state] })), null, 1));
    return;
  }
  const rows = new Map<string, Record<string, number>>();
  for (const job of jobs) {
    for (const experiment of new Set(job.labels.map((label) => label.split("/")[0]))) {
      const row = rows.get(`${experiment} ${job.stage}`) ?? {};
      row[WORDS[job.state]] = (row[WORDS[job.state]] ?? 0) + 1;
      rows.set(`${experiment} ${job.stage}`, row);
    }
  }
  const width = [...rows.keys()].reduce((most, name) => Math.max(most, name.length), 10);
  const isQueue = jobs.some(({ state }) => state === "queued");
  const columns = COLUMNS.filter((column) => isQueue || column !== "queued");
  console.log(`${"".padEnd(width)}${columns.map((c) => c.padStart(9)).join("")}`);
  for (const [name, row] of rows) {
    const cells = columns.map((c) => String(row[c] ?? "").padStart(9));
    console.log(`${name.padEnd(width)}${cells.join("")}`);
  }
  for (const job of jobs) {
    if (job.state === "running") {
      const { done, total } = job.progress ?? {};
      const where = job.where ? ` (SLURM ${job.where})` : "";
      console.log(`running: ${job.label}${total ? ` ${done}/${total}` : ""}${where}`);
    }
    if (job.state === "failed") {
      console.log(`failed: ${job.label}: ${job.error?.split("\n")[0] ?? ""}`);
    }
  }
  const done = jobs.filter((job) => WORDS[job.state] === "done");
  const spent = done.reduce((sum, job) => sum + (job.seconds ?? 0), 0);
  console.log(
    `${done.length} of ${jobs.length} jobs are done` +
      (spent ? ` (${formatSeconds(spent)} of work in this run).` : "."),
  );
}
