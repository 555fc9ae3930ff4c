/**
 * @file What the tracer makes of marks (marks.ts): a `scan` becomes a loop of the graph, a gradient the equations of the function and
 * of its derivative.
 */
import { differentiate } from "./derivatives/differentiate.ts";
import type { Graph, Value } from "./graph.ts";
import { checkDType, checkJaxpr, type Jaxpr, type JaxprEquation } from "./jaxpr.ts";
import { bodyIn, cut, emitLoop } from "./loop.ts";
import { type GradientMark, isMarked, readMark, type ScanMark } from "./marks.ts";
import { describe } from "./types.ts";

/** Repeats a jaxpr in a graph. */
export type Copy = (graph: Graph, jaxpr: Jaxpr, inputs: readonly Value[]) => Value[];

/** The function of a mark, and what it is called with: what it captures, then the mark's own arguments. */
interface Called {
  readonly fn: Jaxpr;
  readonly inputs: readonly Value[];
}

/**
 * The results of a `jit` equation that is a mark; `undefined` for any other.
 * @throws {TypeError} where `vmap` maps an array that the function captures, and none of its arguments.
 */
export function markedResults(
  graph: Graph,
  equation: JaxprEquation,
  inputs: readonly Value[],
  copy: Copy,
): Value[] | undefined {
  const found = readMark(String(equation.params.name), graph.line);
  if (!found) return undefined;
  const called = calledIn(graph, equation, inputs, copy);
  const { mark, mapped } = found;
  const results = mark.kind === "scan"
    ? loopResults(graph, mark, mapped, called, inputs, copy)
    : gradientResults(graph, mark, called, copy);
  results.forEach((value, i) => {
    const { shape, dtype } = equation.outBinders[i].aval;
    const wanted = describe({ shape, dtype: checkDType(dtype) });
    if (describe(value) !== wanted) throw mappedCapture(graph, mark.kind, describe(value), wanted);
  });
  return results;
}

function mappedCapture(graph: Graph, kind: string, got: string, wanted: string): TypeError {
  return new TypeError(
    `a result of a ${kind} would be ${got} instead of ${wanted}: its function captures an array that vmap maps, while none of ` +
      `its arguments is mapped; hand the array in as an argument${
        graph.line ? ` (at ${graph.line})` : ""
      }`,
  );
}

function calledIn(
  graph: Graph,
  { params }: JaxprEquation,
  inputs: readonly Value[],
  copy: Copy,
): Called {
  const body = checkJaxpr(params.jaxpr);
  const at = body.eqns.findIndex((e) => e.primitive === "jit" && isMarked(String(e.params.name)));
  if (at < 0) throw new Error("a mark of lib/engine/marks.ts has lost its function");
  const call = body.eqns[at];
  // What goes before the call makes the shapes of its arguments; nothing of it stays alive.
  const before = { ...body, eqns: body.eqns.slice(0, at), outs: call.inputs };
  return { fn: checkJaxpr(call.params.jaxpr), inputs: copy(graph, before, inputs) };
}

function loopResults(
  graph: Graph,
  mark: ScanMark,
  mapped: number,
  { fn, inputs: given }: Called,
  args: readonly Value[],
  copy: Copy,
): Value[] {
  const { length, reverse, segments, state, sequences: ranks } = mark;
  const own = state + ranks.length;
  const [carry, sequences] = cut(args.slice(args.length - own), state);
  const [closure] = cut(given, given.length - own);
  const inFront = sequences.map((v, i) => moveAxis(graph, v, v.shape.length - ranks[i], 0));
  const binders = fn.inBinders.map(({ aval }) => ({
    shape: aval.shape,
    dtype: checkDType(aval.dtype),
  }));
  const [captures, turn] = cut(binders, closure.length);
  const body = bodyIn(graph, [...turn, ...captures], (body, inputs) => {
    const [turn, captures] = cut(inputs, own);
    return copy(body, fn, [...captures, ...turn]);
  });
  carry.forEach((v, i) => {
    const [before, after] = [v, body.outputs[i]].map(describe);
    if (before !== after) throw mappedCapture(graph, "scan", after, before);
  });
  const loop = { body, carry, sequences: inFront, closure, length, reverse, segments };
  return emitLoop(graph, loop).map((v, i) => (i < state ? v : moveAxis(graph, v, 0, mapped)));
}

function moveAxis(graph: Graph, v: Value, from: number, to: number): Value {
  if (from === to || to >= v.shape.length) return v;
  const perm = [...v.shape.keys()].filter((i) => i !== from).toSpliced(to, 0, from);
  return graph.emit("transpose", [v], { perm }, perm.map((i) => v.shape[i]), v.dtype);
}

function gradientResults(
  graph: Graph,
  { by, args }: GradientMark,
  { fn, inputs }: Called,
  copy: Copy,
): Value[] {
  const body = graph.sibling(true);
  body.line = graph.line;
  const own = fn.inBinders.map(({ aval }) => body.input(aval.shape, checkDType(aval.dtype)));
  body.outputs = copy(body, fn, own);
  const captured = inputs.length - args;
  const { outputs, gradients } = differentiate(graph, body, inputs, {
    by: by.map((i) => captured + i),
    cotangents: ([value]) => [graph.uniform(1, value.shape, value.dtype)],
  });
  return [...outputs, ...gradients];
}
