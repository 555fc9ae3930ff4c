/**
 * @file What a run is doing, for `status` and `why` in another terminal.
 *
 * The catalogue on disk is the one from before the run, so the coordinator leaves a file, replaced by
 * rename, that says where every job stands and why it runs.
 */
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { writeCache } from "../store/files.ts";
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
  jobs: LiveJob[];
}

export class LiveFile {
  #path: string;
  #timer?: ReturnType<typeof setTimeout>;
  #closed = false;
  #waitMs: number;

  /** @param describe called when the file is written */
  constructor(
    dir: string,
    private readonly describe: () => LiveRun,
    private readonly everyMs = 100,
  ) {
    this.#waitMs = everyMs;
    this.#path = liveFile(dir);
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
    writeCache(this.#path, JSON.stringify(this.describe()));
    // A large graph's file takes a while to write; it must not take a share of the run that matters. Nor may one slow
    // write make all that follow late.
    this.#waitMs = Math.min(1000, Math.max(this.everyMs, 20 * (performance.now() - start)));
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    try {
      rmSync(this.#path, { force: true });
    } catch {
      // It names a process that is gone, and so says nothing.
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

function liveFile(dir: string): string {
  return join(dir, "live.json");
}
