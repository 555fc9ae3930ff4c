/** @file Trees of host tensors: by dotted names, and several of one structure as one. */
import { type Spec, type Tensor, type Tree, type TypedArray } from "./tensor.ts";

/** True for anything with a shape and a dtype: specs, host tensors and handles. */
export function isSpec(value: unknown): value is Spec {
  return typeof value === "object" && value !== null && "dtype" in value && "shape" in value &&
    Array.isArray(value.shape);
}

/** A tree of the same structure, with every leaf replaced. */
export function mapLeaves<T, U>(
  value: Tree<T>,
  isLeaf: (value: Tree<T>) => value is T,
  change: (leaf: T) => U,
): Tree<U> {
  if (isLeaf(value)) return change(value);
  if (Array.isArray(value)) return value.map((v) => mapLeaves(v, isLeaf, change));
  const entries = Object.entries(value as Record<string, Tree<T>>);
  return Object.fromEntries(entries.map(([k, v]) => [k, mapLeaves(v, isLeaf, change)]));
}

const isTensor = (value: Tree<Tensor>): value is Tensor => isSpec(value);

/** Every tensor replaced. */
export function mapTensors(value: Tree<Tensor>, change: (tensor: Tensor) => Tensor): Tree<Tensor> {
  return mapLeaves(value, isTensor, change);
}

/** Trees of tensors of one shape as one tree, with a leading axis. */
export function stack(trees: readonly Tree<Tensor>[]): Tree<Tensor> {
  const rest = trees.slice(1).map(leavesOf);
  let at = 0;
  return mapTensors(trees[0], (first) => {
    const all = [first, ...rest.map((leaves) => leaves[at])];
    at++;
    const size = first.data.length;
    const data = new (first.data.constructor as new (size: number) => TypedArray)(
      size * all.length,
    );
    all.forEach((tensor, i) => data.set(tensor.data, i * size));
    return { dtype: first.dtype, shape: [all.length, ...first.shape], data };
  });
}

/** Tree `index` of those that were stacked. */
export function unstack(stacked: Tree<Tensor>, index: number): Tree<Tensor> {
  return mapTensors(stacked, ({ dtype, shape: [, ...shape], data }) => {
    const size = shape.reduce((a, b) => a * b, 1);
    return { dtype, shape, data: data.slice(index * size, (index + 1) * size) };
  });
}

/** The tensors of a tree, in its order. */
export function leavesOf(value: Tree<Tensor>): Tensor[] {
  return Object.values(flatten(value));
}

/** A tree as one record, keys joined with dots: `blocks.0.up.weight`. */
export function flatten(value: Tree<Tensor>, prefix = ""): Record<string, Tensor> {
  if (isTensor(value)) return { [prefix]: value };
  const flat: Record<string, Tensor> = {};
  for (const [key, child] of Object.entries(value as Record<string, Tree<Tensor>>)) {
    Object.assign(flat, flatten(child, prefix ? `${prefix}.${key}` : key));
  }
  return flat;
}

/**
 * The inverse of {@linkcode flatten}, shaped like `example`.
 * @throws {Error} naming a tensor that is missing or has another shape.
 */
export function unflatten(
  example: Tree<Spec>,
  flat: Readonly<Record<string, Tensor>>,
  prefix = "",
): Tree<Tensor> {
  if (isSpec(example)) {
    const tensor = flat[prefix];
    if (!tensor) throw new Error(`the saved parameters lack ${prefix}`);
    if (tensor.shape.join() !== example.shape.join()) {
      throw new Error(
        `the saved ${prefix} has shape [${tensor.shape}], the model wants [${example.shape}]`,
      );
    }
    return tensor;
  }
  const child = (key: string, value: Tree<Spec>) =>
    unflatten(value, flat, prefix ? `${prefix}.${key}` : key);
  if (Array.isArray(example)) return example.map((value, i) => child(String(i), value));
  return Object.fromEntries(
    Object.entries(example as Record<string, Tree<Spec>>).map(([k, v]) => [k, child(k, v)]),
  );
}
