/**
 * @file Reverse mode on our own graph: a function's equations once more, then, from the last to the first, the cotangents of
 * what they read. One rule an operation (elementwise.ts, movement.ts, sums.ts, linalg.ts), and loops (loops.ts).
 */
import type { Equation, Graph, Value } from "../graph.ts";
import { emitLoop, loopOf } from "../loop.ts";
import { NotDifferentiable } from "../unsupported.ts";
import { activeValues } from "./active.ts";
import { derivatives } from "./derivatives.ts";
import { loopWithWayBack, type WayBack } from "./loops.ts";
import { Ops } from "./ops.ts";
import type { By, Differentiated } from "./rule.ts";

/** Operations that have a derivative, be it zero. */
export const differentiable: readonly string[] = [...derivatives.operations, "scan"];

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
        const back = loopWithWayBack(
          ...[graph, loop, equation.inputs.map((v) => active.has(v)), differentiate] as const,
        );
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
    const rule = derivatives.rule(graph, op);
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
