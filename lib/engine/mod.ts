/**
 * @file Write JAX, run native: `compile` traces a pure jax-js function once and hands it to an engine.
 *
 * @example
 * ```ts
 * import { numpy as np } from "@jax-js/jax";
 * import { compile, tensor } from "./mod.ts";
 *
 * const program = await compile((x: np.Array) => np.tanh(x).sum(), [{ dtype: "float32", shape: [3] }]);
 * const total = await program.run(tensor([1, 2, 3]));
 * console.log((await total.read()).data);
 * ```
 */
import { tree } from "@jax-js/jax";
import type { JaxArray } from "./arrays.ts";
import { JaxHandle, jaxProgram } from "./jax.ts";
import { ortProgram } from "./ort.ts";
import { algebra } from "./rules/algebra.ts";
import { optimised } from "./rules/optimised.ts";
import { tfjsProgram } from "./tfjs.ts";
import { isSpec } from "../tensor/trees.ts";
import { leavesLike, trace, type TracedFunction } from "./trace.ts";
import { UnsupportedPrimitive } from "./unsupported.ts";
import {
  describe,
  type EngineName,
  type Handle,
  type Program,
  type Spec,
  type Tensor,
  type Tree,
} from "./types.ts";

export * from "./types.ts";
export { NotDifferentiable, UnsupportedPrimitive } from "./unsupported.ts";
export type { TracedFunction } from "./trace.ts";

/** On what a program runs. */
export interface CompileOptions {
  /** `ort` by default. */
  readonly engine?: EngineName;
  /** Threads inside one kernel; 1 by default, because results depend on the thread count. */
  readonly threads?: number;
}

/**
 * Traces a pure jax-js function and makes it executable.
 * @param fn pure function of trees of jax-js arrays. Its array arguments have move semantics (`x.ref` for
 *   every use but the last).
 * @param exampleArgs for each argument a tree of specs, host tensors or handles; only shapes and dtypes count.
 * @throws {UnsupportedPrimitive} naming the primitive and the line of the model.
 * @throws {NotDifferentiable} likewise, where a gradient of lib/engine/gradient.ts meets an operation without a derivative.
 */
export async function compile(
  fn: TracedFunction,
  exampleArgs: readonly Tree<Spec>[],
  { engine = "ort", threads = 1 }: CompileOptions = {},
): Promise<Program> {
  switch (engine) {
    case "ort":
      return await compileOrt(fn, exampleArgs, threads);
    case "jax":
    case "jax-webgpu":
      return await compileJax(fn, exampleArgs, engine);
    case "tfjs":
    case "tfjs-node-gpu":
      return await compileTfjs(fn, exampleArgs, engine);
  }
}

/** The leaves of a call's arguments, checked against the example's shapes and dtypes. */
function checkedLeaves(
  exampleArgs: readonly Tree<Spec>[],
  args: readonly Tree<Tensor | Handle>[],
): (Tensor | Handle)[] {
  if (args.length !== exampleArgs.length) {
    throw new TypeError(`the program takes ${exampleArgs.length} arguments, got ${args.length}`);
  }
  const wanted = exampleArgs.flatMap((arg, i) => leavesLike(arg, arg, `argument ${i}`));
  const given = exampleArgs.flatMap((arg, i) => leavesLike(arg, args[i], `argument ${i}`));
  return given.map(({ leaf, path }, i) => {
    const spec = wanted[i].leaf;
    if (describe(leaf) !== describe(spec)) {
      throw new TypeError(`${path} must be ${describe(spec)}, got ${describe(leaf)}`);
    }
    return leaf;
  });
}

async function compileOrt(
  fn: TracedFunction,
  exampleArgs: readonly Tree<Spec>[],
  threads: number,
): Promise<Program> {
  const started = performance.now();
  const { graph, rebuild } = await trace(fn, exampleArgs, optimised);
  const traceMs = performance.now() - started;
  const program = await ortProgram(graph, threads).catch(async (error) => {
    if (!(error instanceof UnsupportedPrimitive)) throw error;
    // Trace again, slowly, to say where the model asked for it.
    const { graph: located } = await trace(fn, exampleArgs, { ...optimised, locate: true });
    return await ortProgram(located, threads);
  });
  const { lowerMs, sessionMs, nodes } = program;
  return {
    engine: "ort",
    report: { traceMs, lowerMs, sessionMs, equations: graph.live().length, nodes },
    run: async (...args) => rebuild(await program.run(checkedLeaves(exampleArgs, args))),
    close: program.close,
  };
}

async function compileTfjs(
  fn: TracedFunction,
  exampleArgs: readonly Tree<Spec>[],
  engine: "tfjs" | "tfjs-node-gpu",
): Promise<Program> {
  const started = performance.now();
  const { graph, rebuild } = await trace(fn, exampleArgs, { rules: [algebra] });
  const traceMs = performance.now() - started;
  const program = await tfjsProgram(graph, engine).catch(async (error) => {
    if (!(error instanceof UnsupportedPrimitive)) throw error;
    const { graph: located } = await trace(fn, exampleArgs, { rules: [algebra], locate: true });
    return await tfjsProgram(located, engine);
  });
  const { lowerMs, sessionMs, nodes } = program;
  return {
    engine,
    report: { traceMs, lowerMs, sessionMs, equations: graph.live().length, nodes },
    run: async (...args) => rebuild(await program.run(checkedLeaves(exampleArgs, args))),
    close: program.close,
  };
}

async function compileJax(
  fn: TracedFunction,
  exampleArgs: readonly Tree<Spec>[],
  engine: "jax" | "jax-webgpu",
): Promise<Program> {
  const started = performance.now();
  // As jax-js will run it: loops unrolled, gradients its own.
  const { graph } = await trace(fn, exampleArgs, { marks: false });
  const equations = graph.live().length;
  const report = {
    traceMs: performance.now() - started,
    lowerMs: 0,
    sessionMs: 0,
    equations,
    nodes: equations,
  };
  const program = await jaxProgram(fn, engine);
  const toArray = (leaf: Tensor | Handle, i: number) => {
    if (leaf instanceof JaxHandle) return leaf.native(`argument ${i}`).ref;
    if ("data" in leaf) return program.place(leaf);
    throw new TypeError(`argument ${i} (${describe(leaf)}) belongs to another engine`);
  };
  return {
    engine,
    report,
    run: async (...args) => {
      const leaves = checkedLeaves(exampleArgs, args).map(toArray)[Symbol.iterator]();
      const rebuildArg = (example: Tree<Spec>): unknown => {
        if (isSpec(example)) return leaves.next().value!;
        if (Array.isArray(example)) return example.map(rebuildArg);
        return Object.fromEntries(
          Object.entries(example).map(([k, v]) => [k, rebuildArg(v as Tree<Spec>)]),
        );
      };
      const result = await program.run(exampleArgs.map(rebuildArg));
      return tree.map((x: unknown) => {
        const array = x as JaxArray;
        return new JaxHandle(
          array.dtype as unknown as Tensor["dtype"],
          array.shape,
          array,
        ) as never;
      }, result as never);
    },
    close: program.close,
  };
}
