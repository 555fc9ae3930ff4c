/** @file Engine `ort-cuda`: ONNX Runtime's CUDA provider, where a user has installed it. */
import { compileGraph } from "../compile_graph.ts";
import { ortProgram } from "../ort/program.ts";
import { optimised } from "../rules/optimised.ts";
import type { CompileOptions, Program, Spec, TracedFunction, Tree } from "../types.ts";

/** Compiles for an NVIDIA GPU. @throws {Error} saying what to install where the provider is not there. */
export function compile(
  fn: TracedFunction,
  exampleArgs: readonly Tree<Spec>[],
  { threads = 1 }: CompileOptions = {},
): Promise<Program> {
  return compileGraph(
    "ort-cuda",
    fn,
    exampleArgs,
    optimised,
    (graph) => ortProgram(graph, threads, "cuda"),
  );
}
