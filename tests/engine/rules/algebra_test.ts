/** @file Algebraic simplifications: each where it holds, and beside it the programs that it must leave alone. */
import { init, lax, numpy as np } from "@jax-js/jax";
import assert from "node:assert/strict";
import { type DType, tensor } from "../../../lib/engine/mod.ts";
import { Graph, type Value } from "../../../lib/engine/graph.ts";
import { algebra } from "../../../lib/engine/rules/algebra.ts";
import { checkAll, type NearMiss } from "../near_misses.ts";

type A = np.Array;

await init("wasm");

const x = tensor([1.5, -2, 3]);
const y = tensor([0.5, 4, -1, 2, -3, 7], [2, 3]);
const wide = tensor([1.5, -2, 3], [3], "float64");
const int = tensor([3, -5, 70000], [3], "int32");
const uint = tensor([1, 5, 4294967295], [3], "uint32");
const bool = tensor([1, 0, 1], [3], "bool");
const square = tensor([1, 2, 3, 4], [2, 2]);
const full = (value: number | boolean, dtype: DType = "float32", shape: number[] = [3]) =>
  np.full(shape, value as number, { dtype: dtype as unknown as typeof np.float32 });

const sums: Record<string, NearMiss> = {
  "a sum with 0 is no operation": [(x: A) => [x.ref.add(full(0)), full(0).add(x)], [x], ""],
  "a sum with almost 0 is one": [(x: A) => x.add(full(1e-3)), [x], "add"],
  "a sum with zeros of a larger shape repeats": [
    (x: A) => [x.ref.add(full(0, "float32", [2, 3])), full(0, "float32", [2, 3]).add(x)],
    [x],
    "broadcast",
  ],
  "a sum with zeros of a smaller shape is no operation": [
    (x: A) => [x.ref.add(full(0)), full(0).add(x)],
    [y],
    "",
  ],
  "a sum with zeros of another dtype changes the dtype": [
    (x: A) => [x.ref.add(full(0)), full(0).add(x)],
    [int],
    "add",
  ],
  "a sum with zeros in float64 changes the dtype": [
    (x: A) => x.add(full(0, "float64")),
    [x],
    "add",
  ],
  "integers and 0": [(x: A) => x.add(full(0, "int32")), [int], ""],
  "literals add up": [(x: A) => [x.add(full(2).add(full(3.5)))], [x], "add"],
  "true and true is true": [
    (x: A) => [x.add(full(true, "bool")), full(true, "bool").add(full(true, "bool"))],
    [bool],
    "add add",
  ],
  "false adds nothing": [(x: A) => [x.add(full(false, "bool"))], [bool]],
};

const negations: Record<string, NearMiss> = {
  "twice is none": [(x: A) => x.neg().neg(), [x], ""],
  "of both terms moves out of a sum": [(x: A, y: A) => x.neg().add(y.neg()), [x, y], "add neg"],
  "of the second term subtracts": [(x: A, y: A) => x.add(y.neg()), [x, y], "sub"],
  "of the first term subtracts": [(x: A, y: A) => x.neg().add(y), [x, y], "sub"],
  "of a subtrahend adds": [(x: A, y: A) => x.sub(y.neg()), [x, y], "add"],
  "of a minuend stays": [(x: A, y: A) => x.neg().sub(y), [x, y], "add neg"],
  "of both factors goes": [(x: A, y: A) => x.neg().mul(y.neg()), [x, y], "mul"],
  "of a factor moves out": [
    (x: A, y: A) => [x.ref.neg().mul(y.ref), x.mul(y.neg())],
    [x, y],
    "mul neg",
  ],
  "joins a literal factor": [
    (x: A) => [x.ref.neg().mul(full(2)), full(3).mul(x.neg())],
    [x],
    "mul mul",
  ],
  "of a value that is used without it too": [
    (x: A, y: A) => {
      const minus = x.neg();
      return [minus.ref, minus.ref.add(y.ref), minus.mul(y)];
    },
    [x, y],
  ],
  "is multiplication by -1": [
    (x: A) => [x.ref.mul(full(-1)), full(-1).mul(x)],
    [x],
    "neg",
  ],
  "is not multiplication by -1.0001": [(x: A) => x.mul(full(-1.0001)), [x], "mul"],
  "by -1 of a larger shape repeats": [
    (x: A) => [x.ref.mul(full(-1, "float32", [2, 3])), full(-1, "float32", [2, 3]).mul(x)],
    [x],
    "broadcast neg",
  ],
  "of unsigned integers wraps before they become real": [
    (
      x: A,
      n: A,
    ) => [x.ref.sub(n.ref), n.ref.neg().add(x.ref), n.ref.neg().mul(x.ref), x.mul(n.neg())],
    [x, uint],
  ],
  "of integers": [
    (n: A, k: A) => [n.ref.neg().mul(k.ref), n.ref.sub(k.ref), k.neg().sub(n.neg())],
    [int, tensor([7, -(2 ** 31), 11], [3], "int32")],
  ],
  "moves through a transpose and a reshape": [
    (x: A) => [np.transpose(x.ref.neg()), x.neg().reshape([4])],
    [square],
    "neg neg reshape transpose",
  ],
  "meets another behind a reshape": [
    (x: A, y: A) => x.neg().reshape([1, 3]).add(y),
    [x, y],
    "reshape sub",
  ],
};

const products: Record<string, NearMiss> = {
  "a product with 1 is no operation": [(x: A) => [x.ref.mul(full(1)), full(1).mul(x)], [x], ""],
  "a product with almost 1 is one": [(x: A) => x.mul(full(0.9996)), [x], "mul"],
  "a product with ones of a larger shape repeats": [
    (x: A) => [x.ref.mul(full(1, "float32", [2, 3])), full(1, "float32", [2, 3]).mul(x)],
    [x],
    "broadcast",
  ],
  "a product with ones of another dtype changes the dtype": [
    (x: A) => [x.ref.mul(full(1)), full(1).mul(x)],
    [int],
    "mul",
  ],
  "a literal real factor of integers is cut to one": [(x: A) => x.mul(2.7), [int]],
  "true and false": [
    (x: A) => [x.ref.mul(full(true, "bool")), x.mul(full(false, "bool"))],
    [bool],
  ],
  "literals multiply": [(x: A) => x.add(full(2).mul(full(3.5))), [x], "add"],
  "two literal factors are one": [
    (x: A) => [
      x.ref.mul(full(2)).mul(full(3)),
      full(2).mul(x.ref).mul(full(3)),
      full(3).mul(x.ref.mul(full(2))),
      full(3).mul(full(2).mul(x)),
    ],
    [x],
    // A product keeps its operands' order only where one of them is no literal: all four are x * 6.
    "mul",
  ],
  "two literal factors are one in float64": [
    (x: A) => x.mul(full(2, "float64")).mul(full(0.1, "float64")),
    [wide],
    "mul",
  ],
  "two integer factors stay": [
    (x: A) => x.mul(full(65537, "int32")).mul(full(65537, "int32")),
    [int],
    "mul mul",
  ],
  "a literal factor that repeats stays": [
    (x: A) => [
      x.ref.mul(full(2, "float32", [2, 3])).mul(full(3)),
      full(4, "float32", [2, 3]).mul(x).mul(full(3)),
    ],
    [x],
    "mul mul mul mul",
  ],
  "a variable factor between literals": [(x: A, y: A) => x.mul(full(2)).mul(y), [x, y], "mul mul"],
  "factors that leave the normal numbers stay": [
    (x: A) => [
      x.ref.mul(full(2 ** 70)).mul(full(2 ** 58)),
      x.ref.mul(full(2 ** -70)).mul(full(-(2 ** -57))),
      x.mul(full(2 ** 70)).mul(full(0)),
    ],
    [tensor([2 ** -90, -(2 ** -3), 0])],
    "mul mul mul mul mul",
  ],
  "factors at the edge of the normal numbers are one": [
    (x: A) => [
      x.ref.mul(full(2 ** 70)).mul(full(-(2 ** 57))),
      x.mul(full(2 ** -70)).mul(full(2 ** -56)),
    ],
    [tensor([2 ** -20, 1, -0.5])],
    "mul mul",
  ],
  "float64 has a wider range": [
    (x: A) => [
      x.ref.mul(full(2 ** 70, "float64")).mul(full(2 ** 58, "float64")),
      x.ref.mul(full(2 ** -70, "float64")).mul(full(2 ** -57, "float64")),
      x.ref.mul(full(2 ** 1000, "float64")).mul(full(2 ** 24, "float64")),
      x.mul(full(2 ** -1000, "float64")).mul(full(2 ** -23, "float64")),
    ],
    [tensor([2 ** -1000, 1, 2 ** 900], [3], "float64")],
    "mul mul mul mul mul mul",
  ],
};

const movements: Record<string, NearMiss> = {
  "the identity permutation is no operation": [(x: A) => np.transpose(x, [0, 1]), [square], ""],
  "a square matrix is transposed all the same": [(x: A) => np.transpose(x), [square], "transpose"],
  "a reshape to another shape of the same size": [(x: A) => x.reshape([1, 3]), [x], "reshape"],
  "literals take any shape": [
    (x: A) => np.transpose(full(4, "float32", [2, 3])).reshape([6]).slice([0, 3]).add(x),
    [x],
    "add shrink",
  ],
};

const reductions: Record<string, NearMiss> = {
  "a sum of a literal counts": [
    (x: A) => [
      x.add(np.sum(full(2, "float32", [3, 2]), 1)),
      np.sum(full(1.5, "float32", [3, 2]), 0),
      np.sum(full(0.1, "float64", [3, 2])),
    ],
    [x],
    "add",
  ],
  "the greatest, the least and the product of a literal do not": [
    (x: A) => [
      x.add(np.max(full(2, "float32", [3, 3]), 0)),
      np.min(full(2, "float32", [3, 3]), 0),
      np.prod(full(2, "float32", [3, 3]), 0),
    ],
    [x],
    "add reduce reduce reduce",
  ],
  "a sum of integer literals wraps": [
    (x: A) => x.add(np.sum(full(2 ** 31 - 1, "int32", [3]))),
    [int],
    "add reduce",
  ],
};

const casts: Record<string, NearMiss> = {
  "of literals to real": [(x: A) => x.add(full(7, "int32").astype(np.float32)), [x], "add"],
  "of literals to integers cut": [
    (x: A) => [
      x.add(full(2.7).astype(np.int32)),
      full(-2.7).astype(np.int32),
      full(-1.5).astype(np.uint32),
      full(3e9).astype(np.int32),
    ],
    [int],
    "add cast cast cast cast",
  ],
  "of literals to booleans": [
    (x: A) => [full(2).astype(np.bool).astype(np.float32).add(x), full(0).astype(np.bool)],
    [x],
  ],
  "stop_gradient leaves nothing": [(x: A) => lax.stopGradient(x), [x], ""],
};

const tables = { sums, negations, products, movements, reductions, casts };
for (const [name, programs] of Object.entries(tables)) {
  Deno.test(`algebra: ${name}`, (t) => checkAll(t, programs));
}

Deno.test("algebra: a cast to the dtype at hand is no operation, to another it is", () => {
  const graph = new Graph([algebra]);
  const x = graph.input([2], "float32");
  assert.equal(graph.emit("cast", [x], {}, [2], "float32"), x);
  assert.notEqual(graph.emit("cast", [x], {}, [2], "float64"), x);
  const { uniform, dtype } = graph.emit(
    "cast",
    [graph.uniform(0.1, [2], "float64")],
    {},
    [2],
    "float32",
  );
  assert.deepEqual([uniform, dtype], [Math.fround(0.1), "float32"]);
});

Deno.test("algebra: subtracting a negation adds", () => {
  const graph = new Graph([algebra]);
  const [x, y] = [graph.input([2], "float32"), graph.input([2], "float32")];
  const sub = (a: Value, b: Value) => graph.emit("sub", [a, b], {}, [2], "float32");
  const minus = graph.emit("neg", [y], {}, [2], "float32");
  assert.deepEqual(graph.made(sub(x, minus), "add")?.inputs, [x, y]);
  assert.deepEqual(graph.made(sub(minus, x), "sub")?.inputs, [minus, x]);
});

Deno.test("algebra: rewritten values keep the shape they were asked for", () => {
  const graph = new Graph([algebra]);
  const x = graph.input([3], "float32");
  const y = graph.input([2, 3], "float32");
  const one = graph.uniform(1, [2, 3], "float32");
  const zero = graph.uniform(0, [2, 3], "float32");
  const minus = graph.uniform(-1, [2, 3], "float32");
  const minusX = graph.emit("neg", [x], {}, [3], "float32");
  for (
    const [op, a, b] of [
      ["add", x, zero],
      ["add", zero, x],
      ["add", zero, one],
      ["add", minusX, y],
      ["mul", x, one],
      ["mul", one, x],
      ["mul", x, minus],
      ["mul", minus, x],
      ["mul", minusX, y],
      ["mul", minus, one],
    ] as const
  ) {
    assert.deepEqual(graph.emit(op, [a, b], {}, [2, 3], "float32").shape, [2, 3], op);
  }
  const sum = graph.emit("reduce", [one], { op: "Add", axis: [1] }, [2], "float32");
  assert.deepEqual([sum.shape, sum.uniform], [[2], 3]);
  const nothing = graph.uniform(Infinity, [3, 0], "float32");
  const none = graph.emit("reduce", [nothing], { op: "Add", axis: [1] }, [3], "float32");
  assert.deepEqual([none.shape, none.uniform], [[3], 0]);
});
