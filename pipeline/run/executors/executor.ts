/**
 * @file Where jobs run. `local` is a pool of processes on this machine; `slurm` is the same pool on the nodes
 * of a cluster. The scheduler needs no more than this.
 */
import type { JobResult, JobSpec } from "../protocol.ts";
import type { Machine, MetricPoint, Observed } from "../../store/changes.ts";
import type { StagePermissions } from "../../stage.ts";

export type Outcome =
  /** `machine`: that the job ran on, where it was another than the coordinator's. */
  | { ok: true; result: JobResult; machine?: Machine }
  /** `aborted`: not the job's fault, the run was being stopped. `metrics`: the curve as far as it came, where the job could say. */
  | { ok: false; message: string; aborted: boolean; metrics?: MetricPoint[] };

export interface JobHooks {
  log(line: string): void;
  progress(done: number, total: number): void;
  /** Points of curves while they grow; an executor that sends none leaves them to the result. */
  metrics?(points: MetricPoint[]): void;
  /** Of an executor with a queue: the job has left it, or is back in it because the place where it ran is gone. */
  started?(where: string): void;
  queued?(why: string): void;
}

export interface Executor {
  /** Jobs it works on at the same time. */
  readonly capacity: number;
  /** Jobs wait with it until there is a place for them, and it says when that is. */
  readonly queues?: boolean;
  /** Never rejects: whatever happens to a job or its process is an outcome. */
  run(spec: JobSpec, permissions: StagePermissions, hooks: JobHooks): Promise<Outcome>;
  /** Asks every job to stop and, after a moment, insists. */
  abort(graceMs: number): void;
  /** Ends the workers. */
  close(): Promise<void>;
  /** What it has heard of jobs only after their end, by key: what they used, as the place counts where they ran. Asked when it is closed. */
  accounts?(): Promise<Observed[]>;
}
