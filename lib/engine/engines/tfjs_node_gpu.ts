/** @file Engine `tfjs-node-gpu`: TensorFlow.js on its native library, where a user has installed it. */
import { compileGraph } from "../compile_graph.ts";
import { algebra } from "../rules/algebra.ts";
import { openAddon } from "../tfjs/addon.ts";
import { tfjsProgram } from "../tfjs/program.ts";
import type { Program, Spec, TracedFunction, Tree } from "../types.ts";

/** Compiles for TensorFlow.js's backend "tensorflow". @throws {AddonMissing} where its addon does not load. */
export function compile(
  fn: TracedFunction,
  exampleArgs: readonly Tree<Spec>[],
): Promise<Program> {
  return compileGraph(
    "tfjs-node-gpu",
    fn,
    exampleArgs,
    { rules: [algebra] },
    (graph) => tfjsProgram(graph, openAddon),
  );
}
