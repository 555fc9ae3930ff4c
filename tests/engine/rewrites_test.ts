/**
 * @file Programs written to break one rewrite or one layout decision each, against jax-js in float64.
 */
import { grad as jaxGrad, init, lax, nn, numpy as np } from "@jax-js/jax";
import assert from "node:assert/strict";
import { grad } from "../../lib/engine/gradient.ts";
import { type Tensor, tensor, type TracedFunction } from "../../lib/engine/mod.ts";
import { Graph, type Value } from "../../lib/engine/graph.ts";
import { algebra } from "../../lib/engine/rules/algebra.ts";
import { assertClose, generator, randomTensor, runEngine, runJax } from "./oracle.ts";

type A = np.Array;

await init("wasm");

const ints = (values: readonly number[], dtype: "int32" | "uint32" | "bool" = "int32") =>
  tensor(values, [values.length], dtype);
const square = tensor([0.3, -1.2, 0.8, 2.1, 0.5, -0.7, 1.9, -0.4, 0.6], [3, 3]);
const uint32 = (value: number) => np.array(value, { dtype: np.uint32 });
const softmaxBy =
  (axes: readonly [max: number, sum: number], keepdims: readonly [boolean, boolean]) => (x: A) => {
    const max = lax.stopGradient(np.max(x.ref, axes[0], { keepdims: keepdims[0] }));
    const e = np.exp(x.sub(max));
    return e.ref.div(np.sum(e, axes[1], { keepdims: keepdims[1] }));
  };
/** Of our own graph, and the one that jax-js writes. */
const gradient = (f: (x: A) => A) => grad(f) as (x: A) => A;
// deno-lint-ignore no-explicit-any
const jaxGradient = (f: (x: A) => A) => (jaxGrad as any)(f) as (x: A) => A;

/** Programs that a careless rewrite or layout gets wrong. The reference is float64, integers as they are. */
const programs: Record<string, [TracedFunction, Tensor[]]> = {
  // Literal arithmetic.
  "int32 products wrap": [(x: A) => x.mul(65537).mul(65537).neg(), [ints([3, -5, 70000])]],
  "infinity times 0 and minus itself": [
    (x: A, y: A) => [x.ref.mul(y), x.ref.sub(x)],
    [tensor([NaN, Infinity, -2, 0]), tensor([0, 0, 0, 1])],
  ],
  "two scales that overflow together": [
    (x: A) => [x.ref.mul(1e30).mul(1e30), x.mul(1e-30).mul(1e-30)],
    [tensor([0, 0, 0])],
  ],
  "scales of two shapes": [
    (x: A) => [x.ref.mul(2).mul(np.broadcastTo(np.array(3), [2, 3])), x.mul(6)],
    [tensor([1, 2, 3])],
  ],
  "a sum of no infinities": [(x: A) => x.add(np.sum(np.full([0], Infinity))), [tensor([1, 2])]],
  "negations everywhere": [
    (x: A, y: A) => x.ref.neg().mul(y.ref.neg()).sub(y.ref.neg()).add(x.neg()).neg().mul(y.neg()),
    [tensor([1, -2, 3]), tensor([0.5, 4, -1])],
  ],
  // Softmax between axes of equal size.
  "softmax by hand": [softmaxBy([1, 1], [true, true]), [square]],
  "the maximum over the other axis": [softmaxBy([0, 1], [true, true]), [square]],
  "the maximum spread along the other axis": [softmaxBy([1, 1], [false, true]), [square]],
  "the sum over the other axis": [softmaxBy([1, 0], [true, true]), [square]],
  "the sum spread along the other axis": [softmaxBy([1, 1], [true, false]), [square]],
  "an outer product with the sums": [
    (x: A) => {
      const e = np.exp(x.ref.sub(lax.stopGradient(np.max(x, 2, { keepdims: true }))));
      return e.ref.mul(np.reciprocal(np.sum(e, 2)).reshape([3, 1, 1]));
    },
    [tensor([...square.data], [1, 3, 3])],
  ],
  "the maximum of something else": [
    (x: A) => {
      const e = np.exp(x.ref.sub(np.max(x.mul(2), 1, { keepdims: true })));
      return e.ref.div(np.sum(e, 1, { keepdims: true }));
    },
    [square],
  ],
  "rows of -infinity": [
    (x: A) => nn.softmax(np.where(np.less(x.ref, 0), -Infinity, x), -1),
    [tensor([-1, -1, -1, 2, 3, -1], [2, 3])],
  ],
  "softmax of infinity and NaN": [(x: A) => nn.softmax(x), [tensor([Infinity, 1, NaN, 0], [2, 2])]],
  "negated gradient of softmax": [
    gradient((x) => np.sum(nn.softmax(x.ref, 1).mul(x).neg())),
    [square],
  ],
  "the same as jax-js writes it": [
    jaxGradient((x) => np.sum(nn.softmax(x.ref, 1).mul(x).neg())),
    [square],
  ],
  "the gradient of softmax is the exponential": [
    (x: A) => {
      const e = np.exp(x.ref.sub(np.max(x.ref, 1, { keepdims: true })));
      const r = np.reciprocal(np.sum(e.ref, 1, { keepdims: true }));
      const other = np.sum(e.ref.mul(x), 1, { keepdims: true });
      return e.ref.mul(e.mul(r.ref).sub(r.ref.mul(r).mul(other)));
    },
    [square],
  ],
  // Contractions.
  "both operands broadcast on the summed axis": [
    (x: A, y: A) =>
      np.einsum("ab,cb->ac", np.broadcastTo(x, [3, 5]), np.broadcastTo(y, [2, 5])).mul(2),
    [tensor([1, 2, 3], [3, 1]), tensor([4, 5], [2, 1])],
  ],
  "all of a product broadcast": [
    (x: A) => np.matmul(np.broadcastTo(x.ref, [3, 3]), np.broadcastTo(x, [3, 3])),
    [tensor([2], [1, 1])],
  ],
  "batch axes interleaved": [
    (x: A, y: A) => np.einsum("aibj,bkaj->iakb", x, y),
    [randomTensor(generator(1), [2, 3, 4, 5]), randomTensor(generator(2), [4, 3, 2, 5])],
  ],
  "a matrix times itself, transposed too": [
    (
      x: A,
    ) => [np.matmul(x.ref, x.ref), np.matmul(x.ref, np.transpose(x.ref)), np.sum(x.ref.mul(x))],
    [square],
  ],
  // Views.
  "reshape of a transpose of a broadcast": [
    (x: A) => {
      const wide = np.broadcastTo(x, [2, 3, 4]);
      return np.transpose(wide, [1, 0, 2]).reshape([6, 4]).mul(np.arange(4)).reshape([2, 12]);
    },
    [tensor([1, 2, 3], [3, 1])],
  ],
  "rank 0 and back": [
    (x: A) => np.broadcastTo(np.transpose(x.reshape([])).reshape([1, 1]), [2, 3]).add(1),
    [tensor([7], [1, 1, 1])],
  ],
  // Results.
  "inputs, constants and the same value twice": [
    (x: A, y: A) => [x.ref, y, x.ref, x, np.array([1, 2]), np.array(3), np.array([1, 2])],
    [tensor([1, 2, 3]), tensor([5])],
  ],
  "nothing depends on the input": [() => [np.array([1, 2]).add(1)], [tensor([1])]],
  "empty pieces": [(x: A) => np.split(x, [0, 2], 0), [tensor([1, 2, 3])]],
  // Other dtypes.
  "uint32 beyond int32": [
    (x: A, y: A) => [
      np.minimum(x.ref, y.ref),
      np.maximum(x.ref, y),
      np.max(x.ref),
      np.min(x.ref),
      np.sum(x.ref).mod(uint32(1000)),
      np.sort(x.ref),
      x.neg(),
    ],
    [ints([1, 3e9, 4294967295, 7], "uint32"), ints([2147483648, 5, 4294967294, 7], "uint32")],
  ],
  "a negative integer as uint32": [
    (x: A) => np.less(x.astype(np.uint32), uint32(7)),
    [ints([-1, 5])],
  ],
  "floats to integers saturate": [
    (x: A) => [x.ref.astype(np.int32), x.astype(np.uint32)],
    [tensor([1.9, -1.9, 3e9, -3e9, 5e9, NaN, Infinity, -Infinity])],
  ],
  "booleans in and out": [
    (b: A, x: A) => [
      np.where(b.ref, x.ref, 0),
      np.where(x.ref.less(2), b.ref, x.less(3)),
      np.logicalNot(b.ref),
      b.astype(np.float32).mul(2),
    ],
    [ints([0, 1, 1], "bool"), tensor([1, 2, 3])],
  ],
};

Deno.test("programs written to break a rewrite agree with jax-js", async (t) => {
  for (const [name, [fn, args]] of Object.entries(programs)) {
    await t.step(name, async () => {
      const got = await runEngine(fn, args);
      const want = runJax(fn, args, "float64");
      assert.equal(got.length, want.length);
      got.forEach((g, i) => assertClose(g, want[i], 1e-5, `output ${i}`));
    });
  }
});

Deno.test("literal integers fold as they would be computed", () => {
  const graph = new Graph([algebra]);
  const uint = (value: number) => graph.uniform(value, [], "uint32");
  const int = (value: number) => graph.uniform(value, [], "int32");
  const fold = (op: string, ...xs: Value[]) => graph.emit(op, xs, {}, [], xs[0].dtype).uniform;
  assert.equal(fold("neg", uint(1)), 2 ** 32 - 1);
  assert.equal(fold("add", uint(2 ** 32 - 1), uint(3)), 2);
  assert.equal(fold("mul", uint(2 ** 32 - 5), uint(2 ** 32 - 17)), 85);
  assert.equal(fold("add", int(2 ** 31 - 1), int(1)), -(2 ** 31));
  assert.equal(fold("mul", int(2 ** 31 - 1), int(2 ** 31 - 1)), 1);
  const x = graph.input([], "uint32");
  const minus = graph.emit("neg", [x], {}, [], "uint32");
  const product = graph.emit("mul", [minus, uint(3)], {}, [], "uint32");
  assert.equal(graph.made(product, "mul")?.inputs[1].uniform, 2 ** 32 - 3);
});

Deno.test("the logarithm of a sigmoid keeps its tail", async () => {
  const x = tensor([-80, -30, -19, -2, 0, 3]);
  const sum = (x: A) => np.sum(np.log(nn.sigmoid(x)));
  const f = (
    x: A,
  ) => [np.log(nn.sigmoid(x.ref)), gradient(sum)(x.ref), jaxGradient(sum)(x)];
  const [got, want] = [await runEngine(f, [x]), runJax(f, [x], "float64")];
  got.forEach((g, i) => assertClose(g, want[i], 1e-6, `output ${i}`));
});

Deno.test("NaN survives a product with the literal 0", async () => {
  // jax-js itself folds it to 0.
  const [y] = await runEngine((x: A) => x.mul(0), [tensor([NaN, Infinity, 1])]);
  assert.deepEqual([...y.data], [NaN, NaN, 0]);
});

Deno.test("a product over an empty axis is zero", async () => {
  const [x, y] = [tensor([], [2, 0]), tensor([], [0, 3])];
  const [product] = await runEngine((x: A, y: A) => np.matmul(x, y), [x, y]);
  assert.deepEqual([product.shape, [...product.data]], [[2, 3], [0, 0, 0, 0, 0, 0]]);
});

Deno.test("negative indices count from the end, others out of range are an error", async () => {
  // NumPy's rule. jax-js reads element 0 for both, which hides mistakes.
  const take = (x: A, i: A) => np.take(x, i, 0);
  const x = tensor([1, 2, 3, 4]);
  assert.deepEqual([...(await runEngine(take, [x, ints([-1, -4, 2])]))[0].data], [4, 1, 3]);
  await assert.rejects(runEngine(take, [x, ints([0, 4])]), /out of data bounds/);
  const pairs = (x: A, i: A, j: A) => x.slice(i, j);
  const table = tensor([1, 2, 3, 4, 5, 6], [2, 3]);
  const [i, j] = [ints([1, -1, 0]), ints([-1, 0, -2])];
  assert.deepEqual([...(await runEngine(pairs, [table, i, j]))[0].data], [6, 4, 2]);
  await assert.rejects(runEngine(pairs, [table, ints([0]), ints([3])]), /invalid index/);
  // The gradient adds up duplicates, wherever they were counted from.
  for (const slope of [gradient, jaxGradient]) {
    const scatter = (x: A, i: A, j: A) =>
      slope((x) => np.sum(x.slice(i.ref, j.ref).mul(np.array([1, 10, 100]))))(x);
    const [g] = await runEngine(scatter, [table, ints([1, -1, 1]), ints([-1, 2, 0])]);
    assert.deepEqual([...g.data], [0, 0, 0, 100, 0, 11]);
  }
});
