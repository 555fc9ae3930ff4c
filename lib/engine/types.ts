/**
 * @file The words every engine shares: what a compiled program looks like from outside. Nothing here knows about ONNX or
 * jax-js.
 */
import type { Spec, Tensor, Tree } from "../tensor/tensor.ts";
import type { EngineName } from "./engines.ts";

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
  /** Tells programs apart that an engine runs alike from those it does not; absent where it has no bytes of them. */
  readonly digest?: string;
  /** Rules of the tables (table.ts) that made it, as `path#operation`, sorted; none on `jax`. */
  readonly rules: readonly string[];
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

/** A pure function of trees of jax-js arrays, one for each argument, to such a tree. */
// deno-lint-ignore no-explicit-any
export type TracedFunction = (...args: any[]) => any;

/** How a program runs on its engine. */
export interface CompileOptions {
  /** Threads inside one kernel; 1 by default, because results depend on the thread count. */
  readonly threads?: number;
  /** Refuse a program of which `ort-webgpu` would run a part on the CPU, with copies between; false by default. */
  readonly deviceOnly?: boolean;
}

/**
 * What an engine is: traces a pure jax-js function and makes it executable.
 * @param fn its array arguments have move semantics (`x.ref` for every use but the last).
 * @param exampleArgs for each argument a tree of specs, host tensors or handles; only shapes and dtypes count.
 * @throws {UnsupportedPrimitive} naming the primitive and the line of the model.
 * @throws {NotDifferentiable} likewise, where a gradient of lib/engine/gradient.ts meets an operation without a derivative.
 */
export type Compile = (
  fn: TracedFunction,
  exampleArgs: readonly Tree<Spec>[],
  options?: CompileOptions,
) => Promise<Program>;
