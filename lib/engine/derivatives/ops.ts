/** @file The graph's operations as a derivative is written with them: shapes follow from the operands. */
import type { Graph, Params, Value } from "../graph.ts";
import { broadcastShape, type DType } from "../types.ts";

/** Emits operations into one graph. Two operands broadcast by the rule of NumPy; a result has the dtype of the first, unless noted. */
export class Ops {
  /** Operations are added to `graph`. */
  constructor(readonly graph: Graph) {}

  /** An operation by its name, for those without a method here; the result has the dtype of the first operand. */
  emit(op: string, inputs: readonly Value[], params: Params, shape: readonly number[]): Value {
    return this.graph.emit(op, inputs, params, shape, inputs[0].dtype);
  }
  #elementwise(op: string, x: Value, y: Value): Value {
    return this.emit(op, [x, y], {}, broadcastShape(x.shape, y.shape));
  }

  /** x + y. */
  add(x: Value, y: Value): Value {
    return this.#elementwise("add", x, y);
  }
  /** x - y. */
  sub(x: Value, y: Value): Value {
    return this.#elementwise("sub", x, y);
  }
  /** x * y, elementwise. */
  mul(x: Value, y: Value): Value {
    return this.#elementwise("mul", x, y);
  }
  /** An elementwise function by its operation. */
  map(op: string, x: Value): Value {
    return this.emit(op, [x], {}, x.shape);
  }
  /** -x. */
  neg(x: Value): Value {
    return this.map("neg", x);
  }
  /** 1 / x. */
  reciprocal(x: Value): Value {
    return this.map("reciprocal", x);
  }

  /** A scalar with the dtype of `like`; operations broadcast it. */
  literal(value: number, like: Value): Value {
    return this.graph.uniform(value, [], like.dtype);
  }
  /** Zeros of the shape and dtype of `like`. */
  zeros(like: Value): Value {
    return this.graph.uniform(0, like.shape, like.dtype);
  }
  /** x times a number. */
  times(x: Value, factor: number): Value {
    return this.mul(x, this.literal(factor, x));
  }
  /** x plus a number. */
  plus(x: Value, term: number): Value {
    return this.add(x, this.literal(term, x));
  }
  /** 1 - x. */
  oneMinus(x: Value): Value {
    return this.sub(this.literal(1, x), x);
  }
  /** x * x. */
  square(x: Value): Value {
    return this.mul(x, x);
  }

  /** x `op` y, elementwise; the result is `bool`. */
  compare(op: "less" | "less_equal" | "equal" | "not_equal", x: Value, y: Value): Value {
    const shape = broadcastShape(x.shape, y.shape);
    return this.graph.emit("compare", [x, y], { op }, shape, "bool");
  }
  /** `yes` where the condition holds, `no` elsewhere; all three broadcast. The dtype is that of `yes`. */
  where(condition: Value, yes: Value, no: Value): Value {
    const shape = broadcastShape(condition.shape, yes.shape, no.shape);
    return this.graph.emit("where", [condition, yes, no], {}, shape, yes.dtype);
  }
  /** x converted to another dtype; itself where it has that already. */
  cast(x: Value, dtype: DType): Value {
    if (x.dtype === dtype) return x;
    return this.graph.emit("cast", [x], { dtype }, x.shape, dtype);
  }

  /** The elements in row-major order under a shape of the same size. */
  reshape(x: Value, shape: readonly number[]): Value {
    return this.emit("reshape", [x], { shape }, shape);
  }
  /** Axis i of the result is axis `perm[i]` of x. */
  transpose(x: Value, perm: readonly number[]): Value {
    return this.emit("transpose", [x], { perm }, perm.map((p) => x.shape[p]));
  }
  /** The elements along these axes from last to first. */
  flip(x: Value, axis: readonly number[]): Value {
    return this.emit("flip", [x], { axis }, x.shape);
  }
  /** By NumPy's rule. */
  broadcastTo(x: Value, shape: readonly number[]): Value {
    const axis = Array.from({ length: shape.length - x.shape.length }, (_, i) => i);
    return this.emit("broadcast", [x], { shape, axis }, shape);
  }
  /** Elements `from` to `to` (exclusive) of every axis, given as [from, to]. */
  shrink(x: Value, slice: readonly (readonly [number, number])[]): Value {
    return this.emit("shrink", [x], { slice }, slice.map(([from, to]) => to - from));
  }
  /** Zeros before and after every axis, given as [before, after]; negative widths cut. */
  pad(x: Value, width: readonly (readonly [number, number])[]): Value {
    const shape = x.shape.map((d, i) => d + width[i][0] + width[i][1]);
    return this.emit("pad", [x], { width }, shape);
  }
  /** Elements `from` to `to` of an axis. */
  slice(x: Value, axis: number, from: number, to: number): Value {
    if (from === 0 && to === x.shape[axis]) return x;
    return this.shrink(x, x.shape.map((d, i) => (i === axis ? [from, to] : [0, d])));
  }
  /** Parts one after the other along an axis; their other sizes agree. */
  concatenate(parts: readonly Value[], axis: number): Value {
    if (parts.length === 1) return parts[0];
    const total = parts.reduce((sum, part) => sum + part.shape[axis], 0);
    return this.emit("concatenate", parts, { axis }, parts[0].shape.with(axis, total));
  }

  /** A reduction that drops the axes it runs over. */
  reduce(op: "Add" | "Mul" | "Max" | "Min", x: Value, axis: readonly number[]): Value {
    if (axis.length === 0) return x;
    return this.emit("reduce", [x], { op, axis }, x.shape.filter((_, i) => !axis.includes(i)));
  }
  /** The sum over axes, which are dropped. */
  sum(x: Value, axis: readonly number[]): Value {
    return this.reduce("Add", x, axis);
  }
  /** A reduced value with its reduced axes back, at size 1. */
  keep(reduced: Value, shape: readonly number[], axis: readonly number[]): Value {
    return this.reshape(reduced, shape.map((d, i) => (axis.includes(i) ? 1 : d)));
  }
  /** sum over `axis` of the elementwise product. */
  contract(x: Value, y: Value, axis: readonly number[]): Value {
    const full = broadcastShape(x.shape, y.shape);
    return this.emit("contract", [x, y], { axis }, full.filter((_, i) => !axis.includes(i)));
  }

  /** The adjoint of broadcasting from `shape`: sums over what was stretched. */
  unbroadcast(x: Value, shape: readonly number[]): Value {
    const extra = x.shape.length - shape.length;
    const axis = [...x.shape.keys()].filter((i) =>
      i < extra || (shape[i - extra] === 1 && x.shape[i] !== 1)
    );
    return this.reshape(this.sum(x, axis), shape);
  }
}
