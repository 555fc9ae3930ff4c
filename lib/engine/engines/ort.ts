/** @file Engine `ort`: ONNX Runtime's native kernels on the CPU. */
import { checkedLeaves } from "../arguments.ts";
import { compileGraph } from "../compile_graph.ts";
import { openOrt, ortProgram } from "../ort/program.ts";
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

/** What happens to programs once they are lowered, and to the arguments of their runs, for the keys of jobs. */
export const runtime: readonly unknown[] = [openOrt, checkedLeaves];
