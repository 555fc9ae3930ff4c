/**
 * @file Where curves go besides the catalogue: what a logging sink is told, in the order of a run's life.
 *
 * A sink watches. It returns at once, and whatever happens to it happens to nobody else: the feed
 * (feed.ts) drops a sink that throws, with one line, and the jobs go on.
 */
import type { MetricPoint } from "../store/changes.ts";

/** What a sink shows as one run: one job of an experiment, or the jobs of one run of a sweep. */
export interface LoggedRun {
  /** The same for the same work, so that a restart replaces what it had logged. */
  id: string;
  /** The experiment or sweep. */
  group: string;
  /** Unique in the group; parts between slashes. */
  name: string;
  /** Parameters, stage, engine, git commit. */
  config: Record<string, unknown>;
  /** What the numbers come from, as a hash; to be asked once the run is done. */
  work(): string;
}

export type RunEnd = "done" | "failed" | "stopped";

export interface Sink {
  readonly name: string;
  started(run: LoggedRun): void;
  /** Points of curves, in the order in which they were made. */
  metrics(run: LoggedRun, points: MetricPoint[]): void;
  /** What a job left as numbers. */
  scalars(run: LoggedRun, values: Record<string, number>): void;
  finished(run: LoggedRun, end: RunEnd): void;
  /** True when a run that was done before should be logged now, from the catalogue. */
  lacks(run: LoggedRun): boolean;
  /** Within a few seconds. */
  close(): Promise<void>;
}

/** What a sink is opened with. */
export interface SinkOptions {
  storeDir: string;
  /** One line for the user; a sink needs it at most once. */
  warn(line: string): void;
  /** Weights & Biases: from the sweep file, or from the environment. */
  project?: string;
  entity?: string;
}

export const SINKS = ["tensorboard", "wandb"] as const;

export type SinkName = typeof SINKS[number];
