/**
 * @file Which processes there are, as /proc of Linux says it.
 *
 * A shell reads it: Deno lets nobody look there who was not given everything.
 */
import process from "node:process";

function shell(script: string, ...args: string[]): string {
  const { stdout } = new Deno.Command("sh", {
    args: ["-c", script, "sh", ...args],
    stdin: "null",
    stderr: "null",
  }).outputSync();
  return new TextDecoder().decode(stdout);
}

const numbers = (text: string) => (text.match(/\d+/g) ?? []).map(Number);

/** Processes that a process has started. */
export function childrenOf(pid: number): number[] {
  return numbers(shell(`cat "/proc/$1/task/$1/children"`, String(pid)));
}

/** Of the children of a process those that were started with this name of a file; git and the bundler are others. */
export function childrenWith(pid: number, name: string): number[] {
  const script = `for child in $(cat "/proc/$1/task/$1/children"); do
    if grep -qaF -- "$2" "/proc/$child/cmdline"; then echo "$child"; fi
  done`;
  return numbers(shell(script, String(pid), name));
}

/** True as well of a zombie, whose new parent has not asked for it yet. */
export function isGone(pid: number): boolean {
  return !/^State:\s+[^ZX]/m.test(shell(`cat "/proc/$1/status"`, String(pid)));
}

/** Processes, other than this one, that a path was named to when they were started. */
export function processesWith(path: string): number[] {
  // Nothing is written in the command line of a zombie.
  const found = shell(`cd /proc && grep -laF -- "$1" [0-9]*/cmdline`, path);
  const pids = found.split("\n").flatMap((line) => numbers(line.split("/")[0]));
  // The shell and what it starts name the path themselves, and are gone.
  return pids.filter((pid) => pid !== process.pid && !isGone(pid));
}

/** Sends a signal to a process, or with a negative number to a group. @returns whether there was one */
export function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}
