/** @file Engine `jax-webgpu`: jax-js on the WebGPU of Deno or of a browser. */
import { compileJax } from "../jax/program.ts";
import type { Program, Spec, TracedFunction, Tree } from "../types.ts";

/** Compiles for WebGPU. @throws {Error} where there is no adapter, saying what is needed. */
export function compile(
  fn: TracedFunction,
  exampleArgs: readonly Tree<Spec>[],
): Promise<Program> {
  return compileJax("jax-webgpu", fn, exampleArgs);
}
