/**
 * @file Local algebra: identities, literals and sign moves. They keep jax-js's derivative rules from
 * leaving literal arithmetic and double negations behind, and bring equations into the one form that
 * the pattern rules look for (negation outermost, subtraction explicit).
 *
 * Every rewrite is exact, with two exceptions that no model depends on: the sign of a zero may change (-0 + 0 stays
 * -0), and `(x * a) * b` with literals rounds once, so that it may stay finite where two products would not.
 */
import type { Graph, Rule, Value } from "../graph.ts";
import { type DType, isFloat, sizeOf } from "../types.ts";

const sameShape = (a: readonly number[], b: readonly number[]) =>
  a.length === b.length && a.every((d, i) => d === b[i]);

/** The result of literal arithmetic; integers wrap around as they do at run time. */
function literal(graph: Graph, value: number, shape: readonly number[], dtype: DType): Value {
  const wrapped = dtype === "int32" ? value | 0 : dtype === "uint32" ? value >>> 0 : value;
  return graph.uniform(wrapped, shape, dtype);
}

/** The product of two literals. Integer products can exceed what a double holds exactly. */
const product = (a: number, b: number, dtype: DType) => isFloat(dtype) ? a * b : Math.imul(a, b);

/** Neither zero, subnormal nor infinite in the dtype: such a product of literals may stand for both. */
function isNormal(value: number, dtype: DType): boolean {
  const [least, most] = dtype === "float64"
    ? [2 ** -1022, Number.MAX_VALUE]
    : [2 ** -126, 2 ** 127];
  return Math.abs(value) >= least && Math.abs(value) <= most;
}

/** `value` broadcast to `shape` by NumPy's rule. */
function broadcastTo(graph: Graph, value: Value, shape: readonly number[]): Value {
  const axis = Array.from({ length: shape.length - value.shape.length }, (_, i) => i);
  return graph.emit("broadcast", [value], { shape, axis }, shape, value.dtype);
}

/** `scale` where `value` is `x * scale` with a literal `scale`. */
function scaled(graph: Graph, value: Value): { x: Value; scale: number } | undefined {
  const equation = graph.made(value, "mul");
  if (!equation || !isFloat(value.dtype)) return undefined;
  const [x, y] = equation.inputs;
  if (y.uniform !== undefined && sameShape(x.shape, value.shape)) return { x, scale: y.uniform };
  if (x.uniform !== undefined && sameShape(y.shape, value.shape)) {
    return { x: y, scale: x.uniform };
  }
  return undefined;
}

const negated = (graph: Graph, value: Value) => graph.made(value, "neg")?.inputs[0];

/** Folds literals, drops no-ops, and moves negation outwards. Values keep their shape and dtype. */
export const algebra: Rule = (
  graph,
  op,
  inputs,
  params,
  { shape, dtype },
): Value | undefined => {
  const [x, y] = inputs;
  const give = (op: string, ...operands: Value[]) => graph.emit(op, operands, {}, shape, dtype);
  const plain = inputs.every((v) => v.dtype === dtype);
  switch (op) {
    case "stop_gradient":
      return graph.differentiated ? undefined : x;
    case "cast":
      if (x.dtype === dtype) return x;
      if (x.uniform !== undefined && isFloat(dtype)) return graph.uniform(x.uniform, shape, dtype);
      return undefined;
    case "neg":
      if (x.uniform !== undefined) return literal(graph, -x.uniform, shape, dtype);
      return negated(graph, x);
    case "add": {
      if (!plain || dtype === "bool") return undefined;
      if (x.uniform === 0) return broadcastTo(graph, y, shape);
      if (y.uniform === 0) return broadcastTo(graph, x, shape);
      if (x.uniform !== undefined && y.uniform !== undefined) {
        return literal(graph, x.uniform + y.uniform, shape, dtype);
      }
      const [minusX, minusY] = [negated(graph, x), negated(graph, y)];
      if (minusX && minusY) {
        return graph.emit("neg", [give("add", minusX, minusY)], {}, shape, dtype);
      }
      if (minusY) return give("sub", x, minusY);
      if (minusX) return give("sub", y, minusX);
      return undefined;
    }
    case "sub": {
      const minusY = negated(graph, y);
      return minusY ? give("add", x, minusY) : undefined;
    }
    case "mul": {
      if (!plain || dtype === "bool") return undefined;
      if (x.uniform === 1) return broadcastTo(graph, y, shape);
      if (y.uniform === 1) return broadcastTo(graph, x, shape);
      if (x.uniform !== undefined && y.uniform !== undefined) {
        return literal(graph, product(x.uniform, y.uniform, dtype), shape, dtype);
      }
      if (x.uniform === -1) {
        return graph.emit("neg", [broadcastTo(graph, y, shape)], {}, shape, dtype);
      }
      if (y.uniform === -1) {
        return graph.emit("neg", [broadcastTo(graph, x, shape)], {}, shape, dtype);
      }
      const [minusX, minusY] = [negated(graph, x), negated(graph, y)];
      if (minusX && minusY) return give("mul", minusX, minusY);
      if (minusX) {
        return y.uniform !== undefined
          ? give("mul", minusX, literal(graph, -y.uniform, y.shape, dtype))
          : graph.emit("neg", [give("mul", minusX, y)], {}, shape, dtype);
      }
      if (minusY) {
        return x.uniform !== undefined
          ? give("mul", literal(graph, -x.uniform, x.shape, dtype), minusY)
          : graph.emit("neg", [give("mul", x, minusY)], {}, shape, dtype);
      }
      const [factor, other] = y.uniform !== undefined ? [y, x] : [x, y];
      const inner = factor.uniform !== undefined ? scaled(graph, other) : undefined;
      if (!inner) return undefined;
      const scale = inner.scale * factor.uniform!;
      if (!isNormal(scale, dtype)) return undefined;
      return give("mul", inner.x, graph.uniform(scale, factor.shape, dtype));
    }
    case "reshape":
    case "transpose":
    case "broadcast": {
      if (x.uniform !== undefined) return graph.uniform(x.uniform, shape, dtype);
      const noop = op === "transpose"
        ? (params.perm as number[]).every((p, i) => p === i)
        : sameShape(x.shape, shape);
      if (noop) return x;
      // A negation is free once it reaches an addition, so let it travel towards one.
      const inner = negated(graph, x);
      return inner &&
        graph.emit("neg", [graph.emit(op, [inner], params, shape, dtype)], {}, shape, dtype);
    }
    case "reduce": {
      if (params.op !== "Add" || !isFloat(dtype)) return undefined;
      if (x.uniform === undefined) {
        const inner = negated(graph, x);
        return inner &&
          graph.emit("neg", [graph.emit(op, [inner], params, shape, dtype)], {}, shape, dtype);
      }
      const count = sizeOf((params.axis as number[]).map((i) => x.shape[i]));
      return graph.uniform(count === 0 ? 0 : x.uniform * count, shape, dtype);
    }
    default:
      return undefined;
  }
};
