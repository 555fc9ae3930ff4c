/**
 * @file Recognises softmax in what jax-js writes out, because on the [batch, heads, T, T] scores of attention every saved pass
 * over memory counts: `exp(x - max x) * (1 / sum exp(x - max x))` becomes one `softmax`. Its value does not depend on the shift,
 * so a gradient that is stopped there is of no account.
 */
import type { Graph, Rule, Value } from "../graph.ts";

/** Looks through reshapes and broadcasts that only add, drop or stretch axes of size 1. */
function withoutUnitAxes(graph: Graph, value: Value): Value {
  for (;;) {
    const equation = graph.definition(value);
    if (equation?.op !== "reshape" && equation?.op !== "broadcast") return value;
    value = equation.inputs[0];
  }
}

/** The value, the axis and the kind of a reduction over one axis, seen through size-1 axes. */
function reduction(graph: Graph, value: Value, op: string) {
  const equation = graph.made(withoutUnitAxes(graph, value), "reduce");
  const axis = equation?.params.axis as number[] | undefined;
  if (!equation || equation.params.op !== op || axis?.length !== 1) return undefined;
  return { of: equation.inputs[0], axis: axis[0] };
}

interface Parts {
  logits: Value;
  axis: number;
}

const sameShape = (a: readonly number[], b: readonly number[]) =>
  a.length === b.length && a.every((d, i) => d === b[i]);

/** True if `value` has `shape` with the axis reduced to size 1. */
const isKept = (value: Value, shape: readonly number[], axis: number) =>
  sameShape(value.shape, shape.with(axis, 1));

/**
 * True if a reduction over `axis` is spread back along that same axis: between axes of equal size NumPy
 * broadcasting would accept other spreads too. Given that the value comes from the reduction by reshapes and
 * broadcasts alone, counting its elements shows that the reshapes kept their order.
 */
function isSpread(graph: Graph, value: Value, shape: readonly number[], axis: number): boolean {
  if (isKept(value, shape, axis)) return true;
  const broadcast = graph.made(value, "broadcast");
  if (!broadcast || !sameShape(value.shape, shape)) return false;
  const [source] = broadcast.inputs;
  const inserted = broadcast.params.axis as number[];
  return inserted.length === 0
    ? isKept(source, shape, axis)
    : inserted.length === 1 && inserted[0] === axis;
}

/** If `exponential * scale` is a softmax, its logits and axis. */
function softmaxParts(graph: Graph, exponential: Value, scale: Value): Parts | undefined {
  const shifted = graph.made(exponential, "exp")?.inputs[0];
  const total = graph.made(withoutUnitAxes(graph, scale), "reciprocal")?.inputs[0];
  if (!shifted || !total) return undefined;
  const difference = graph.made(shifted, "sub");
  const sum = reduction(graph, total, "Add");
  if (!difference || !sum || sum.of !== exponential) return undefined;
  const { axis } = sum;
  const [logits, stopped] = difference.inputs;
  const shift = graph.made(stopped, "stop_gradient")?.inputs[0] ?? stopped;
  const max = reduction(graph, shift, "Max");
  if (!max || max.of !== logits || max.axis !== axis) return undefined;
  const { shape } = logits;
  const aligned = isSpread(graph, shift, shape, axis) && isSpread(graph, scale, shape, axis);
  return aligned ? { logits, axis } : undefined;
}

/** Replaces the product that ends a written-out softmax, over one axis, by a `softmax` of its logits. */
export const softmax: Rule = (
  graph,
  op,
  inputs,
  _params,
  { shape, dtype },
): Value | undefined => {
  if (op !== "mul") return undefined;
  const [x, y] = inputs;
  const found = softmaxParts(graph, x, y) ?? softmaxParts(graph, y, x);
  return found && graph.emit("softmax", [found.logits], { axis: found.axis }, shape, dtype);
};
