/**
 * @file The words every engine shares: what a compiled program looks like from outside. Nothing here knows about ONNX or
 * jax-js.
 */
import type { Spec, Tensor, Tree } from "../tensor/tensor.ts";

export * from "../tensor/tensor.ts";

/**
 * A value that stays on the engine's side between runs, so that training state is never copied
 * through the host. Pass it to `run`, or `read` it.
 */
export interface Handle extends Spec {
  /**
   * Copies the value to the host.
   * @throws {TypeError} after {@linkcode dispose}.
   */
  read(): Promise<Tensor>;
  /**
   * Frees the memory now, instead of when the garbage collector finds the handle; other handles keep their values. Await the
   * runs that take the handle first: afterwards it can neither be passed to a run nor read. Harmless when repeated.
   */
  dispose(): void;
}

/** The one list of them. `tfjs` is TensorFlow.js in pure JavaScript, `tfjs-node-gpu` its native form on CUDA. */
export const ENGINES = ["ort", "jax", "jax-webgpu", "tfjs", "tfjs-node-gpu"] as const;
/** An engine by the name that `compile` and `--engine` take. */
export type EngineName = typeof ENGINES[number];

/** What compiling cost; session creation dominates for deep graphs. */
export interface CompileReport {
  /** Milliseconds from the function to its simplified graph. */
  readonly traceMs: number;
  /** Milliseconds from the graph to the engine's form of it; 0 on `jax`. */
  readonly lowerMs: number;
  /** Milliseconds to open the session; on `tfjs` to load TensorFlow.js, 0 on `jax`. */
  readonly sessionMs: number;
  /** Equations of the traced program after simplification. */
  readonly equations: number;
  /** Kernels that one run launches (ONNX nodes for `ort`). */
  readonly nodes: number;
}

/** A traced function made executable by an engine. */
export interface Program {
  /**
   * Runs the program.
   * @param args one tree for each argument of the traced function, same structure and shapes as the
   *   example arguments; leaves are host tensors or handles of an earlier run of the same engine.
   * @returns the tree the traced function returned, with handles at its leaves.
   * @throws {TypeError} when a leaf is missing, has another shape or dtype, or was disposed of.
   */
  // deno-lint-ignore no-explicit-any
  run(...args: Tree<Tensor | Handle>[]): Promise<any>;
  /** Frees native memory; the program cannot run afterwards. */
  close(): Promise<void>;
  /** What runs the program. */
  readonly engine: EngineName;
  /** What compiling it cost. */
  readonly report: CompileReport;
}
