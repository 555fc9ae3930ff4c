/** @file Trees between jax-js, the engine's side and the host. */
import { init as initJax, numpy as np } from "@jax-js/jax";
import type { Arrays, JaxArray } from "../engine/arrays.ts";
import type { Handle } from "../engine/types.ts";
import type { Model } from "../models/model.ts";
import type { Tensor, Tree } from "../tensor/tensor.ts";
import { isSpec, mapLeaves } from "../tensor/trees.ts";

const isArray = (value: Arrays): value is JaxArray => value instanceof np.Array;
const isLeaf = (value: Tree<Tensor | Handle>): value is Tensor | Handle => isSpec(value);

/** Reads a tree of jax-js arrays to host tensors; the arrays are consumed. */
export function toHost(value: Arrays): Tree<Tensor> {
  return mapLeaves(value, isArray, (array): Tensor => {
    const { shape, dtype } = array;
    return {
      dtype: `${dtype}` as Tensor["dtype"],
      shape,
      data: array.dataSync() as Tensor["data"],
    };
  });
}

/** Fresh parameters of a model, on the host. */
export async function freshParameters(model: Model, seed: number): Promise<Tree<Tensor>> {
  await initJax("wasm");
  return toHost(model.init(seed));
}

/** Reads every handle of a tree; host tensors in it stay as they are. */
export async function readTree(value: Tree<Tensor | Handle>): Promise<Tree<Tensor>> {
  const reads: Promise<void>[] = [];
  const found = new Map<Tensor | Handle, Tensor>();
  mapLeaves(value, isLeaf, (leaf) => {
    if ("data" in leaf) found.set(leaf, leaf);
    else reads.push(leaf.read().then((tensor) => void found.set(leaf, tensor)));
  });
  await Promise.all(reads);
  return mapLeaves(value, isLeaf, (leaf) => found.get(leaf)!);
}

/** Disposes of every handle of a tree; host tensors in it stay as they are. */
export function disposeTree(value: Tree<Tensor | Handle>): void {
  mapLeaves(value, isLeaf, (leaf) => {
    if ("dispose" in leaf) leaf.dispose();
  });
}
