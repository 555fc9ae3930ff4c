/**
 * @file What a run is doing, for `status` and `why` in another terminal, and for the pages of `serve`.
 *
 * The catalogue on disk is the one from before the run, so the coordinator leaves a file, replaced by
 * rename, that says where every job stands and why it runs; and a small one with its progress, for who asks each second.
 */
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { writeCache } from "../store/files.ts";
import { holderOf } from "../store/lock.ts";
import type { RunTotals } from "./display.ts";
import type { JobStatus } from "./scheduler.ts";

export interface LiveJob {
  label: string;
  labels: string[];
  stage: string;
  state: JobStatus["state"];
  /** On which node of a cluster. */
  where?: string;
  seconds?: number;
  progress?: { done: number; total: number };
  error?: string;
  key?: string;
  /** Why it was not done when the run began; or what it waits for. */
  why?: string[];
}

export interface LiveRun {
  pid: number;
  profile: string;
  /** That goes on with it, should it be stopped. */
  command: string;
  totals: RunTotals;
  jobs: LiveJob[];
}

/** Of a run as a whole. */
export interface RunProgress extends Omit<LiveRun, "jobs"> {
  /** Some of the jobs that run now. */
  running: Pick<LiveJob, "label" | "stage" | "progress">[];
}

/** Jobs that a progress names. */
const MOST_RUNNING = 4;

export class LiveFile {
  #path: string;
  #progressPath: string;
  #timer?: ReturnType<typeof setTimeout>;
  #closed = false;
  #waitMs: number;

  /** @param describe called when the files are written */
  constructor(
    dir: string,
    private readonly describe: () => LiveRun,
    private readonly everyMs = 100,
  ) {
    this.#waitMs = everyMs;
    this.#path = liveFile(dir);
    this.#progressPath = progressFile(dir);
    this.write();
  }

  /** Something changed; the file follows soon. */
  touch(): void {
    if (this.#closed) return;
    this.#timer ??= setTimeout(() => this.write(), this.#waitMs);
  }

  write(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const start = performance.now();
    // Who asks about the run does without it on a full disk.
    const run = this.describe();
    writeCache(this.#path, JSON.stringify(run));
    writeCache(this.#progressPath, JSON.stringify(progressOf(run)));
    // A large graph's file takes a while to write; it must not take a share of the run that matters. Nor may one slow
    // write make all that follow late.
    this.#waitMs = Math.min(1000, Math.max(this.everyMs, 20 * (performance.now() - start)));
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const path of [this.#path, this.#progressPath]) {
      try {
        rmSync(path, { force: true });
      } catch {
        // It names a process that is gone, and so says nothing but that.
      }
    }
  }
}

/** Undefined when the file is not there, or left by another process than the one asked about. */
export function readLive(dir: string, pid: number): LiveRun | undefined {
  try {
    const live = JSON.parse(readFileSync(liveFile(dir), "utf8")) as LiveRun;
    return live.pid === pid ? live : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The run that goes on in a store, or the last one where that was killed: one that ends, however it does, leaves nothing.
 *
 * @returns undefined for none; `killed` when the process is gone that it was of
 */
export async function readProgress(
  dir: string,
): Promise<RunProgress & { killed: boolean } | undefined> {
  let progress: RunProgress;
  try {
    progress = JSON.parse(readFileSync(progressFile(dir), "utf8"));
  } catch {
    return undefined;
  }
  // The system frees the lock of a process that dies; another one may hold it by now.
  return { ...progress, killed: (await holderOf(dir))?.pid !== progress.pid };
}

function progressOf({ jobs, ...run }: LiveRun): RunProgress {
  const running = jobs.filter(({ state }) => state === "running").slice(0, MOST_RUNNING);
  return {
    ...run,
    running: running.map(({ label, stage, progress }) => ({ label, stage, progress })),
  };
}

function progressFile(dir: string): string {
  return join(dir, "progress.json");
}

function liveFile(dir: string): string {
  return join(dir, "live.json");
}
