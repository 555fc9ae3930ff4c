/**
 * @file Sums over the turns of a loop that are cheaper after it. The gradient of a weight is a sum over turns of products of two
 * small factors; with the factors of all turns stacked it is one product, and the loop does not carry the sum.
 */
import type { Graph, Value } from "../graph.ts";
import { broadcastShape, sizeOf } from "../types.ts";
import type { Ops } from "./ops.ts";

/** A value of a loop's turn, summed over all turns. */
export interface TurnSum {
  /** Values of the turn that it is made from. */
  readonly factors: readonly Value[];
  /**
   * The sum, in the graph around the loop.
   * @param stacked a factor of all turns, along a new axis 0.
   */
  build(ops: Ops, stacked: (factor: Value) => Value): Value;
}

/**
 * How `value` may be summed after the loop whose turn makes it; `undefined` where the loop had better do it: when it is no product,
 * or when stacking its factors would cost more memory than it does itself and more than the loop takes in anyway.
 * @param turn the graph of one turn.
 * @param ready values whose stacks are there already.
 */
export function sumAfterLoop(
  turn: Graph,
  value: Value,
  ready: ReadonlySet<Value>,
): TurnSum | undefined {
  const sum = turnSum(turn, value);
  if (!sum) return undefined;
  const elements = (values: Iterable<Value>) =>
    [...values].reduce((total, v) => total + sizeOf(v.shape), 0);
  const cost = elements(new Set(sum.factors.filter((v) => !ready.has(v))));
  return cost <= Math.max(sizeOf(value.shape), elements(ready)) ? sum : undefined;
}

function turnSum(turn: Graph, value: Value): TurnSum | undefined {
  const equation = turn.definition(value);
  if (!equation) return undefined;
  const { op, inputs, params } = equation;
  switch (op) {
    case "reshape":
    case "transpose":
    case "neg": {
      const inner = turnSum(turn, inputs[0]);
      return inner && {
        factors: inner.factors,
        build: (ops, stacked) => ops.emit(op, [inner.build(ops, stacked)], params, value.shape),
      };
    }
    case "add":
    case "sub": {
      const parts = inputs.map((v) => turnSum(turn, v));
      if (parts.some((part, i) => !part || !sameShape(inputs[i], value))) return undefined;
      const [x, y] = parts as TurnSum[];
      return {
        factors: [...x.factors, ...y.factors],
        build: (ops, stacked) =>
          ops.emit(op, [x.build(ops, stacked), y.build(ops, stacked)], {}, value.shape),
      };
    }
    case "reduce": {
      if (params.op !== "Add") return undefined;
      const axis = params.axis as number[];
      const product = turn.made(inputs[0], "mul");
      if (product) return productSum(turn, product.inputs, axis);
      if (inputs[0].uniform !== undefined) return undefined;
      const { origin, move } = originOf(turn, inputs[0]);
      return {
        factors: [origin],
        build: (ops, stacked) =>
          ops.sum(move(ops, stacked(origin)), [0, ...axis.map((i) => i + 1)]),
      };
    }
    case "dot":
      return productSum(turn, inputs, [broadcastShape(...inputs.map((v) => v.shape)).length - 1]);
    case "contract":
      return productSum(turn, inputs, params.axis as number[]);
    default:
      return undefined;
  }
}

const sameShape = (a: Value, b: Value) =>
  a.shape.length === b.shape.length && a.shape.every((d, i) => d === b.shape[i]);

/** A factor that is another value, moved: the stack of that one will do. */
interface Moved {
  readonly origin: Value;
  /** The stack of the factor from that of the origin. */
  move(ops: Ops, stack: Value): Value;
}

function originOf(turn: Graph, value: Value): Moved {
  const equation = turn.definition(value);
  if (equation?.op !== "reshape" && equation?.op !== "transpose") {
    return { origin: value, move: (_, stack) => stack };
  }
  const { origin, move } = originOf(turn, equation.inputs[0]);
  const perm = equation.params.perm as number[] | undefined;
  return {
    origin,
    move(ops, stack) {
      const moved = move(ops, stack);
      return perm
        ? ops.transpose(moved, [0, ...perm.map((i) => i + 1)])
        : ops.reshape(moved, [stack.shape[0], ...value.shape]);
    },
  };
}

function productSum(
  turn: Graph,
  inputs: readonly Value[],
  axis: readonly number[],
): TurnSum | undefined {
  if (inputs.some((v) => v.uniform !== undefined)) return undefined;
  const rank = Math.max(...inputs.map((v) => v.shape.length));
  const moved = inputs.map((v) => originOf(turn, v));
  return {
    factors: moved.map(({ origin }) => origin),
    build(ops, stacked) {
      const [x, y] = moved.map(({ origin, move }, i) => {
        const all = move(ops, stacked(origin));
        const ones = Array(rank - inputs[i].shape.length).fill(1);
        return ops.reshape(all, [all.shape[0], ...ones, ...inputs[i].shape]);
      });
      return ops.contract(x, y, [0, ...axis.map((i) => i + 1)]);
    },
  };
}
