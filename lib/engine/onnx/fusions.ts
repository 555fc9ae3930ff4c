/**
 * @file Pairs of equations that one kernel computes. A sum over products is a contraction, which can be one matrix product, a sum over
 * squares one reduction, a product with a reciprocal one division; each saves a pass over memory.
 */
import type { Equation, Graph, Value } from "../graph.ts";
import { isFloat } from "../types.ts";
import { contract, sumView } from "./contraction.ts";
import { nodeKernel } from "./elementwise.ts";
import type { Model } from "./model.ts";
import type { View } from "./view.ts";

/** The pairs that {@linkcode fusions} found. */
export interface Fusions {
  /** How to lower an equation together with the one before it. */
  readonly lowerings: ReadonlyMap<Equation, (model: Model, read: (v: Value) => View) => View>;
  /** What is lowered with another one, and not by itself. */
  readonly absorbed: ReadonlySet<Equation>;
}

/** Finds the pairs among equations; only what nothing else reads is absorbed. */
export function fusions(
  graph: Graph,
  equations: readonly Equation[],
  outputs: readonly Value[],
): Fusions {
  const uses = new Map<Value, number>();
  for (const v of [...equations.flatMap((e) => [...new Set(e.inputs)]), ...outputs]) {
    uses.set(v, (uses.get(v) ?? 0) + 1);
  }
  const lowerings = new Map<Equation, (model: Model, read: (v: Value) => View) => View>();
  const absorbed = new Set<Equation>();
  const candidates = equations.filter(({ outs: [{ dtype }], inputs }) =>
    isFloat(dtype) && inputs.every((v) => v.dtype === dtype)
  );
  const alone = (v: Value, op: string) => uses.get(v) === 1 ? graph.made(v, op) : undefined;
  for (const equation of candidates) {
    if (equation.op !== "reduce" || equation.params.op !== "Add") continue;
    const product = alone(equation.inputs[0], "mul");
    if (!product) continue;
    const [x, y] = product.inputs;
    const [{ dtype, shape }] = product.outs;
    if (x.dtype !== dtype || y.dtype !== dtype) continue;
    const axis = equation.params.axis as number[];
    if (x === y) {
      lowerings.set(
        equation,
        (model, read) => sumView(model, read(x), axis, false, "ReduceSumSquare"),
      );
    } else if (areMatrices(x, y, shape.length, axis)) {
      lowerings.set(
        equation,
        (model, read) => contract(model, read(x), read(y), shape, axis, dtype),
      );
    } else continue;
    absorbed.add(product);
  }
  for (const equation of candidates) {
    if (equation.op !== "mul" || absorbed.has(equation)) continue;
    const at = equation.inputs.findIndex((v) => alone(v, "reciprocal"));
    if (at < 0 || equation.inputs[0] === equation.inputs[1]) continue;
    const reciprocal = graph.definition(equation.inputs[at])!;
    const [x, y] = [equation.inputs[1 - at], reciprocal.inputs[0]];
    const [{ dtype, shape }] = equation.outs;
    lowerings.set(
      equation,
      (model, read) => nodeKernel(model, { op: "Div" }, [read(x), read(y)], shape, dtype),
    );
    absorbed.add(reciprocal);
  }
  return { lowerings, absorbed };
}

/**
 * Whether both factors vary along kept axes of their own; otherwise a product followed by a sum is as good and rounds
 * better.
 */
function areMatrices(x: Value, y: Value, rank: number, axis: readonly number[]): boolean {
  const summed = new Set(axis);
  const varies = (v: Value, other: Value, i: number) => {
    const at = i - (rank - v.shape.length);
    const otherAt = i - (rank - other.shape.length);
    return !summed.has(i) && (v.shape[at] ?? 1) !== 1 && (other.shape[otherAt] ?? 1) === 1;
  };
  const axes = [...Array(rank).keys()];
  return axes.some((i) => varies(x, y, i)) && axes.some((i) => varies(y, x, i));
}
