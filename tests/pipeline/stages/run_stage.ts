/** @file Runs a stage as a worker does, keeping what it reports. */
import assert from "node:assert/strict";
import * as ort from "onnxruntime-node";
import type { ZodType } from "zod";
import { compileOn, type EngineName } from "../../../lib/engine/mod.ts";
import type { Compile } from "../../../lib/engine/types.ts";
import { Clock } from "../../../pipeline/run/clock.ts";
import type {
  ArtifactReader,
  Checkpoint,
  ModuleRef,
  StageContext,
  StageResult,
} from "../../../pipeline/stage.ts";

// deno-lint-ignore no-explicit-any
type Any = any;

interface Stage {
  params: () => ZodType;
  modules?(params: Any): Record<string, ModuleRef>;
  run(ctx: Any): Promise<StageResult> | StageResult;
}

export interface StageOptions {
  /** In place of those of the repository, by what the stage calls them. */
  readonly modules?: Record<string, object>;
  readonly inputs?: Record<string, Any>;
  readonly engine?: EngineName;
  /** In place of that engine's. */
  readonly compile?: Compile;
  readonly threads?: number;
  readonly checkpoint?: Checkpoint;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
  /** Told the digests of all programs when the stage says that they are compiled; may throw as a worker does. */
  readonly onCompiled?: (digests: readonly string[]) => void;
}

/**
 * Fills the defaults of `params` and runs the stage. Modules are given as far as the stage has declared their use: the rest is
 * not part of a job's key. However the stage ends, the native sessions that it opened are released.
 */
export async function runStage(
  stage: Stage,
  params: object,
  {
    modules = {},
    inputs = {},
    engine = "ort",
    compile = compileOn(engine),
    threads = 1,
    checkpoint,
    signal,
    onProgress,
    onCompiled,
  }: StageOptions = {},
) {
  const parsed = stage.params().parse(params);
  const metrics: [string, number, number][] = [];
  const observed: Record<string, number> = {};
  const progress: [number, number][] = [];
  const logged: string[] = [];
  const digests: string[] = [];
  const clock = new Clock();
  const used: Record<string, object> = {};
  for (const [name, { path, exports }] of Object.entries(stage.modules?.(parsed) ?? {})) {
    const module: Any = modules[name] ?? await import(`../../../${path}`);
    used[name] = Object.fromEntries(exports.map((name) => [name, module[name]]));
  }
  const ctx: StageContext<Any> = {
    params: parsed,
    inputs,
    modules: used,
    async compile(fn, args) {
      const program = await compile(fn, args, { threads });
      digests.push(program.report.digest!);
      return program;
    },
    programsCompiled: () => onCompiled?.([...digests]),
    log: (line) => void logged.push(line),
    progress(done, total) {
      progress.push([done, total]);
      onProgress?.(done, total);
      clock.progress(done);
    },
    tick: (name, count) => clock.tick(name, count),
    metric: (name, step, value) => void metrics.push([name, step, value]),
    observe: (name, value) => void (observed[name] = value),
    checkpoint: checkpoint ??
      { load: () => Promise.resolve(undefined), save: () => Promise.resolve() },
    signal: signal ?? new AbortController().signal,
  };
  using sessions = nativeSessions();
  let result: StageResult;
  try {
    result = await stage.run(ctx);
  } finally {
    assert.equal(sessions.open(), 0, "sessions that the stage has left open");
  }
  const json = (name: string) => (result.files[name] as { json: Any }).json;
  const tensors = (name: string) => (result.files[name] as { tensors: Any }).tensors;
  const curve = (name: string) =>
    metrics.filter(([metric]) => metric === name).map(([, step, value]) => ({ step, value }));
  return {
    ...result,
    scalars: result.scalars ?? {},
    metrics,
    observed: { ...clock.observations(), ...observed },
    progress,
    logged,
    digests,
    json,
    tensors,
    curve,
  };
}

/** What a job left, as the next one reads it. */
export function artifact({ files, scalars }: StageResult): ArtifactReader {
  const held = (name: string): Any => {
    if (name in files) return files[name];
    throw new Error(`no file ${name}, only ${Object.keys(files).join(", ")}`);
  };
  return {
    files: Object.keys(files),
    scalars: scalars ?? {},
    tensors: (name) => Promise.resolve(held(name).tensors),
    json: (name) => Promise.resolve(held(name).json),
    text: (name) => Promise.resolve(held(name)),
    bytes: (name) => Promise.resolve(held(name)),
  };
}

/** Observations as stage generate leaves them. */
export const dataset = (y: Any) => artifact({ files: { "data.safetensors": { tensors: { y } } } });

/**
 * A clock that stands still unless it is told to go on, in seconds, in place of `performance.now`.
 */
export function stillClock() {
  const real = performance.now;
  let seconds = 1000;
  performance.now = () => 1000 * seconds;
  return {
    advance: (by: number) => void (seconds += by),
    [Symbol.dispose]: () => void (performance.now = real),
  };
}

/** Counts the sessions of ONNX Runtime that are open. */
function nativeSessions() {
  const { InferenceSession } = ort;
  const create = InferenceSession.create;
  let open = 0;
  InferenceSession.create = async (...args: Any[]) => {
    const session = await (create as Any)(...args);
    const release = session.release.bind(session);
    open++;
    session.release = () => (open--, release());
    return session;
  };
  return {
    open: () => open,
    [Symbol.dispose]: () => void (InferenceSession.create = create),
  };
}
