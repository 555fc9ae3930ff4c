/**
 * @file Loops in a traced graph: one `scan` equation, whatever its length. What is the same in every turn is taken out of the
 * loop first, and what no turn reads is not handed in.
 */
import type { Equation, Graph, ScanParams, Value } from "./graph.ts";
import type { Spec } from "./types.ts";

/** The spec of `length` slices of `s` along a new first axis. */
export const stacked = ({ shape, dtype }: Spec, length: number): Spec => ({
  dtype,
  shape: [length, ...shape],
});

/** What goes round in a loop; see {@linkcode ScanParams}. */
export interface Loop {
  /** One turn: state, slices and closure to the next state and outputs. */
  readonly body: Graph;
  /** Initial state. */
  readonly carry: readonly Value[];
  /** Arrays that every turn reads a slice of, along axis 0. */
  readonly sequences: readonly Value[];
  /** What every turn reads whole. */
  readonly closure: readonly Value[];
  /** Turns. */
  readonly length: number;
  /** From the last slice to the first; false by default. */
  readonly reverse?: boolean;
  /** Checkpoints of the way back, 1 by default; see `ScanOptions` of scan.ts. */
  readonly segments?: number;
}

/** The loop that a `scan` equation stands for. */
export function loopOf(graph: Graph, { params }: Equation, inputs: readonly Value[]): Loop {
  const { body, carries, sequences, length, reverse, segments } = params as unknown as ScanParams;
  return {
    body: graph.body(body),
    carry: inputs.slice(0, carries),
    sequences: inputs.slice(carries, carries + sequences),
    closure: inputs.slice(carries + sequences),
    length,
    reverse,
    segments,
  };
}

/** A graph by its inputs' specs and what is built from them, with the rules of another one. */
export function bodyIn(
  graph: Graph,
  specs: readonly Spec[],
  build: (body: Graph, inputs: Value[]) => readonly Value[],
): Graph {
  const body = graph.sibling();
  body.line = graph.line;
  const inputs = specs.map((s) => body.input(s.shape, s.dtype));
  body.outputs = build(body, inputs);
  return body;
}

/**
 * Adds a loop to a graph.
 * @returns the state after the last turn, then the stacked outputs.
 */
export function emitLoop(graph: Graph, loop: Loop): readonly Value[] {
  if (loop.length === 1) return onlyTurn(graph, loop);
  const { body, carry, sequences, closure } = lean(graph, loop);
  const { length, reverse = false, segments = 1 } = loop;
  const outs = body.outputs.map((v, i) =>
    i < carry.length ? { shape: v.shape, dtype: v.dtype } : stacked(v, length)
  );
  const params: ScanParams = {
    body: graph.addBody(body),
    carries: carry.length,
    sequences: sequences.length,
    length,
    reverse,
    segments,
  };
  return graph.emitMany("scan", [...carry, ...sequences, ...closure], { ...params }, outs);
}

/** A loop of one turn is no loop. */
function onlyTurn(graph: Graph, { body, carry, sequences, closure }: Loop): Value[] {
  const slices = sequences.map((v) => {
    const shape = v.shape.slice(1);
    return graph.emit("reshape", [v], { shape }, shape, v.dtype);
  });
  return graph.inline(body, [...carry, ...slices, ...closure]).map((v, i) => {
    if (i < carry.length) return v;
    const shape = [1, ...v.shape];
    return graph.emit("reshape", [v], { shape }, shape, v.dtype);
  });
}

/**
 * The loop without what need not be in it: equations that read only the closure and constants move into the graph around it,
 * literals into the body, and sequences and closures that no turn reads are dropped.
 */
function lean(graph: Graph, loop: Loop): Pick<Loop, "body" | "carry" | "sequences" | "closure"> {
  const { body: given, carry, sequences, closure } = loop;
  const body = graph.sibling();
  const [states, slices, captured] = cut(given.inputs, carry.length, sequences.length);
  /** Values of the given body that are known outside, the same in every turn. */
  const outside = new Map(captured.map((v, i) => [v, closure[i]]));
  const sliced = new Map(slices.map((v, i) => [v, sequences[i]]));
  /** Values of the given body in the new one. */
  const inside = new Map(states.map((v) => [v, body.input(v.shape, v.dtype)]));
  const inputs = { sequences: new Map<Value, Value>(), closure: new Map<Value, Value>() };
  const literal = (into: Graph, v: Value) =>
    v.uniform !== undefined
      ? into.uniform(v.uniform, v.shape, v.dtype)
      : into.constant(given.constants.get(v)!);
  const enter = (v: Value): Value => {
    const [from, kind] = sliced.has(v)
      ? [sliced.get(v)!, "sequences"] as const
      : [outside.get(v), "closure"] as const;
    if (!from) return literal(body, v);
    if (from.uniform !== undefined) return body.uniform(from.uniform, v.shape, v.dtype);
    let input = inputs[kind].get(from);
    if (!input) inputs[kind].set(from, input = body.input(v.shape, v.dtype));
    return input;
  };
  const read = (v: Value): Value => {
    let value = inside.get(v);
    if (!value) inside.set(v, value = enter(v));
    return value;
  };
  const fixed = (v: Value) => outside.has(v) || v.uniform !== undefined || given.constants.has(v);
  for (const equation of given.live()) {
    const { op, inputs, outs } = equation;
    const moves = op !== "scan" && inputs.every(fixed) && inputs.some((v) => outside.has(v));
    const results = moves
      ? graph.repeat(given, equation, inputs.map((v) => outside.get(v) ?? literal(graph, v)))
      : body.repeat(given, equation, inputs.map(read));
    outs.forEach((v, i) => (moves ? outside : inside).set(v, results[i]));
  }
  body.outputs = given.outputs.map(read);
  const order = [inputs.sequences, inputs.closure].flatMap((map) => [...map.values()]);
  body.inputs.splice(carry.length, Infinity, ...order);
  return {
    body,
    carry,
    sequences: [...inputs.sequences.keys()],
    closure: [...inputs.closure.keys()],
  };
}

/** Cuts a list into pieces of the given lengths and a rest. */
export function cut<T>(list: readonly T[], ...lengths: number[]): T[][] {
  let at = 0;
  const pieces = lengths.map((n) => list.slice(at, at += n));
  return [...pieces, list.slice(at)];
}

/**
 * Which carries and stacked outputs a loop has to make when only some of its results are read: what is left out needs no
 * memory, and what only led to it is not computed.
 * @param read which of the results of the equation are.
 */
export function neededResults(body: Graph, carries: number, read: readonly boolean[]): boolean[] {
  const needed = [...read];
  for (;;) {
    const part = body.live(body.outputs.filter((_, i) => needed[i]));
    const seen = new Set([
      ...part.flatMap((e) => e.inputs),
      ...body.outputs.filter((_, i) => needed[i]),
    ]);
    const more = body.inputs.slice(0, carries).flatMap((v, i) =>
      seen.has(v) && !needed[i] ? [i] : []
    );
    if (more.length === 0) return needed;
    for (const i of more) needed[i] = true;
  }
}
