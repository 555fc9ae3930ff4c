/**
 * @file The memory that a program needs, from its graph: what is alive at once, whatever runs it and on whichever machine. A value is
 * alive from the operation that makes it to the last one that reads it.
 */
import type { Equation, Graph, ScanParams, Value } from "../engine/graph.ts";
import { optimised } from "../engine/rules/optimised.ts";
import { trace } from "../engine/trace.ts";
import { type DType, sizeOf, type Spec, type TracedFunction, type Tree } from "../engine/types.ts";

/** Bytes of a program. */
export interface ProgramMemory {
  /** Of its arguments and constants, which are there all the time. */
  readonly held: number;
  /** The most that values between arguments and results, and results, take at once. */
  readonly peak: number;
}

const width: Record<DType, number> = { float32: 4, float64: 8, int32: 4, uint32: 4, bool: 1 };
/** Of other names and shapes for the same numbers; nothing is written. */
const views: ReadonlySet<string> = new Set(["reshape", "transpose", "broadcast", "stop_gradient"]);

const bytesOf = ({ shape, dtype, uniform }: Value) =>
  uniform === undefined ? sizeOf(shape) * width[dtype] : 0;

const isScan = ({ op }: Equation) => op === "scan";

/** Most bytes alive at once beyond the inputs and constants of a graph; its outputs are alive at the end. */
export function peakLiveBytes(graph: Graph): number {
  const equations = graph.live();
  // What a value is a view of.
  const owner = new Map<Value, Value>();
  const owned = (v: Value): Value => owner.get(v) ?? v;
  const made = new Set<Value>();
  const lastRead = new Map<Value, number>();
  equations.forEach(({ op, inputs, outs }, at) => {
    for (const v of inputs) lastRead.set(owned(v), at);
    if (views.has(op)) owner.set(outs[0], owned(inputs[0]));
    else outs.forEach((v) => made.add(v));
  });
  for (const v of graph.outputs) lastRead.set(owned(v), equations.length);
  const ends = new Map<number, number>();
  let alive = 0;
  let peak = 0;
  equations.forEach((equation, at) => {
    const inside = isScan(equation) ? turnBytes(graph, equation) : 0;
    for (const v of equation.outs) {
      if (!made.has(v)) continue;
      alive += bytesOf(v);
      const end = lastRead.get(v) ?? at;
      ends.set(end, (ends.get(end) ?? 0) + bytesOf(v));
    }
    peak = Math.max(peak, alive + inside);
    alive -= ends.get(at) ?? 0;
  });
  return peak;
}

/** Of one turn of a loop: its state, its slices and what it makes; all that it reads besides is alive outside of it. */
function turnBytes(graph: Graph, { params }: Equation): number {
  const { body, carries, sequences } = params as unknown as ScanParams;
  const turn = graph.body(body);
  const own = turn.inputs.slice(0, carries + sequences);
  return own.reduce((sum, v) => sum + bytesOf(v), 0) + peakLiveBytes(turn);
}

/** Bytes of the inputs and constants of a graph, and of the bodies of its loops. */
function heldBytes(graph: Graph): number {
  const inputs = graph.inputs.reduce((sum, v) => sum + bytesOf(v), 0);
  return inputs + constantBytes(graph);
}

function constantBytes(graph: Graph): number {
  const equations = graph.live();
  const read = new Set([...graph.outputs, ...equations.flatMap(({ inputs }) => inputs)]);
  const own = [...graph.constants.keys()].filter((v) => read.has(v));
  const inside = equations.filter(isScan).map(({ params }) =>
    constantBytes(graph.body((params as unknown as ScanParams).body))
  );
  return own.reduce((sum, v) => sum + bytesOf(v), 0) + inside.reduce((a, b) => a + b, 0);
}

/** What a function of these arguments needs, as engine `ort` would run it. */
export async function memoryOf(
  fn: TracedFunction,
  args: readonly Tree<Spec>[],
): Promise<ProgramMemory> {
  const { graph } = await trace(fn, args, optimised);
  return { held: heldBytes(graph), peak: peakLiveBytes(graph) };
}
