/** @file Loops turn by turn, for engines on which a loop is slower than its turns one after the other. */
import type { Equation, Graph, ScanParams, Value } from "./graph.ts";
import { cut, loopOf, neededResults } from "./loop.ts";

/** How many equations {@linkcode unrolled} would make of a program, and the loop with the largest share in them. */
export function unrolledSize(graph: Graph): { equations: number; turns: number } {
  let [equations, largest, turns] = [0, 0, 0];
  for (const { op, params } of graph.live()) {
    if (op !== "scan") {
      equations++;
      continue;
    }
    const { body, length } = params as unknown as ScanParams;
    const inside = length * unrolledSize(graph.body(body)).equations;
    equations += inside;
    if (inside > largest) [largest, turns] = [inside, length];
  }
  return { equations, turns };
}

/** The same program without loops; those in the bodies of loops are unrolled first. */
export function unrolled(graph: Graph): Graph {
  const result = graph.sibling();
  const here = new Map<Value, Value>(
    graph.inputs.map((v) => [v, result.input(v.shape, v.dtype)]),
  );
  /** What was stacked from the turns of a loop. A loop that slices it again takes these. */
  const turns = new Map<Value, readonly Value[]>();
  const read = (v: Value): Value => {
    let value = here.get(v);
    if (!value) {
      value = v.uniform !== undefined
        ? result.uniform(v.uniform, v.shape, v.dtype)
        : result.constant(graph.constants.get(v)!);
      here.set(v, value);
    }
    return value;
  };
  const equations = graph.live();
  const used = new Set([...equations.flatMap((e) => e.inputs), ...graph.outputs]);
  for (const equation of equations) {
    const { inputs, outs } = equation;
    const results = equation.op === "scan"
      ? unrolledLoop(graph, result, equation, inputs.map(read), outs.map((v) => used.has(v)), turns)
      : result.repeat(graph, equation, inputs.map(read));
    outs.forEach((v, i) => results[i] && here.set(v, results[i]));
  }
  result.outputs = graph.outputs.map(read);
  return result;
}

/** @param read which results are. @returns those, and others as they come. */
function unrolledLoop(
  graph: Graph,
  result: Graph,
  equation: Equation,
  inputs: readonly Value[],
  read: readonly boolean[],
  turns: Map<Value, readonly Value[]>,
): (Value | undefined)[] {
  const { body: given, carry, sequences, closure, length, reverse } = loopOf(
    graph,
    equation,
    inputs,
  );
  const needed = neededResults(given, carry.length, read);
  const body = unrolled(given);
  const wanted = body.outputs.filter((_, i) => needed[i]);
  const around = result.line;
  result.line = equation.line ?? around;
  const slices = sequences.map((v) => turns.get(v) ?? slicesOf(result, v));
  let state: (Value | undefined)[] = [...carry];
  const stacks: Value[][] = [];
  for (let k = 0; k < length; k++) {
    const t = reverse ? length - 1 - k : k;
    // What no result needs is never read: any value of the right shape may stand for it.
    const before = state.map((v, i) => v ?? carry[i]);
    const made = result.inline(body, [...before, ...slices.map((s) => s[t]), ...closure], wanted)
      .values();
    const results = needed.map((is) => is ? made.next().value : undefined);
    const [next, out] = cut(results, carry.length);
    state = next;
    stacks[t] = out as Value[];
  }
  const outputs = needed.slice(carry.length).map((is, i) => {
    if (!is) return undefined;
    const each = stacks.map((turn) => turn[i]);
    const stacked = stack(result, each);
    turns.set(stacked, each);
    return stacked;
  });
  result.line = around;
  return [...state, ...outputs];
}

function slicesOf(graph: Graph, sequence: Value): Value[] {
  const { shape: [length, ...shape], dtype } = sequence;
  if (sequence.uniform !== undefined) {
    return new Array(length).fill(graph.uniform(sequence.uniform, shape, dtype));
  }
  const sizes = new Array<number>(length).fill(1);
  const outs = sizes.map(() => ({ shape: [1, ...shape], dtype }));
  return graph.emitMany("split", [sequence], { axis: 0, sizes }, outs)
    .map((v) => graph.emit("reshape", [v], { shape }, shape, dtype));
}

function stack(graph: Graph, values: readonly Value[]): Value {
  const [{ shape, dtype }] = values;
  const rows = values.map((v) =>
    graph.emit("reshape", [v], { shape: [1, ...shape] }, [1, ...shape], dtype)
  );
  return graph.emit("concatenate", rows, { axis: 0 }, [values.length, ...shape], dtype);
}
