/** @file Shapes of a model's fresh parameters, by name, without drawing them: of models that are only counted. */
import { makeJaxpr, tree } from "@jax-js/jax";
import type { Model } from "../../lib/models/model.ts";
import { flatten } from "../../lib/tensor/trees.ts";

// deno-lint-ignore no-explicit-any
type Any = any;

export function shapesOf(model: Pick<Model, "init">): Record<string, readonly number[]> {
  let shapes: [string, readonly number[]][] = [];
  makeJaxpr((): Any => {
    const fresh = model.init(1) as Any;
    shapes = Object.entries(flatten(fresh)).map(([name, { shape }]) => [name, [...shape]]);
    return tree.leaves(fresh);
  })();
  return Object.fromEntries(shapes);
}

export const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
