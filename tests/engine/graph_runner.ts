/** @file Runs a graph that a test builds equation by equation, as it stands, on engine `ort`. */
import { Graph, type Rule, type Value } from "../../lib/engine/graph.ts";
import type { Spec, Tensor } from "../../lib/engine/mod.ts";
import { ortProgram } from "../../lib/engine/ort/program.ts";

export function graphOf(
  inputs: readonly Spec[],
  build: (graph: Graph, inputs: Value[]) => readonly Value[],
  rules: readonly Rule[] = [],
): Graph {
  const graph = new Graph(rules);
  graph.outputs = build(graph, inputs.map(({ shape, dtype }) => graph.input(shape, dtype)));
  return graph;
}

export async function runGraph(
  args: readonly Tensor[],
  build: (graph: Graph, inputs: Value[]) => readonly Value[],
): Promise<Tensor[]> {
  const program = await ortProgram(graphOf(args, build), 1);
  try {
    return await Promise.all((await program.run(args)).map((handle) => handle.read()));
  } finally {
    await program.close();
  }
}
