/** @file Engine `ort`: ONNX Runtime's native kernels on the CPU. */
import { compileGraph } from "../compile_graph.ts";
import { ortProgram } from "../ort/program.ts";
import { optimised } from "../rules/optimised.ts";
import type { CompileOptions, Program, Spec, TracedFunction, Tree } from "../types.ts";

/** Compiles for the CPU. */
export function compile(
  fn: TracedFunction,
  exampleArgs: readonly Tree<Spec>[],
  { threads = 1 }: CompileOptions = {},
): Promise<Program> {
  return compileGraph("ort", fn, exampleArgs, optimised, (graph) => ortProgram(graph, threads));
}
