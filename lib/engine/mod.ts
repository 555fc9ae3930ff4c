/**
 * @file Write JAX, run native: `compile` traces a pure jax-js function once and hands it to an engine, here one by name. Where the
 * engine is known, take `compile` of its own module in `engines/`: that loads nothing of the others.
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
import { engineModule, type EngineName } from "./engines.ts";
import type { Compile, CompileOptions, Program, Spec, TracedFunction, Tree } from "./types.ts";

export * from "./types.ts";
export { type EngineName, ENGINES } from "./engines.ts";
export { NotDifferentiable, UnsupportedPrimitive } from "./unsupported.ts";

/**
 * Traces a pure jax-js function and makes it executable; see {@linkcode Compile}.
 * @param options as an engine's own, and which one; `ort` by default.
 */
export async function compile(
  fn: TracedFunction,
  exampleArgs: readonly Tree<Spec>[],
  { engine = "ort", ...options }: CompileOptions & { readonly engine?: EngineName } = {},
): Promise<Program> {
  return await compileOn(engine)(fn, exampleArgs, options);
}

/** `compile` of an engine that is only known by its name; its module is loaded with the first program. */
export function compileOn(engine: EngineName): Compile {
  // No literal: what bundles this module must not reach every engine.
  const path = new URL(`../../${engineModule(engine)}`, import.meta.url).href;
  return async (...args) => await ((await import(path)) as { compile: Compile }).compile(...args);
}
