/**
 * @file What tasks have used, as SLURM itself counts it, on clusters that keep accounts (slurmdbd): `sacct`.
 *
 * It counts tasks, and a task takes many jobs. So each of these gets the numbers of the task, by names that say so, with the number of jobs
 * among which they are; what a job used alone its worker has measured. The task's memory has the task's own process in it, too.
 */
import type { Observed } from "../../../store/changes.ts";
import { type Slurm, SlurmError } from "./commands.ts";

/** So long, at most, for the accounts of what has ended. */
const PATIENCE_MS = 10_000;
const ASK_EVERY_MS = 500;

/** A task that has ended. */
export interface Account {
  /** By the clock. */
  seconds: number;
  /** Of all its processes. */
  cpuSeconds: number;
  /** Largest resident memory at one time, in bytes; 0 where the task was too short to be looked at. */
  peakMemory: number;
}

/** States of what uses something, or is still to. */
const ALIVE = /^(PENDING|RUNNING|COMPLETING|CONFIGURING|REQUEUED|RESIZING|SUSPENDED)/;

/** Asked of sacct. */
export const FIELDS = "JobID,State,ElapsedRaw,TotalCPU,MaxRSS";

/**
 * @param said lines of `sacct --parsable2 --noheader` with {@linkcode FIELDS}: one for a task, and one for each of its steps
 * @returns by task, such as "12_3"; without those of which it does not yet know what they have used. That a task was cancelled is known a
 * moment before: its steps count as cancelled then, too, and have taken no time
 */
export function readAccounts(said: string): Map<string, Account> {
  const found = new Map<string, Account>();
  const peaks = new Map<string, number>();
  const alive = new Set<string>();
  for (const line of said.split("\n")) {
    const [id, state, elapsed, cpu, memory] = line.split("|");
    const [task, step] = id.split(".");
    if (memory === undefined || !/^\d+_\d+$/.test(task)) continue;
    if (ALIVE.test(state)) alive.add(task);
    peaks.set(task, Math.max(peaks.get(task) ?? 0, bytesOf(memory)));
    const cpuSeconds = secondsOf(cpu);
    if (step !== undefined || cpuSeconds === 0) continue;
    found.set(task, { seconds: Number(elapsed), cpuSeconds, peakMemory: 0 });
  }
  for (const task of alive) found.delete(task);
  for (const [task, account] of found) account.peakMemory = peaks.get(task)!;
  return found;
}

/** "1-02:03:04", "02:03:04" or "03:04.567". */
export function secondsOf(text: string): number {
  const match = /^(?:(?:(\d+)-)?(\d+):)?(\d+):(\d+(?:\.\d+)?)$/.exec(text);
  if (!match) return 0;
  const [days = 0, hours = 0, minutes, seconds] = match.slice(1)
    .map((part) => part === undefined ? undefined : Number(part));
  return ((days * 24 + hours) * 60 + minutes!) * 60 + seconds!;
}

const UNITS = ["", "K", "M", "G", "T", "P"];

/** "93180K", "91M", "1.5G", "0" or "". */
export function bytesOf(text: string): number {
  const [, number, unit] = /^([\d.]+)([KMGTP]?)$/.exec(text) ?? [];
  return number === undefined ? 0 : Math.round(Number(number) * 1024 ** UNITS.indexOf(unit));
}

/** What is observed of each of the jobs that a task did. */
export function observationsOf(
  { seconds, cpuSeconds, peakMemory }: Account,
  jobs: number,
): Record<string, number> {
  return {
    "task jobs": jobs,
    "task seconds": seconds,
    "task cpu seconds": cpuSeconds,
    ...(peakMemory > 0 && { "task peak memory bytes": peakMemory }),
  };
}

/** The tasks of one run. */
export class Accounts {
  /** Keys of jobs by the task that has done them. */
  readonly #done = new Map<string, string[]>();

  constructor(private readonly slurm: Pick<Slurm, "accounts">) {}

  /** A task has done a job. */
  did(task: string, key: string): void {
    const keys = this.#done.get(task);
    if (keys) keys.push(key);
    else this.#done.set(task, [key]);
  }

  /**
   * Of tasks that have ended; nothing where no accounts are kept.
   *
   * @param ended whether all of them have, or are about to: what ends a task is told to the accounts a moment later
   */
  async observed(ended: boolean, say: (line: string) => void): Promise<Observed[]> {
    const tasks = [...this.#done.keys()];
    let found = new Map<string, Account>();
    try {
      for (const start = performance.now(); tasks.length;) {
        found = readAccounts(await this.slurm.accounts(tasks, FIELDS));
        const isOver = performance.now() - start > PATIENCE_MS;
        if (!ended || isOver || tasks.every((task) => found.has(task))) break;
        await new Promise((go) => setTimeout(go, ASK_EVERY_MS));
      }
    } catch (error) {
      if (!isOff(error)) say(`SLURM's accounts: ${(error as Error).message}`);
    }
    return [...found].flatMap(([task, account]) => {
      const keys = this.#done.get(task) ?? [];
      const observations = observationsOf(account, keys.length);
      return keys.map((key) => ({ key, observations }));
    });
  }
}

/** True for the answer of a cluster that keeps no accounts, or has no program that shows them. */
const isOff = (error: unknown): boolean =>
  error instanceof SlurmError && /accounting storage is disabled|^not found/i.test(error.said);
