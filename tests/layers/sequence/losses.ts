/** @file A loss of a sequence layer whose gradients show everything: by parameters, tokens and the state before, of y and the last state. */
import { numpy as np } from "@jax-js/jax";
import type { Tensor, Tree } from "../../../lib/engine/mod.ts";
import { constant } from "../../../lib/layers/constant.ts";
import { flatten } from "../../../lib/tensor/trees.ts";
import { weightsOf } from "../../engine/derivatives/differences.ts";
import { type Any, type Case, type Form, isFloatTensor, mapTensors } from "./layers.ts";

/** Arrays of a tree, in the order of its names. */
const arraysOf = (tree: Any): np.Array[] =>
  tree instanceof Object && !("dtype" in tree) ? Object.values(tree).flatMap(arraysOf) : [tree];

/** Half the sum of squares of all floats, each moved by a number of which no two are equal: nothing cancels. */
function squares(outputs: np.Array[]): np.Array {
  const sums = outputs.filter(({ dtype }) => dtype !== np.int32).map((y, i) => {
    const moved = y.add(constant(weightsOf(y.size, i), y.shape, y.dtype));
    return np.sum(moved.ref.mul(moved)).mul(0.5);
  });
  return sums.reduce((a, b) => a.add(b));
}

export interface Loss {
  /** Of y and the last state, of single arrays: parameters, tokens, and the state before if there is one. */
  readonly loss: (...arrays: np.Array[]) => np.Array;
  readonly args: Tensor[];
  /** Which of the arguments are floats. */
  readonly argnums: number[];
  readonly names: string[];
}

export function lossOf(
  { layer, config, params }: Case,
  form: Form,
  x: Tensor,
  state?: Tree<Tensor>,
): Loss {
  const given: Any = state === undefined ? { params, x } : { params, x, state };
  const flat = flatten(given);
  const args = Object.values(flat);
  const loss = (...arrays: np.Array[]) => {
    const next = arrays.values();
    const { params, x, state } = mapTensors(given, () => next.next().value!);
    const [last, y] = form(layer, config, params, x, state);
    return squares([y, ...arraysOf(last)]);
  };
  const argnums = args.flatMap((leaf, i) => isFloatTensor(leaf) ? [i] : []);
  return { loss, args, argnums, names: Object.keys(flat) };
}

/** Floats in single precision. */
export const narrowed = (args: readonly Tensor[]): Tensor[] =>
  args.map((leaf) =>
    isFloatTensor(leaf) ? { ...leaf, dtype: "float32", data: Float32Array.from(leaf.data) } : leaf
  );
