/**
 * @file Loops in a traced graph: one `scan` equation, whatever its length. What is the same in every turn is taken out of the
 * loop first.
 */
import { type Equation, Graph, type ScanParams, type Value } from "./graph.ts";
import { optimised } from "./rules/optimised.ts";
import type { Spec } from "./types.ts";

/** The spec of `length` slices of `s` along a new first axis. */
export const stacked = ({ shape, dtype }: Spec, length: number): Spec => ({
  dtype,
  shape: [length, ...shape],
});

/** What goes round in a loop; see {@linkcode ScanParams}. */
export interface Loop {
  readonly body: Graph;
  readonly carry: readonly Value[];
  readonly sequences: readonly Value[];
  readonly closure: readonly Value[];
  readonly length: number;
  readonly reverse?: boolean;
}

/**
 * Takes out of a loop's body what is the same in every turn: equations that read only the closure and constants move into the
 * graph around it.
 * @returns the leaner loop.
 */
function hoist(graph: Graph, loop: Loop): Loop {
  const { body, carry, sequences, closure } = loop;
  const varying = carry.length + sequences.length;
  /** Values of the body that are known outside. */
  const outside = new Map<Value, Value>(
    body.inputs.slice(varying).map((v, i) => [v, closure[i]]),
  );
  const moved = new Set<Equation>();
  const fixed = (v: Value) => outside.has(v) || v.uniform !== undefined || body.constants.has(v);
  for (const equation of body.live()) {
    const { op, inputs, params, outs } = equation;
    if (op === "scan" || !inputs.every(fixed) || !inputs.some((v) => outside.has(v))) continue;
    const operands = inputs.map((v) => outside.get(v) ?? constantIn(graph, body, v));
    const results = graph.emitMany(op, operands, params, outs);
    outs.forEach((v, i) => outside.set(v, results[i]));
    moved.add(equation);
  }
  if (moved.size === 0) return loop;
  const rest = body.live().filter((equation) => !moved.has(equation));
  const read = new Set([...rest.flatMap((e) => e.inputs), ...body.outputs]);
  const wanted = [...outside.keys()].filter((v) => read.has(v));
  const leaner = new Graph(optimised.rules, optimised.observers);
  const here = new Map<Value, Value>();
  for (const v of [...body.inputs.slice(0, varying), ...wanted]) {
    here.set(v, leaner.input(v.shape, v.dtype));
  }
  const find = (v: Value) => here.get(v) ?? constantIn(leaner, body, v);
  for (const { op, inputs, params, outs } of rest) {
    const own = op === "scan"
      ? { ...params, body: leaner.addBody(body.body(params.body as number)) }
      : params;
    const results = leaner.emitMany(op, inputs.map(find), own, outs);
    outs.forEach((v, i) => here.set(v, results[i]));
  }
  leaner.outputs = body.outputs.map(find);
  return { ...loop, body: leaner, closure: wanted.map((v) => outside.get(v)!) };
}

/** A literal or constant of one graph in another. */
function constantIn(graph: Graph, from: Graph, v: Value): Value {
  return v.uniform !== undefined
    ? graph.uniform(v.uniform, v.shape, v.dtype)
    : graph.constant(from.constants.get(v)!);
}

/** Adds a `scan` to a graph. @returns the final state, then the stacked outputs. */
export function scan(graph: Graph, given: Loop): readonly Value[] {
  const { body, carry, sequences, closure, length, reverse = false } = hoist(graph, given);
  const outs = body.outputs.map((v, i) =>
    i < carry.length ? { shape: v.shape, dtype: v.dtype } : stacked(v, length)
  );
  const params: ScanParams = {
    body: graph.addBody(body),
    carries: carry.length,
    sequences: sequences.length,
    length,
    reverse,
  };
  return graph.emitMany("scan", [...carry, ...sequences, ...closure], { ...params }, outs);
}

/** A fresh graph whose inputs have the given specs. */
export function bodyWith(
  specs: readonly Spec[],
  build: (graph: Graph, inputs: Value[]) => readonly Value[],
): Graph {
  const graph = new Graph(optimised.rules, optimised.observers);
  const inputs = specs.map((s) => graph.input(s.shape, s.dtype));
  graph.outputs = build(graph, inputs);
  return graph;
}
