/** @file Trees of tensors: names, stacks and replaced leaves. */
import assert from "node:assert/strict";
import { type Tensor, tensor, type Tree } from "../../lib/tensor/tensor.ts";
import {
  flatten,
  isSpec,
  leavesOf,
  mapLeaves,
  mapTensors,
  stack,
  unflatten,
  unstack,
} from "../../lib/tensor/trees.ts";

const treeOf = (k: number) => ({
  a: tensor([k, 2 * k]),
  blocks: [{ w: tensor(3 * k) }, { w: tensor([4 * k], [1, 1]) }],
});

Deno.test("a tree is one record of dotted names, and back again", () => {
  const tree = treeOf(1);
  const flat = flatten(tree);
  assert.deepEqual(Object.keys(flat), ["a", "blocks.0.w", "blocks.1.w"]);
  assert.equal(flat["blocks.1.w"], tree.blocks[1].w);
  assert.deepEqual(unflatten(treeOf(0), flat), tree);
  assert.deepEqual(unflatten(treeOf(0), { ...flat, more: tensor(1) }), tree);
  assert.deepEqual(leavesOf(tree), Object.values(flat));
});

Deno.test("a tree may be one tensor, or none", () => {
  const one = tensor([1, 2]);
  assert.deepEqual(flatten(one), { "": one });
  assert.deepEqual(unflatten(tensor([0, 0]), { "": one }), one);
  assert.deepEqual(flatten({ layers: [], ends: {} }), {});
  assert.deepEqual(unflatten({ layers: [], ends: {} }, {}), { layers: [], ends: {} });
  assert.deepEqual(leavesOf({ layers: [] }), []);
});

Deno.test("saved tensors of another shape, and missing ones, are named", () => {
  const flat = flatten(treeOf(1));
  assert.throws(
    () => unflatten(treeOf(0), { ...flat, a: tensor(1) }),
    /the saved a has shape \[\], the model wants \[2\]/,
  );
  assert.throws(
    () => unflatten(treeOf(0), { ...flat, "blocks.1.w": tensor([4]) }),
    /saved blocks\.1\.w has shape \[1\], the model wants \[1,1\]/,
  );
  assert.throws(
    () => unflatten(treeOf(0), { ...flat, a: tensor([1, 2, 3]) }),
    /saved a has shape \[3\], the model wants \[2\]/,
  );
  const { "blocks.1.w": _, ...rest } = flat;
  assert.throws(() => unflatten(treeOf(0), rest), /lack blocks\.1\.w/);
});

Deno.test("what has a shape and a type is a leaf, a record of such things is none", () => {
  assert.ok(isSpec(tensor(1)));
  assert.ok(isSpec({ dtype: "int32", shape: [] }));
  for (const other of [null, undefined, 1, "float32", [], {}, { shape: [1] }, { dtype: "bool" }]) {
    assert.ok(!isSpec(other), JSON.stringify(other));
  }
  // Parameters may be called like that.
  assert.ok(!isSpec({ dtype: tensor(1), shape: tensor(1) }));
});

Deno.test("every leaf is replaced, in the order of the names, and the structure stays", () => {
  const seen: number[] = [];
  const doubled = mapTensors(treeOf(2), (t) => {
    seen.push(t.data[0]);
    return tensor(t.data.map((x) => 2 * x), t.shape);
  });
  assert.deepEqual(seen, [2, 6, 8]);
  assert.deepEqual(doubled, treeOf(4));
  const isString = (value: Tree<string>) => typeof value === "string";
  const lengths = mapLeaves(
    { a: "four", b: ["", { c: "x" }] } as Tree<string>,
    isString as (value: Tree<string>) => value is string,
    (leaf) => leaf.length,
  );
  assert.deepEqual(lengths, { a: 4, b: [0, { c: 1 }] });
});

Deno.test("stacked trees have a leading axis, the first tree first, in their own types", () => {
  const trees: Tree<Tensor>[] = [1, 2, 3].map((k) => ({
    a: tensor([k, 2 * k]),
    b: [tensor(k, [], "float64"), tensor([3 * k, -k, k], [1, 3], "int32"), tensor([], [0, 2])],
  }));
  const stacked = stack(trees);
  assert.deepEqual(stacked, {
    a: tensor([1, 2, 2, 4, 3, 6], [3, 2]),
    b: [
      tensor([1, 2, 3], [3], "float64"),
      tensor([3, -1, 1, 6, -2, 2, 9, -3, 3], [3, 1, 3], "int32"),
      tensor([], [3, 0, 2]),
    ],
  });
  trees.forEach((tree, i) => assert.deepEqual(unstack(stacked, i), tree));
  assert.deepEqual(stack([trees[1]]), {
    a: tensor([2, 4], [1, 2]),
    b: [tensor([2], [1], "float64"), tensor([6, -2, 2], [1, 1, 3], "int32"), tensor([], [1, 0, 2])],
  });
});

Deno.test("stacks and what is taken from them share no memory with the trees", () => {
  const tree = { a: tensor([1, 2]) };
  const stacked = stack([tree, tree]) as { a: Tensor };
  const one = unstack(stacked, 1) as { a: Tensor };
  tree.a.data[0] = 7;
  assert.deepEqual([...stacked.a.data], [1, 2, 1, 2]);
  stacked.a.data[2] = 9;
  assert.deepEqual([...one.a.data], [1, 2]);
});
