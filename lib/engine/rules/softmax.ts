/**
 * @file Recognises softmax and its gradient in what jax-js writes out, because on the [batch, heads,
 * T, T] scores of attention every saved pass over memory counts.
 *
 * Forward: `exp(x - max x) * (1 / sum exp(x - max x))` becomes one `softmax`.
 * Backward: with P = softmax(x) and an incoming gradient G, jax-js writes
 * `E * (G / s - sum(E * G) / s^2)`, which is `P * (G - sum(P * G))`.
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

/** Calls `match` with both orders of a commutative equation's operands. */
function eitherOrder<T>(
  inputs: readonly Value[],
  match: (a: Value, b: Value) => T | undefined,
): T | undefined {
  return match(inputs[0], inputs[1]) ?? match(inputs[1], inputs[0]);
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

/** True if the two values are `a` and `b`, in either order. */
const areThese = (inputs: readonly Value[], a: Value, b: Value) =>
  (inputs[0] === a && inputs[1] === b) || (inputs[0] === b && inputs[1] === a);

/** If `exponential * scale` is a softmax, its logits and axis. */
function softmaxParts(graph: Graph, exponential: Value, scale: Value): Parts | undefined {
  const shifted = graph.made(exponential, "exp")?.inputs[0];
  const total = graph.made(withoutUnitAxes(graph, scale), "reciprocal")?.inputs[0];
  if (!shifted || !total) return undefined;
  const difference = graph.made(shifted, "sub");
  const sum = reduction(graph, total, "Add");
  if (!difference || !sum || sum.of !== exponential) return undefined;
  const { axis } = sum;
  const [logits, shift] = difference.inputs;
  const max = reduction(graph, shift, "Max");
  if (!max || max.of !== logits || max.axis !== axis) return undefined;
  const { shape } = logits;
  const aligned = isSpread(graph, shift, shape, axis) && isSpread(graph, scale, shape, axis);
  return aligned ? { logits, axis } : undefined;
}

export const softmax: Rule = (graph, op, inputs, _params, { shape, dtype }) => {
  if (op !== "mul") return undefined;
  const forward = eitherOrder(inputs, (e, r) => softmaxParts(graph, e, r));
  if (forward) return graph.emit("softmax", [forward.logits], { axis: forward.axis }, shape, dtype);
  return eitherOrder(inputs, (exponential, bracket) => {
    const difference = graph.made(bracket, "sub");
    if (!difference) return undefined;
    const [direct, mean] = difference.inputs;
    const product = graph.made(direct, "mul");
    const correction = graph.made(withoutUnitAxes(graph, mean), "mul");
    if (!product || !correction) return undefined;
    return eitherOrder(product.inputs, (gradient, reciprocal) => {
      const parts = softmaxParts(graph, exponential, reciprocal);
      if (!parts || !isSpread(graph, mean, shape, parts.axis)) return undefined;
      const matches = eitherOrder(correction.inputs, (square, total) => {
        const factors = graph.made(square, "mul")?.inputs;
        if (!factors || !areThese(factors, reciprocal, reciprocal)) return undefined;
        if (!isKept(total, shape, parts.axis)) return undefined;
        const sum = reduction(graph, total, "Add");
        const weighted = sum && sum.axis === parts.axis ? graph.made(sum.of, "mul") : undefined;
        return weighted && sameShape(weighted.outs[0].shape, shape) &&
            areThese(weighted.inputs, exponential, gradient)
          ? true
          : undefined;
      });
      if (!matches) return undefined;
      const { logits, axis } = parts;
      const probabilities = graph.emit("softmax", [logits], { axis }, shape, dtype);
      const weighted = graph.emit("mul", [probabilities, gradient], {}, shape, dtype);
      const kept = shape.map((d, i) => (i === axis ? 1 : d));
      const reduced = shape.filter((_, i) => i !== axis);
      const sum = graph.emit("reduce", [weighted], { op: "Add", axis: [axis] }, reduced, dtype);
      const weightedMean = graph.emit("reshape", [sum], { shape: kept }, kept, dtype);
      const centred = graph.emit("sub", [gradient, weightedMean], {}, shape, dtype);
      return graph.emit("mul", [probabilities, centred], {}, shape, dtype);
    });
  });
};
