/**
 * @file Where jobs run. `local` is a pool of processes on this machine; `slurm` will be the same
 * worker behind `sbatch`. The scheduler needs no more than this.
 */
import type { JobResult, JobSpec } from "../protocol.ts";
import type { MetricPoint } from "../../store/changes.ts";
import type { StagePermissions } from "../../stage.ts";

export type Outcome =
  | { ok: true; result: JobResult }
  /** `aborted`: not the job's fault, the run was being stopped. `metrics`: the curve as far as it came, where the job could say. */
  | { ok: false; message: string; aborted: boolean; metrics?: MetricPoint[] };

export interface JobHooks {
  log(line: string): void;
  progress(done: number, total: number): void;
  /** Points of curves while they grow; an executor that sends none leaves them to the result. */
  metrics?(points: MetricPoint[]): void;
}

export interface Executor {
  /** Jobs it works on at the same time. */
  readonly capacity: number;
  /** Never rejects: whatever happens to a job or its process is an outcome. */
  run(spec: JobSpec, permissions: StagePermissions, hooks: JobHooks): Promise<Outcome>;
  /** Asks every job to stop and, after a moment, insists. */
  abort(graceMs: number): void;
  /** Ends the workers. */
  close(): Promise<void>;
}
