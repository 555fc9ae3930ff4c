/** @file Engine `jax`: jax-js on WebAssembly, in Deno and in browsers; the reference of all others. */
import { compileJax } from "../jax/program.ts";
import type { Program, Spec, TracedFunction, Tree } from "../types.ts";

/** Compiles for WebAssembly. */
export function compile(
  fn: TracedFunction,
  exampleArgs: readonly Tree<Spec>[],
): Promise<Program> {
  return compileJax("jax", fn, exampleArgs);
}
