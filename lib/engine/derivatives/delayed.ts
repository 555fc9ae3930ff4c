/**
 * @file Sums over the turns of a loop that are cheaper after it. The gradient of a weight is a sum over turns of products of two
 * small factors; with the factors of all turns stacked it is one product, and the loop does not carry the sum.
 */
import type { Graph, Value } from "../graph.ts";
import { sizeOf } from "../types.ts";
import { broadcastShape, Ops } from "./ops.ts";

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
 * or when its factors are larger than itself.
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
  const own = new Set(sum.factors.filter((v) => !ready.has(v)));
  const cost = [...own].reduce((total, v) => total + sizeOf(v.shape), 0);
  return cost <= sizeOf(value.shape) ? sum : undefined;
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
      if (product) return productSum(product.inputs, axis);
      return inputs[0].uniform !== undefined ? undefined : {
        factors: [inputs[0]],
        build: (ops, stacked) => ops.sum(stacked(inputs[0]), [0, ...axis.map((i) => i + 1)]),
      };
    }
    case "dot":
      return productSum(inputs, [broadcastShape(...inputs.map((v) => v.shape)).length - 1]);
    case "contract":
      return productSum(inputs, params.axis as number[]);
    default:
      return undefined;
  }
}

const sameShape = (a: Value, b: Value) =>
  a.shape.length === b.shape.length && a.shape.every((d, i) => d === b.shape[i]);

function productSum(inputs: readonly Value[], axis: readonly number[]): TurnSum | undefined {
  if (inputs.some((v) => v.uniform !== undefined)) return undefined;
  const rank = Math.max(...inputs.map((v) => v.shape.length));
  return {
    factors: inputs,
    build(ops, stacked) {
      const [x, y] = inputs.map((v) => {
        const all = stacked(v);
        const ones = Array(rank - v.shape.length).fill(1);
        return ops.reshape(all, [all.shape[0], ...ones, ...v.shape]);
      });
      return ops.contract(x, y, [0, ...axis.map((i) => i + 1)]);
    },
  };
}
