/**
 * @file What a stage is: the contract between the pipeline and the science it runs.
 *
 * A stage is one module in `pipeline/stages/`. The worker imports it by path and calls `run`; the
 * coordinator needs only `params`, `modules`, `usesEngine`, `alone`, `permissions`, `own`, `fixed` and `facts`, which it reads from
 * a bundle that leaves `run` and everything behind it out (see plan.ts). What a job costs is told elsewhere, by
 * pipeline/estimate/pilots/<stage>.ts; a stage only counts what it has done.
 */
import type { ZodType } from "zod";
import type { Compile } from "../lib/engine/types.ts";
import type { Tensor } from "../lib/tensor/tensor.ts";

/** A module that parameters name (the one model, the one dataset reader) and what is used of it. */
export interface ModuleRef {
  /** From the root of the repository, for example "lib/models/stack.ts". */
  path: string;
  /** Only these are part of the code fingerprint. */
  exports: string[];
}

/** What a stage's worker may do beyond reading its code and its inputs, and writing inside the store. */
export interface StagePermissions {
  /** Hosts, or true for all of them. */
  net?: string[] | true;
  /**
   * Paths from the root of the repository, or `$NAME` for the one in a variable of the environment. What is read there is not part
   * of the key, so it must be checked against something that is.
   */
  read?: string[];
  /** Paths from the root of the repository; they may be read, too. */
  write?: string[];
  /** Native libraries, which no permission confines. Stages with `usesEngine` have it where the engine is native. */
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
  /** True hands `run` the `compile` of the engine, whose module, version and device are then part of the key. */
  usesEngine?: boolean;
  /** True where a job measures time: it starts when no other job runs, and while it runs none starts. */
  alone?: boolean;
  permissions?: StagePermissions;
  /**
   * Parameters that only happen to be called like those of other stages. All others are one fact in a chain of jobs: `--set` changes
   * them in every stage that has them.
   */
  own?: readonly string[];
  /** Why `--set` may not change the parameters, and what to do instead. */
  fixed?: string;
  /**
   * What the job takes for given, by name, where parameters do not say it by one name: jobs that are made from one another must agree.
   */
  // deno-lint-ignore no-explicit-any -- each stage has parameters of its own
  facts?(params: any): Record<string, unknown>;
  // deno-lint-ignore no-explicit-any -- each stage has parameters of its own
  run(ctx: StageContext<any>): Promise<StageResult> | StageResult;
}

/** What the coordinator knows of a stage. */
export interface StagePart {
  name: string;
  /** From the root. */
  path: string;
  schema: ZodType;
  modules?(params: unknown): Record<string, ModuleRef>;
  usesEngine: boolean;
  alone?: boolean;
  permissions: StagePermissions;
  own?: readonly string[];
  fixed?: string;
  facts?(params: unknown): Record<string, unknown>;
}

/** What `run` is given. */
export interface StageContext<P = unknown> {
  params: P;
  inputs: Record<string, ArtifactReader>;
  // deno-lint-ignore no-explicit-any -- whatever the named modules export
  modules: Record<string, any>;
  /** Of the engine of the run, with the threads that the job may keep busy; for stages with `usesEngine`. */
  compile: Compile;
  /**
   * Every program of the job is compiled; to be called before the first of them runs. Where an earlier job of the same parameters,
   * inputs and code, but for the part of the engine that makes programs, had programs of the same bytes, the job ends here with what
   * that one left: this throws what the stage must let pass, when it has closed its programs. A job that compiles another program
   * later is none that others can end by.
   */
  programsCompiled(): void;
  /** One line for the reader of the run; kept nowhere. */
  log(line: string): void;
  /**
   * Whole units of the work (steps, sequences) that are done. The worker times them, from the first report to the last: report
   * 0 where the first unit costs as much as the others, and nothing before the first is done where that one compiles. The same
   * count again, after more work on all of the units (their scores), adds that to what a unit costs.
   */
  progress(done: number, total: number): void;
  /**
   * So many more of `name` are done: tokens, or the units themselves ("unit") where `progress` reports parts of them. The worker
   * observes "NAME seconds", of one of them, from the second interval between two ticks on, because the first one compiles.
   * A tick of none says that what went before was other work.
   */
  tick(name: string, count: number): void;
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
