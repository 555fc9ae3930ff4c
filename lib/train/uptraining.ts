/**
 * @file Where a model starts that another one has been trained for: what a Transformer knows is kept, and what it lacks is fresh (Mercat et al.,
 * arXiv 2405.06640, section 3).
 */
import { numpy as np } from "@jax-js/jax";
import type { Arrays } from "../engine/arrays.ts";
import { isFloat, type Tensor, type Tree } from "../tensor/tensor.ts";
import { flatten, isSpec, mapLeaves, unflatten } from "../tensor/trees.ts";

/**
 * Parameters of a new model that goes on from where another one is.
 * @param trained parameters of the other model, by their dotted names.
 * @param fresh of the new one.
 * @returns the new ones, each as it was trained under the same name, if it was.
 * @throws {Error} naming a trained parameter that the new model has no place for, or has in another shape.
 */
export function uptrained(
  trained: Readonly<Record<string, Tensor>>,
  fresh: Tree<Tensor>,
): Tree<Tensor> {
  const own = flatten(fresh);
  for (const name of Object.keys(trained)) {
    if (own[name]) continue;
    throw new Error(
      `uptraining: the trained model has ${name}, the new one has not: what was learned there would be lost; choose a layer that has all that the trained one has`,
    );
  }
  return unflatten(fresh, { ...own, ...trained });
}

/** As jax-js arrays. */
export function arraysOf(tree: Tree<Tensor>): Arrays {
  return mapLeaves(tree, (leaf): leaf is Tensor => isSpec(leaf), ({ data, shape, dtype }) => {
    if (!isFloat(dtype)) {
      throw new TypeError(`uptraining: a parameter of type ${dtype}, not a float`);
    }
    return np.array(Float32Array.from(data), { shape: [...shape] });
  });
}
