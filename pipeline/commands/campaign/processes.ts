/** @file Which processes there are, as /proc of Linux says it. */
import { readdirSync, readFileSync } from "node:fs";
import process from "node:process";

/** Processes that a process has started. */
export function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ")
      .filter(Boolean).map(Number);
  } catch {
    return []; // It is gone.
  }
}

export function isGone(pid: number): boolean {
  // A zombie, whose new parent has not asked for it yet, is gone.
  try {
    return /^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return true;
  }
}

/** Processes, other than this one, that a path was named to when they were started. */
export function processesWith(path: string): number[] {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map(Number)
    .filter((pid) => pid !== process.pid && !isGone(pid) && wordsOf(pid).includes(path));
}

function wordsOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}

/** Sends a signal to a process, or with a negative number to a group. @returns whether there was one */
export function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}
