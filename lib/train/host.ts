/** @file Parameter trees between jax-js, the host, and flat named tensors. */
import { numpy as np } from "@jax-js/jax";
import { type Handle, isSpecLike, type Spec, type Tensor, type Tree } from "../engine/mod.ts";

/** Reads a tree of jax-js arrays to host tensors; the arrays are consumed. */
// deno-lint-ignore no-explicit-any
export function toHost(value: any): any {
  if (value instanceof np.Array) {
    const shape = value.shape;
    const dtype = value.dtype as unknown as Tensor["dtype"];
    return { dtype, shape, data: value.dataSync() } as Tensor;
  }
  if (Array.isArray(value)) return value.map(toHost);
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, toHost(v)]));
}

/** Reads every handle of a tree. */
// deno-lint-ignore no-explicit-any
export async function readTree(value: Tree<Handle>): Promise<any> {
  if (isSpecLike(value)) return await (value as Handle).read();
  if (Array.isArray(value)) return await Promise.all(value.map(readTree));
  const entries = Object.entries(value as Record<string, Tree<Handle>>);
  return Object.fromEntries(
    await Promise.all(entries.map(async ([k, v]) => [k, await readTree(v)])),
  );
}

/** Disposes of every handle of a tree; host tensors in it stay as they are. */
export function disposeTree(value: Tree<Tensor | Handle>): void {
  if (!isSpecLike(value)) Object.values(value).forEach(disposeTree);
  else if ("dispose" in value) value.dispose();
}

/** A tree as one record, keys joined with dots: `blocks.0.up.weight`. */
export function flatten(value: Tree<Tensor>, prefix = ""): Record<string, Tensor> {
  if (isSpecLike(value)) return { [prefix]: value as Tensor };
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
  // deno-lint-ignore no-explicit-any
): any {
  if (isSpecLike(example)) {
    const tensor = flat[prefix];
    if (!tensor) throw new Error(`the saved parameters lack ${prefix}`);
    if (tensor.shape.join() !== (example as Spec).shape.join()) {
      throw new Error(
        `the saved ${prefix} has shape [${tensor.shape}], the model wants [${
          (example as Spec).shape
        }]`,
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
