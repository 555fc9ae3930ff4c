/** @file Engine `tfjs`: TensorFlow.js in pure JavaScript. */
import { compileGraph } from "../compile_graph.ts";
import { algebra } from "../rules/algebra.ts";
import { openPure } from "../tfjs/pure.ts";
import { tfjsProgram } from "../tfjs/program.ts";
import type { Program, Spec, TracedFunction, Tree } from "../types.ts";

/** Compiles for TensorFlow.js's backend "cpu". */
export function compile(
  fn: TracedFunction,
  exampleArgs: readonly Tree<Spec>[],
): Promise<Program> {
  return compileGraph(
    "tfjs",
    fn,
    exampleArgs,
    { rules: [algebra] },
    (graph) => tfjsProgram(graph, openPure),
  );
}
