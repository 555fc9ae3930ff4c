/** @file Which values of a function change with its inputs, so that only their cotangents are computed. */
import type { Graph, ScanParams, Value } from "../graph.ts";
import { isFloat } from "../types.ts";
import { derivatives } from "./derivatives.ts";

/**
 * The values that an infinitesimal change of some inputs changes: floats that depend on them through operations whose derivative
 * is not zero.
 */
export function activeValues(body: Graph, inputs: readonly boolean[]): Set<Value> {
  const active = new Set(body.inputs.filter((v, i) => inputs[i] && isFloat(v.dtype)));
  for (const { op, inputs, outs, params } of body.live()) {
    const flags = inputs.map((v) => active.has(v));
    if (!flags.includes(true) || derivatives.rule(body, op) === null) continue;
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

/** The inputs of a body that change from turn to turn when some operands of the loop are changed. */
export function activeCarries(
  body: Graph,
  carries: number,
  operands: readonly boolean[],
): boolean[] {
  const flags = [...operands];
  for (;;) {
    const active = activeValues(body, flags);
    const more = [...Array(carries).keys()].filter((i) => !flags[i] && active.has(body.outputs[i]));
    if (more.length === 0) {
      return flags.map((flag, i) => flag && active.has(body.inputs[i]));
    }
    for (const i of more) flags[i] = true;
  }
}
