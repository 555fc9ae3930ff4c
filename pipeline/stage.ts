/**
 * @file What a stage is: the contract between the pipeline and the science it runs.
 *
 * A stage is one module in `pipeline/stages/`. The worker imports it by path and calls `run`; the
 * coordinator needs only `params`, `modules`, `usesEngine`, `permissions` and `pilot`, which it reads
 * from a bundle that leaves `run` and everything behind it out (see plan.ts).
 */
import type { ZodType } from "zod";
import type { Tensor } from "./store/safetensors.ts";

export type EngineName = "ort" | "jax" | "jax-webgpu" | "tfjs" | "tfjs-node-gpu";

/** A module that parameters name (the one model, the one dataset reader) and what is used of it. */
export interface ModuleRef {
  /** From the root of the repository, for example "lib/models/transformer.ts". */
  path: string;
  /** Only these are part of the code fingerprint. */
  exports: string[];
}

/** What a stage's worker may do beyond reading, and writing inside the store. */
export interface StagePermissions {
  /** Hosts, or true for all of them. */
  net?: string[] | true;
  /** Paths from the root of the repository. */
  write?: string[];
  /** Native libraries. Stages with `usesEngine` have it anyway. */
  ffi?: true;
}

/** What a module in `pipeline/stages/` exports. */
export interface StageModule {
  /**
   * The schema of the parameters, defaults included; strict, so that a misspelt name is an error.
   * A constant or, better, a function: then importing the stage runs nothing.
   */
  params: ZodType | (() => ZodType);
  // deno-lint-ignore no-explicit-any -- each stage has parameters of its own
  modules?(params: any): Record<string, ModuleRef>;
  /** True makes the engine and its version part of the key. */
  usesEngine?: boolean;
  permissions?: StagePermissions;
  /**
   * A smaller job of the same stage, which `--estimate` runs and measures instead of the whole one.
   * A stage without it, or a job for which it returns undefined, is estimated by earlier runs only.
   */
  // deno-lint-ignore no-explicit-any -- each stage has parameters of its own
  pilot?(params: any, inputs: Record<string, PilotInput>): Pilot | undefined;
  // deno-lint-ignore no-explicit-any -- each stage has parameters of its own
  run(ctx: StageContext<any>): Promise<StageResult> | StageResult;
}

/** A job that another one reads, as `pilot` sees it; a file of the user's has the stage "file". */
export interface PilotInput {
  stage: string;
  // deno-lint-ignore no-explicit-any -- each stage has parameters of its own
  params: any;
}

/**
 * How a job's cost follows from that of a smaller one. A unit is whatever the job repeats: a training
 * step, a sequence. The worker times the units that `ctx.progress` counts, from the first call to the
 * last; a stage that does work in proportion elsewhere observes "unit seconds" itself. Then
 *
 *     seconds = (seconds of the pilot - units * "unit seconds") + of * "unit seconds"
 */
export interface Pilot {
  /**
   * Jobs of a stage with equal classes share one pilot: whatever the cost of set-up and of a unit
   * depends on (model, batch, length), without seeds, rates and the number of units.
   */
  class: unknown;
  /** Parameters of the pilot: at least two units, because the first is set-up's. */
  params: object;
  /** Parameters of inputs that must be smaller too; the others are pilots of their own. */
  inputs?: Record<string, object>;
  /** Units that the pilot does. */
  units: number;
  /** Units that the whole job does. */
  of: number;
  /** Observations that the whole job trains on. */
  tokens?: number;
  /** Bytes that the whole job's artifact has beyond the pilot's. */
  disk?: number;
  /**
   * Another small job, which needs as much memory as the whole one: its batch, but little of it.
   * Without it the pilot is that job.
   */
  peak?: { params: object; inputs?: Record<string, object> };
  /** Bytes of memory that the whole job needs beyond that, from what the pilot observed. */
  memory?(observed: Record<string, number>): number;
}

/** What `run` is given. */
export interface StageContext<P = unknown> {
  params: P;
  inputs: Record<string, ArtifactReader>;
  // deno-lint-ignore no-explicit-any -- whatever the named modules export
  modules: Record<string, any>;
  engine: EngineName;
  /** Threads that the job may keep busy. */
  threads: number;
  /** One line for the reader of the run; kept nowhere. */
  log(line: string): void;
  progress(done: number, total: number): void;
  /** One point of a training curve; lands in the catalogue, not in the artifact. */
  metric(name: string, step: number, value: number): void;
  /** Seconds, bytes, …: whatever may differ between two runs of the same job. */
  observe(name: string, value: number): void;
  checkpoint: Checkpoint;
  /** Aborted when the run is stopped; a long stage may save a checkpoint and throw. */
  signal: AbortSignal;
}

/** Survives a kill: a job that starts again with the same key finds what it saved last. */
export interface Checkpoint {
  load(): Promise<Uint8Array | undefined>;
  /** Replaces the previous one; it is never seen half written. */
  save(bytes: Uint8Array): Promise<void>;
}

/** A file of an artifact: bytes, text, tensors (safetensors) or JSON. */
export type ArtifactFile =
  | Uint8Array
  | string
  | { tensors: Record<string, Tensor> }
  | { json: unknown };

/**
 * What a job leaves. Durations, memory, dates and host names do not belong here: equal results must
 * be equal bytes, or downstream jobs rerun for nothing.
 */
export interface StageResult {
  files: Record<string, ArtifactFile>;
  scalars?: Record<string, number>;
}

/** Reads an artifact; every read is checked against the hash that the catalogue recorded. */
export interface ArtifactReader {
  files: string[];
  scalars: Record<string, number>;
  bytes(name: string): Promise<Uint8Array>;
  text(name: string): Promise<string>;
  // deno-lint-ignore no-explicit-any -- the reader knows what the writer wrote
  json(name: string): Promise<any>;
  tensors(name: string): Promise<Record<string, Tensor>>;
}

/** The same without waiting, for `summarize` of an experiment. */
export interface ArtifactReaderSync {
  files: string[];
  scalars: Record<string, number>;
  bytes(name: string): Uint8Array;
  text(name: string): string;
  // deno-lint-ignore no-explicit-any -- the reader knows what the writer wrote
  json(name: string): any;
  tensors(name: string): Record<string, Tensor>;
}
