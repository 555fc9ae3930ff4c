/** @file How the engines compile that run a traced graph of ours. */
import { checkedLeaves } from "./arguments.ts";
import type { EngineName } from "./engines.ts";
import type { Graph } from "./graph.ts";
import { trace, type TraceOptions } from "./trace.ts";
import type { Handle, Program, Spec, Tensor, TracedFunction, Tree } from "./types.ts";
import { UnsupportedPrimitive } from "./unsupported.ts";

/** What an engine makes of a graph. */
export interface GraphProgram {
  /** Runs the graph on its inputs' values, in order. */
  run(args: readonly (Tensor | Handle)[]): Promise<readonly Handle[]>;
  /** Frees what it holds; harmless when repeated. */
  close(): Promise<void>;
  /** Milliseconds from the graph to the engine's form of it. */
  readonly lowerMs: number;
  /** Milliseconds to open it. */
  readonly sessionMs: number;
  /** Kernels that one run launches. */
  readonly nodes: number;
  /** sha256 of what is run, where the engine's form of a graph is bytes. */
  readonly digest?: string;
}

/**
 * Traces a function and hands its graph to an engine.
 * @param tracing the rewrites that the engine wants.
 * @param open makes the graph executable.
 */
export async function compileGraph(
  engine: EngineName,
  fn: TracedFunction,
  exampleArgs: readonly Tree<Spec>[],
  tracing: TraceOptions,
  open: (graph: Graph) => Promise<GraphProgram>,
): Promise<Program> {
  const started = performance.now();
  let { graph, rebuild } = await trace(fn, exampleArgs, tracing);
  const traceMs = performance.now() - started;
  const program = await open(graph).catch(async (error) => {
    if (!(error instanceof UnsupportedPrimitive)) throw error;
    // Trace again, slowly, to say where the model asked for it.
    ({ graph, rebuild } = await trace(fn, exampleArgs, { ...tracing, locate: true }));
    return await open(graph);
  });
  const { lowerMs, sessionMs, nodes } = program;
  // With the tree that results are put in.
  const tree = JSON.stringify(rebuild(graph.outputs.map((_, i) => i)));
  const digest = program.digest && `${program.digest} ${tree}`;
  const rules = [...graph.uses].sort();
  return {
    engine,
    report: { traceMs, lowerMs, sessionMs, equations: graph.live().length, nodes, rules, digest },
    run: async (...args) => rebuild(await program.run(checkedLeaves(exampleArgs, args))),
    close: program.close,
  };
}
