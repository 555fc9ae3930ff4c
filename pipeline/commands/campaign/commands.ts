/** @file The commands of a checkout as its tasks call them, in process groups of their own. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { childrenWith, signal } from "./processes.ts";

/** Named where a worker is started. */
const WORKER = "pipeline/run/worker.ts";

export interface Ended {
  /** Null where a signal ended it. */
  code: number | null;
  out: string;
  seconds: number;
  /** Labels of the jobs that it said were done, in their order. */
  ran: string[];
}

export interface Running {
  pid: number;
  ended: Promise<Ended>;
  hasEnded(): boolean;
  said(): string;
  kill(name: NodeJS.Signals): boolean;
  killGroup(name: NodeJS.Signals): boolean;
  workers(): number[];
}

export interface StartOptions {
  /** Words before the command: a program that calls it. */
  prefix?: readonly string[];
  env?: Record<string, string>;
  /** Words for Deno before the file. */
  deno?: readonly string[];
}

/** Starts `deno task COMMAND`, without the shell between. */
export function start(
  root: string,
  command: string,
  args: readonly string[] = [],
  { prefix = [], env = {}, deno = [] }: StartOptions = {},
): Running {
  const [program, ...words] = [...prefix, Deno.execPath()];
  const begun = performance.now();
  const child = spawn(program, [...words, ...taskWords(root, command, deno), ...args], {
    cwd: root,
    // The checkout may lie inside of a repository, and is no part of it.
    env: { ...Deno.env.toObject(), NO_COLOR: "1", GIT_CEILING_DIRECTORIES: root, ...env },
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let out = "";
  let over = false;
  for (const stream of [child.stdout!, child.stderr!]) stream.on("data", (data) => out += data);
  const ended = new Promise<Ended>((settle) => {
    child.on("error", (error) => out += error.message);
    child.on("close", (code) => {
      over = true;
      settle({ code, out, seconds: (performance.now() - begun) / 1000, ran: ranIn(out) });
    });
  });
  const pid = child.pid ?? 0;
  return {
    pid,
    ended,
    hasEnded: () => over,
    said: () => out,
    kill: (name) => !over && signal(pid, name),
    killGroup: (name) => !over && signal(-pid, name),
    workers: () => over ? [] : childrenWith(pid, WORKER),
  };
}

/** The words of a task of deno.json, permissions included, after `deno`. */
function taskWords(root: string, command: string, more: readonly string[]): string[] {
  const config = join(root, "deno.json");
  const { tasks } = JSON.parse(readFileSync(config, "utf8"));
  const words = (tasks[command === "run" ? "pipeline" : command] as string).split(" ").slice(1);
  return [words[0], "--quiet", "--no-prompt", `--config=${config}`, ...more, ...words.slice(1)];
}

function ranIn(out: string): string[] {
  return out.split("\n").flatMap((line) =>
    /^\[\d+\/\d+\] \S+ (\S+) \([\d.]+ s\)$/.exec(line)?.[1] ?? []
  );
}

export const sleep = (seconds: number) =>
  new Promise<void>((go) => setTimeout(go, Math.max(0, seconds * 1000)));

/** Waits until something holds. @returns false where the process has ended, or it takes too long, before */
export async function until(
  holds: () => boolean,
  run?: Running,
  seconds = 60,
): Promise<boolean> {
  for (const end = performance.now() + seconds * 1000; performance.now() < end;) {
    if (holds()) return true;
    if (run?.hasEnded()) return holds();
    await sleep(0.03);
  }
  return false;
}
