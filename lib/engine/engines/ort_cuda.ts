/** @file Engine `ort-cuda`: ONNX Runtime's CUDA provider, where a user has installed it. */
import { checkedLeaves } from "../arguments.ts";
import { compileGraph } from "../compile_graph.ts";
import { openOrt, ortProgram } from "../ort/program.ts";
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

/** As of engine `ort`. */
export const runtime: readonly unknown[] = [openOrt, checkedLeaves];
