/**
 * @file Reverse mode on our own graph: a function's equations once more, then, from the last to the first, the cotangents of
 * what they read. One rule an operation (elementwise.ts, movement.ts, sums.ts, linalg.ts), and loops (loops.ts).
 */
import type { Equation, Graph, ScanParams, Value } from "../graph.ts";
import { emitLoop, loopOf } from "../loop.ts";
import { isFloat } from "../types.ts";
import { NotDifferentiable } from "../unsupported.ts";
import { elementwise } from "./elementwise.ts";
import { linalg } from "./linalg.ts";
import { activeCarries, loopWithWayBack, type WayBack } from "./loops.ts";
import { movement } from "./movement.ts";
import { Ops } from "./ops.ts";
import type { DerivativeRules } from "./rule.ts";
import { sums } from "./sums.ts";

const rules: DerivativeRules = { ...elementwise, ...movement, ...sums, ...linalg };

/** Operations that have a derivative, be it zero. */
export const differentiable: readonly string[] = [...Object.keys(rules), "scan"];

export interface By {
  /** Which inputs of the function to differentiate by. */
  readonly by: readonly number[];
  /** Cotangents of the outputs, given the outputs; `undefined` for zero. */
  cotangents(outputs: readonly Value[]): readonly (Value | undefined)[];
  /** Values of the function that are there already, by what they are in `graph`; their equations are not repeated. */
  readonly known?: ReadonlyMap<Value, Value>;
}

export interface Differentiated {
  readonly outputs: readonly Value[];
  /** Of the sum of <output, its cotangent>, in the order of `by`; zeros where nothing depends on the input. */
  readonly gradients: readonly Value[];
}

/**
 * Adds a function and its derivative to a graph.
 * @param body the function.
 * @param inputs values of `graph`, one for each input of `body`.
 * @throws {NotDifferentiable} for an operation without a derivative that an output depends on.
 */
export function differentiate(
  graph: Graph,
  body: Graph,
  inputs: readonly Value[],
  { by, cotangents, known }: By,
): Differentiated {
  const ops = new Ops(graph);
  const flags = body.inputs.map((_, i) => by.includes(i));
  const active = activeValues(body, flags);
  const here = new Map([...body.inputs.map((v, i) => [v, inputs[i]] as const), ...known ?? []]);
  const read = (v: Value): Value => {
    let value = here.get(v);
    if (!value) here.set(v, value = literal(graph, body, v));
    return value;
  };

  const equations = body.live();
  const ways = new Map<Equation, WayBack>();
  for (const equation of equations) {
    const { op, outs, line } = equation;
    if (outs.every((v) => here.has(v))) continue;
    graph.line = line ?? graph.line;
    const operands = equation.inputs.map(read);
    let results: readonly Value[];
    if (op === "scan") {
      const loop = loopOf(body, equation, operands);
      if (outs.some((v) => active.has(v))) {
        const back = loopWithWayBack(graph, loop, equation.inputs.map((v) => active.has(v)));
        ways.set(equation, back);
        results = back.outs;
      } else results = emitLoop(graph, loop);
    } else results = graph.repeat(body, equation, operands);
    outs.forEach((v, i) => here.set(v, results[i]));
  }
  const outputs = body.outputs.map(read);

  const found = new Map<Value, Value>();
  const give = (v: Value, cotangent: Value | undefined) => {
    if (!cotangent || !active.has(v)) return;
    const own = ops.cast(cotangent, v.dtype);
    const before = found.get(v);
    found.set(v, before ? ops.add(before, own) : own);
  };
  cotangents(outputs).forEach((ct, i) => give(body.outputs[i], ct));
  for (const equation of equations.toReversed()) {
    const { op, params, outs, line } = equation;
    const cts = outs.map((v) => found.get(v));
    const wanted = equation.inputs.map((v) => active.has(v));
    if (cts.every((ct) => !ct) || !wanted.includes(true)) continue;
    graph.line = line ?? graph.line;
    const way = ways.get(equation);
    const rule = rules[op];
    if (!way && !rule) throw new NotDifferentiable(op, line);
    const given = way ? way.pull(cts) : rule!({
      ops,
      params,
      inputs: equation.inputs.map(read),
      outs: outs.map(read),
      cotangents: cts,
      wanted,
    });
    equation.inputs.forEach((v, i) => give(v, given[i]));
  }
  const gradients = by.map((i) => found.get(body.inputs[i]) ?? ops.zeros(inputs[i]));
  return { outputs, gradients };
}

function literal(graph: Graph, body: Graph, v: Value): Value {
  if (v.uniform !== undefined) return graph.uniform(v.uniform, v.shape, v.dtype);
  const tensor = body.constants.get(v);
  if (!tensor) throw new Error("a value is read before any equation makes it");
  return graph.constant(tensor);
}

/**
 * The values that an infinitesimal change of some inputs changes: floats that depend on them through operations whose derivative
 * is not zero.
 */
export function activeValues(body: Graph, inputs: readonly boolean[]): Set<Value> {
  const active = new Set(body.inputs.filter((v, i) => inputs[i] && isFloat(v.dtype)));
  for (const { op, inputs, outs, params } of body.live()) {
    const flags = inputs.map((v) => active.has(v));
    if (!flags.includes(true) || rules[op] === null) continue;
    if (op !== "scan") {
      for (const v of outs) if (isFloat(v.dtype)) active.add(v);
      continue;
    }
    const { body: id, carries } = params as unknown as ScanParams;
    const inner = body.body(id);
    const changed = activeCarries(inner, carries, flags);
    const within = activeValues(inner, changed);
    outs.forEach((v, i) => {
      if (i < carries ? changed[i] : within.has(inner.outputs[i])) active.add(v);
    });
  }
  return active;
}
