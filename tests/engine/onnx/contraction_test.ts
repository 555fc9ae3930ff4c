/**
 * @file Sums of products against plain loops: every axis of either operand is stored, stretched or of size 1, and every axis is
 * kept or summed. And what they are lowered to: one matrix product wherever it can be one.
 */
import { grad as jaxGrad, init, numpy as np } from "@jax-js/jax";
import assert from "node:assert/strict";
import { grad } from "../../../lib/engine/gradient.ts";
import {
  type DType,
  type EngineName,
  hostArray,
  sizeOf,
  type Tensor,
  tensor,
} from "../../../lib/engine/mod.ts";
import { nativeTfjs } from "../native_tfjs.ts";
import { checkAll, kernels, type NearMiss } from "../near_misses.ts";
import { assertClose, generator, randomTensor, runEngine } from "../oracle.ts";

type A = np.Array;

await init("wasm");

/** How an operand has an axis: stored, stretched to its size, or of size 1. */
type Extent = "stored" | "stretched" | "one";
interface AxisKind {
  readonly x: Extent;
  readonly y: Extent;
  readonly summed: boolean;
}

const extents: Extent[] = ["stored", "stretched", "one"];
/** All kinds but the one in which no operand has the size. */
const kinds: AxisKind[] = extents.flatMap((x) =>
  extents.flatMap((y) => [false, true].map((summed) => ({ x, y, summed })))
).filter(({ x, y }) => x !== "one" || y !== "one");

const sizes = [3, 2, 4, 2];

/** An operand with the axes as `of` says; every second one is stored in reversed order of its axes. */
function operand(flat: A, of: readonly Extent[], reversed: boolean): A {
  const stored = of.map((e, i) => (e === "stored" ? sizes[i] : 1));
  const all = flat.slice([0, sizeOf(stored)]);
  const x = reversed
    ? np.transpose(all.reshape(stored.toReversed()), [...stored.keys()].reverse())
    : all.reshape(stored);
  return np.broadcastTo(x, of.map((e, i) => (e === "one" ? 1 : sizes[i])));
}

/** The same element by element. */
function element(flat: Tensor, of: readonly Extent[], reversed: boolean, index: readonly number[]) {
  const stored = of.map((e, i) => (e === "stored" ? sizes[i] : 1));
  let at = 0;
  const order = [...stored.keys()];
  for (const i of reversed ? order.reverse() : order) {
    at = at * stored[i] + (of[i] === "stored" ? index[i] : 0);
  }
  return flat.data[at];
}

interface Contraction {
  readonly axes: readonly AxisKind[];
  readonly reversed: readonly [boolean, boolean];
}

const nameOf = ({ axes, reversed }: Contraction) =>
  axes.map(({ x, y, summed }) => `${x} ${y}${summed ? " summed" : ""}`).join(", ") + ` ${reversed}`;

function bySum({ axes, reversed }: Contraction, x: A, y: A): A {
  const product = operand(x, axes.map((k) => k.x), reversed[0])
    .mul(operand(y, axes.map((k) => k.y), reversed[1]));
  return np.sum(product, [...axes.keys()].filter((i) => axes[i].summed));
}

function byDot({ axes, reversed }: Contraction, x: A, y: A): A {
  const [a, b] = [axes.map((k) => k.x), axes.map((k) => k.y)];
  return np.vecdot(operand(x, a, reversed[0]), operand(y, b, reversed[1]));
}

function byLoops({ axes, reversed }: Contraction, x: Tensor, y: Tensor): Tensor {
  const full = sizes.slice(0, axes.length);
  const shape = full.filter((_, i) => !axes[i].summed);
  const data = hostArray("float64", sizeOf(shape));
  for (let n = 0; n < sizeOf(full); n++) {
    let left = n;
    const index = full.map(() => 0);
    for (let i = full.length - 1; i >= 0; i--) {
      index[i] = left % full[i];
      left = (left - index[i]) / full[i];
    }
    let at = 0;
    full.forEach((d, i) => at = axes[i].summed ? at : at * d + index[i]);
    data[at] += element(x, axes.map((k) => k.x), reversed[0], index) *
      element(y, axes.map((k) => k.y), reversed[1], index);
  }
  return { dtype: "float64", shape, data };
}

const flips = [[false, false], [true, false], [false, true], [true, true]] as const;
const contraction = (axes: readonly AxisKind[], i: number): Contraction => ({
  axes,
  reversed: flips[i % 4],
});

function minusTransposed({ dtype, shape, data }: Tensor): Tensor {
  const turned = shape.toReversed();
  const out = hostArray("float64", data.length);
  for (let n = 0; n < data.length; n++) {
    let [left, at, stride] = [n, 0, data.length];
    for (const d of turned) {
      // The last index of the array is the first of its transpose.
      stride /= d;
      at += (left % d) * stride;
      left = Math.floor(left / d);
    }
    out[at] = -data[n];
  }
  return { dtype, shape: turned, data: out };
}

async function assertContracts(
  list: readonly Contraction[],
  run: (c: Contraction, x: A, y: A) => A,
  dtype: DType,
  engine: EngineName = "ort",
): Promise<void> {
  const [x, y] = [1, 2].map((seed) =>
    randomTensor(generator(seed), [sizeOf(sizes)], { low: 0.5, dtype })
  );
  const got = await runEngine(
    (x: A, y: A) => {
      // Every second one is read by an operation, which takes its axes at their word.
      const results = list.map((c, i) => {
        const sum = run(c, x.ref, y.ref);
        return i % 2 === 0 ? sum : np.transpose(sum.mul(np.ones(sum.shape))).neg();
      });
      x.dispose();
      y.dispose();
      return results;
    },
    [x, y],
    engine,
  );
  const tolerance = dtype === "float64" ? 1e-14 : 2e-6;
  list.forEach((c, i) => {
    const want = byLoops(c, x, y);
    assertClose(got[i], i % 2 === 0 ? want : minusTransposed(want), tolerance, nameOf(c));
  });
}

const pairs = kinds.flatMap((a) => kinds.map((b) => [a, b])).map(contraction);
/** Of three axes, the kinds that a matrix product is made of, and a summed axis that it has not. */
const [row, column, batch, inner] = [
  { x: "stored", y: "one", summed: false },
  { x: "stretched", y: "stored", summed: false },
  { x: "stored", y: "stored", summed: false },
  { x: "stored", y: "stored", summed: true },
] as const;
const parts: AxisKind[] = [
  row,
  column,
  batch,
  inner,
  { x: "stretched", y: "stretched", summed: true },
  { x: "stretched", y: "one", summed: true },
  { x: "stored", y: "stretched", summed: true },
  { x: "one", y: "stored", summed: true },
];
const triples = parts.flatMap((a) => parts.flatMap((b) => parts.map((c) => [a, b, c])))
  .map(contraction);
/** A matrix product with two more axes of any of these kinds, in different orders. */
const products = parts.flatMap((a) =>
  parts.flatMap((b) => {
    const right: AxisKind = { x: "one", y: "stored", summed: false };
    return [[a, row, b, right], [right, a, b, row]];
  })
).map(contraction);
/** What jax-js's `dot` computes: the last axis is summed, and both have it. */
const isDot = ({ axes }: Contraction) =>
  axes.every((k, i) => k.summed === (i === axes.length - 1)) &&
  axes.at(-1)!.x !== "one" && axes.at(-1)!.y !== "one";

for (const dtype of ["float32", "float64"] as const) {
  Deno.test(`sums of products over any two axes are those of plain loops, ${dtype}`, async () => {
    await assertContracts(pairs, bySum, dtype);
    await assertContracts(pairs.filter(isDot), byDot, dtype);
  });

  Deno.test(`sums of products over any three axes are those of plain loops, ${dtype}`, async () => {
    await assertContracts(triples, bySum, dtype);
    await assertContracts(triples.filter(isDot), byDot, dtype);
  });

  Deno.test(`matrix products with any two axes more are those of plain loops, ${dtype}`, async () => {
    await assertContracts(products, bySum, dtype);
  });
}

for (const engine of ["tfjs", ...nativeTfjs] satisfies EngineName[]) {
  Deno.test(`${engine}: sums of products are those of plain loops`, async () => {
    await assertContracts([...pairs, ...triples, ...products], bySum, "float32", engine);
    await assertContracts([...pairs, ...triples].filter(isDot), byDot, "float32", engine);
  });
}

const [x, y] = [1, 2].map((seed) => randomTensor(generator(seed), [4, 4]));

const nearMisses: Record<string, NearMiss> = {
  "a product that is used elsewhere too": [
    (x: A, y: A) => {
      const product = x.reshape([4, 1, 4]).mul(y.reshape([1, 4, 4]));
      return [np.sum(product.ref, 2), product];
    },
    [x, y],
  ],
  "a product that is summed twice": [
    (x: A, y: A) => {
      const product = x.reshape([4, 1, 4]).mul(y.reshape([1, 4, 4]));
      return [np.sum(product.ref, 2), np.sum(product, [1, 2])];
    },
    [x, y],
  ],
  "the greatest of the products": [
    (x: A, y: A) => np.max(x.reshape([4, 1, 4]).mul(y.reshape([1, 4, 4])), 2),
    [x, y],
  ],
  "a sum of quotients": [
    (x: A, y: A) => np.sum(x.reshape([4, 1, 4]).add(y.reshape([1, 4, 4])), 2),
    [x, y],
  ],
  "integers": [
    (x: A, y: A) => [
      np.sum(x.ref.reshape([2, 1, 3]).mul(y.ref.reshape([1, 2, 3])), 2),
      np.matmul(x.ref, np.transpose(y.ref)),
      np.sum(x.mul(y), 1),
    ],
    [
      tensor([70000, 2, 3, 4, 5, 6], [2, 3], "int32"),
      tensor([70001, 5, 4, -3, 2, 1], [2, 3], "int32"),
    ],
  ],
  "unsigned integers": [
    (x: A, y: A) => [np.matmul(x.ref, np.transpose(y.ref)), np.sum(x.mul(y), 1)],
    [
      tensor([70000, 2, 3, 4, 5, 6], [2, 3], "uint32"),
      tensor([70001, 5, 4, 4294967295, 2, 1], [2, 3], "uint32"),
    ],
  ],
};

Deno.test("what only resembles a sum of products", (t) => checkAll(t, nearMisses));

/** As jax-js writes them, and of our own graph. */
// deno-lint-ignore no-explicit-any
const gradients = (f: (x: A, y: A, w: A) => A) => (jaxGrad as any)(f, { argnums: [0, 1] });
const ours = (f: (x: A, y: A, w: A) => A) => grad(f, { argnums: [0, 1] });

Deno.test("matrix products are one kernel each, and no operand is moved where the kernel can read it as it is", async () => {
  const [x, y] = [tensor(1, [3, 4]), tensor(1, [4, 5])];
  const wide = { ...y, dtype: "float64" as const, data: Float64Array.from(y.data) };
  const other = { ...x, dtype: "float64" as const, data: Float64Array.from(x.data) };
  const product = (x: A, y: A) => np.matmul(x, y);
  const weighted = (x: A, y: A, w: A) => np.sum(np.matmul(x, y).mul(w));
  const expected: [string, (x: A, y: A, w: A) => unknown, Tensor[]][] = [
    ["MatMul", product, [x, y]],
    ["MatMul", product, [other, wide]],
    ["FusedMatMul", (x, y) => np.matmul(np.transpose(y), np.transpose(x)), [x, y]],
    ["MatMul Transpose Transpose", (x, y) => np.matmul(np.transpose(y), np.transpose(x)), [
      other,
      wide,
    ]],
    ["MatMul", (x, y) => np.sum(x.reshape([3, 4, 1]).mul(y.reshape([1, 4, 5])), 1), [x, y]],
    ["MatMul Reshape Reshape", (x, _, v) => np.matmul(x, v), [x, y, tensor(1, [4])]],
    ["Mul ReduceSum", (x, y) => np.sum(x.mul(y), 1), [x, tensor(2, [3, 4])]],
    ["ReduceSumSquare", (x) => np.sum(x.ref.mul(x), 1), [x, y]],
    // One of the two results comes out transposed, and a result has to be dense.
    ["FusedMatMul FusedMatMul Transpose", gradients(weighted), [x, y, tensor(1, [3, 5])]],
    ["FusedMatMul FusedMatMul Transpose", ours(weighted), [x, y, tensor(1, [3, 5])]],
  ];
  // Batch axes that both store in the other order stay where they are.
  const turn = (x: A) => np.transpose(x, [1, 0, 2, 3]);
  const batched = (x: A, y: A) => turn(np.matmul(turn(x), turn(y)));
  const batches = [tensor(1, [2, 3, 4, 5]), tensor(1, [2, 3, 5, 6])];
  expected.push(["MatMul Reshape Reshape Reshape", batched, batches]);
  for (const [names, fn, args] of expected) assert.equal(await kernels(fn, args), names);
});
