/** @file Trees of traced arrays, typed: jax-js's own functions know no records of lists of arrays. */
import { tree } from "@jax-js/jax";
import type { Arrays, JaxArray } from "./arrays.ts";

/** Another reference to every array, for one more use of the tree. */
export function refTree<T extends Arrays>(value: T): T {
  return tree.ref(value as never) as T;
}

/** The arrays of a tree, in jax-js's order. */
export function leavesOf(value: Arrays): JaxArray[] {
  return tree.leaves(value as never) as JaxArray[];
}

/** Arrays in the order of {@linkcode leavesOf} as a tree of the same structure as `like`. */
export function treeLike<T extends Arrays>(like: T, leaves: readonly JaxArray[]): T {
  const [, structure] = tree.flatten(like as never) as unknown as [JaxArray[], never];
  return tree.unflatten(structure, leaves as never) as T;
}
