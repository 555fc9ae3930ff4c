/**
 * @file `<store>/sweeps/<id>.json`: what a sweep has been so far, whole at any moment.
 *
 * The file says which runs were taken up and by whom; which of their jobs are done is the catalogue's
 * to say, so a kill between the two costs nothing.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Commit } from "../log/git.ts";
import { writeFileAtomic } from "../store/files.ts";
import type { SweepConfig } from "./config.ts";
import type { Parameters } from "./points.ts";

/** `open`: not all of its jobs are done. */
export type RunState = "done" | "failed" | "open";

export interface SweepRun {
  /** "0000", "0001", … */
  name: string;
  parameters: Parameters;
  state: RunState;
  /** Key of each job by role, as far as it is known: a key needs the content of the inputs. */
  jobs: Record<string, string | null>;
  metrics: Record<string, number>;
  error?: string;
}

export interface Invocation {
  started: string;
  command: string;
  /** Null without git. */
  git: Commit | null;
  engine: string;
}

export interface SweepState {
  id: string;
  file: string;
  config: Omit<SweepConfig, "notes">;
  invocations: Invocation[];
  runs: SweepRun[];
}

export function statePath(storeDir: string, id: string): string {
  return join(storeDir, "sweeps", `${id}.json`);
}

/** @throws {Error} when the file is there and cannot be read */
export function readState(storeDir: string, id: string): SweepState | undefined {
  const path = statePath(storeDir, id);
  if (!existsSync(path)) return undefined;
  try {
    const state = JSON.parse(readFileSync(path, "utf8")) as SweepState;
    if (state.id === id && Array.isArray(state.runs)) return state;
  } catch {
    // Told below.
  }
  throw new Error(
    `${path} is damaged. Move it away and call the sweep again: its runs are in the catalogue, and ` +
      `those that are done are found there.`,
  );
}

/** JSON has no NaN: a diverged run's numbers are words. */
export function writeState(storeDir: string, state: SweepState): void {
  const text = JSON.stringify(
    state,
    (_key, value) => typeof value === "number" && !Number.isFinite(value) ? String(value) : value,
    1,
  );
  writeFileAtomic(statePath(storeDir, state.id), text + "\n");
}
