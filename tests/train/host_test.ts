/** @file Trees between jax-js, the engine's side and the host. */
import { init as initJax, numpy as np } from "@jax-js/jax";
import assert from "node:assert/strict";
import { type Handle, type Tensor, tensor } from "../../lib/engine/mod.ts";
import { disposeTree, freshParameters, readTree, toHost } from "../../lib/train/host.ts";

await initJax("wasm");

Deno.test("arrays become tensors of their shape and type, in their tree, and are consumed", () => {
  const a = np.array([[1, 2, 3]]);
  const tree = {
    a,
    b: [np.array([4, -5], { dtype: np.int32 }), np.zeros([], { dtype: np.float64 })],
    c: {},
  };
  assert.deepEqual(toHost(tree), {
    a: tensor([1, 2, 3], [1, 3]),
    b: [tensor([4, -5], [2], "int32"), tensor(0, [], "float64")],
    c: {},
  });
  assert.throws(() => a.ref);
  assert.deepEqual(toHost(np.ones([2])), tensor([1, 1]));
});

Deno.test("fresh parameters are those of the seed", async () => {
  const model = {
    init: (seed: number) => ({ w: np.array([seed, 2 * seed]) }),
    apply: (_: unknown, x: np.Array) => x,
  };
  assert.deepEqual(await freshParameters(model, 3), { w: tensor([3, 6]) });
});

/** A handle that says whether it was disposed of. */
function handleOf(value: Tensor): Handle & { disposed: number } {
  return {
    dtype: value.dtype,
    shape: value.shape,
    read: () => Promise.resolve(value),
    disposed: 0,
    dispose() {
      this.disposed++;
    },
  };
}

Deno.test("handles are read, wherever they are in a tree; tensors in it stay as they are", async () => {
  const [a, b, c] = [tensor([1, 2]), tensor(3), tensor([4], [1, 1])];
  const tree = { a: handleOf(a), b: [b, { c: handleOf(c), none: {} }] };
  assert.deepEqual(await readTree(tree), { a, b: [b, { c, none: {} }] });
  assert.equal(tree.a.disposed, 0);
  const once = handleOf(a);
  assert.deepEqual(await readTree([once, once]), [a, a]);
  await assert.rejects(
    readTree([{ ...handleOf(a), read: () => Promise.reject(new Error("gone")) }]),
    /gone/,
  );
});

Deno.test("every handle of a tree is disposed of once, tensors are left", () => {
  const [a, b] = [handleOf(tensor(1)), handleOf(tensor(2))];
  const kept = tensor([1, 2]);
  disposeTree({ a, b: [{ b }, kept], none: [] });
  assert.deepEqual([a.disposed, b.disposed], [1, 1]);
  assert.deepEqual(kept, tensor([1, 2]));
});
