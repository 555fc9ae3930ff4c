/**
 * @file Every primitive of jax-js, on shapes chosen to break layouts: what each engine is held against jax-js on.
 */
import { lax, nn, numpy as np } from "@jax-js/jax";
import assert from "node:assert/strict";
import type { Tensor, TracedFunction } from "../../lib/engine/mod.ts";
import { assertClose, generator, type InputOptions, randomTensor, runJax } from "./oracle.ts";

type A = np.Array;
type Input = readonly [shape: readonly number[], options?: InputOptions];
export interface Case {
  readonly name: string;
  readonly fn: TracedFunction;
  readonly inputs: readonly Input[];
  readonly tolerance?: number;
}

const shapes: readonly (readonly number[])[] = [[], [1], [7], [1, 5], [3, 1, 5], [2, 3, 4, 5]];
/** Shapes of two operands that broadcast, on either side. */
export const broadcastPairs: readonly (readonly [readonly number[], readonly number[]])[] = [
  [[], []],
  [[3], []],
  [[], [2, 3]],
  [[5], [3, 5]],
  [[3, 1], [1, 5]],
  [[2, 1, 4], [3, 1]],
  [[1, 1], [7]],
  [[2, 3, 4], [2, 3, 4]],
];
const special = [NaN, Infinity, -Infinity, 0, -0];
const ints: InputOptions = { dtype: "int32", low: -9, high: 9 };

/** Every primitive on shapes chosen to break layouts. */
export const cases: readonly Case[] = [];
const add = (name: string, fn: TracedFunction, inputs: readonly Input[], tolerance?: number) =>
  (cases as Case[]).push({ name, fn, inputs, tolerance });

// Elementwise, one operand.
const unary: Record<string, [(x: A) => A, InputOptions?]> = {
  neg: [(x) => x.neg(), { special }],
  reciprocal: [np.reciprocal, { special }],
  floor: [np.floor, { special }],
  ceil: [np.ceil, { special }],
  sin: [np.sin, { special: [NaN] }],
  cos: [np.cos, { special: [NaN] }],
  asin: [np.asin, { low: -1, high: 1, special: [NaN, 1, -1] }],
  atan: [np.atan, { special: [NaN, Infinity, -Infinity] }],
  exp: [np.exp, { special: [NaN, Infinity, -Infinity, 0] }],
  log: [np.log, { low: 0, special: [NaN, Infinity, 0, -1] }],
  sqrt: [np.sqrt, { low: 0, special: [NaN, Infinity, 0, -1] }],
  erf: [lax.erf, { special: [NaN, Infinity, -Infinity, 0] }],
  erfc: [lax.erfc, { special: [NaN, Infinity, -Infinity, 0] }],
  tanh: [np.tanh, { low: -12, high: 12, special: [0] }],
  sigmoid: [nn.sigmoid, { low: -12, high: 12, special: [0] }],
  silu: [nn.silu, { low: -12, high: 12, special: [0] }],
  softplus: [nn.softplus, { low: -9, high: 9, special: [0] }],
  gelu: [(x) => nn.gelu(x), { low: -6, high: 6, special: [0] }],
  geluExact: [(x) => nn.gelu(x, { approximate: false }), { low: -6, high: 6, special: [0] }],
  relu: [nn.relu, { special: [0] }],
  abs: [np.abs, { special: [NaN, Infinity, -Infinity] }],
  sign: [np.sign, { special: [0] }],
  stopGradient: [lax.stopGradient, {}],
  castInt: [(x) => x.astype(np.int32), { low: -9, high: 9 }],
  castBool: [(x) => x.astype(np.bool), { special: [0, 0.25] }],
  castUint: [(x) => x.astype(np.uint32), { low: 0, high: 9 }],
};
for (const [name, [fn, options]] of Object.entries(unary)) {
  for (const shape of shapes) add(`${name} [${shape}]`, fn, [[shape, options]]);
}

// Elementwise, two operands, broadcasting on both sides.
const binary: Record<string, (x: A, y: A) => A> = {
  add: np.add,
  sub: np.subtract,
  mul: np.multiply,
  div: np.trueDivide,
  min: np.minimum,
  max: np.maximum,
  mod: (x, y) => x.mod(y),
  less: np.less,
  lessEqual: np.lessEqual,
  equal: np.equal,
  notEqual: np.notEqual,
  where: (x, y) => np.where(np.less(x.ref, y.ref), x, y),
};
for (const [name, fn] of Object.entries(binary)) {
  for (const [a, b] of broadcastPairs) {
    const extreme = name === "mod" ? [] : special;
    add(`${name} [${a}] [${b}]`, fn, [[a, { special: extreme }], [b, { special: [2, NaN] }]]);
    if (name !== "div") {
      add(`${name} int [${a}] [${b}]`, fn, [[a, ints], [b, { ...ints, low: 1 }]]);
    }
  }
}
add("mixed dtypes", (x: A, y: A) => x.add(y.astype(np.float32)), [[[3]], [[2, 3], ints]]);
add("logical", (x: A, y: A) => np.where(np.logicalAnd(x.ref.less(0), y.ref.less(0)), x, y), [
  [[4, 3]],
  [[3]],
]);
add("uint32 wraps", (x: A) => x.ref.mul(x).add(np.array(7, { dtype: np.uint32 })), [
  [[5], { dtype: "uint32", low: 0, high: 2 ** 32 - 1 }],
]);

// Reductions over every kind of axis.
for (const axis of [[0], [1], [2], [0, 2], [0, 1, 2], [1, 2]]) {
  for (const shape of [[2, 3, 4], [1, 3, 1], [3, 1, 5]]) {
    const at = `[${shape}] over ${axis}`;
    add(`sum ${at}`, (x: A) => np.sum(x, axis), [[shape]]);
    add(`mean keepdims ${at}`, (x: A) => np.mean(x, axis, { keepdims: true }), [[shape]]);
    add(`prod ${at}`, (x: A) => np.prod(x, axis), [[shape]]);
    add(`max ${at}`, (x: A) => np.max(x, axis), [[shape, { special: [Infinity] }]]);
    add(`min ${at}`, (x: A) => np.min(x, axis), [[shape, { special: [-Infinity] }]]);
    add(`max NaN ${at}`, (x: A) => np.max(x, axis), [[shape, { special: [NaN] }]]);
    add(`int sum ${at}`, (x: A) => np.sum(x, axis), [[shape, ints]]);
    add(`any ${at}`, (x: A) => np.any(x.less(0), axis), [[shape]]);
    add(`all ${at}`, (x: A) => np.all(x.less(1), axis), [[shape]]);
  }
}
add("product over a broadcast axis", (x: A) => np.prod(np.broadcastTo(x, [3, 2]), 0), [[[2]]]);
add("sum over a broadcast axis", (x: A) => np.sum(np.broadcastTo(x, [3, 2]), 0), [[[2]]]);
add("sum of products", (x: A, y: A) => np.sum(x.mul(y), 2), [[[4, 1, 5]], [[1, 3, 5]]]);
add("sum of outer products", (x: A, y: A) => np.sum(x.mul(y), [0, 1]), [
  [[2, 3, 4, 1]],
  [[2, 3, 1, 5]],
]);

// Softmax in all places.
for (const axis of [0, 1, -1]) {
  add(`softmax ${axis}`, (x: A) => nn.softmax(x, axis), [[[3, 4, 5], { low: -30, high: 30 }]]);
  add(`logSoftmax ${axis}`, (x: A) => nn.logSoftmax(x, axis), [[[3, 1, 5]]]);
}
add(
  "softmax with a mask",
  (x: A) => nn.softmax(np.where(np.tri(5).astype(np.bool), x, -Infinity)),
  [
    [[2, 5, 5]],
  ],
);

// Products.
const matmuls: readonly (readonly [readonly number[], readonly number[]])[] = [
  [[3], [3]],
  [[1, 1], [1, 1]],
  [[3, 4], [4, 5]],
  [[7, 3, 4], [4, 5]],
  [[7, 3, 4], [7, 4, 5]],
  [[2, 1, 3, 4], [6, 4, 5]],
  [[4], [2, 4, 3]],
  [[2, 3, 4], [4]],
  [[5, 1], [1, 7]],
];
for (const [a, b] of matmuls) {
  add(`matmul [${a}] [${b}]`, (x: A, y: A) => np.matmul(x, y), [[a], [b]]);
}
for (
  const [expression, a, b] of [
    ["ij,jk->ik", [3, 4], [4, 5]],
    ["ij,kj->ki", [3, 4], [5, 4]],
    ["bthd,bshd->bhts", [2, 3, 4, 5], [2, 7, 4, 5]],
    ["bhts,bshd->bthd", [2, 4, 3, 7], [2, 7, 4, 5]],
    ["ij,ij->", [3, 4], [3, 4]],
    ["i,j->ij", [3], [4]],
    ["bij,bij->b", [2, 3, 4], [2, 3, 4]],
    ["abc,cde->abde", [2, 3, 4], [4, 5, 6]],
    ["abc,bcd->ad", [2, 3, 4], [3, 4, 5]],
  ] as const
) add(`einsum ${expression}`, (x: A, y: A) => np.einsum(expression, x, y), [[a], [b]]);

// Movement.
add(
  "transpose of a reshape",
  (x: A) => np.transpose(x.reshape([2, 3, 4]), [2, 0, 1]).reshape([8, 3]),
  [[[6, 4]]],
);
add("reshape across a transpose", (x: A) => np.transpose(x, [1, 0]).reshape([4, 3]).mul(2), [[[
  3,
  4,
]]]);
add("reshape to scalars and back", (x: A) => x.reshape([]).reshape([1, 1]), [[[1]]]);
add("reshape of a broadcast", (x: A) => np.broadcastTo(x, [3, 2, 5]).reshape([6, 5]).mul(3), [[[
  1,
  5,
]]]);
add("heads", (x: A) => np.transpose(x.reshape([2, 5, 3, 4]), [0, 2, 1, 3]).reshape([6, 5, 4]), [[[
  2,
  5,
  12,
]]]);
add("expandDims and squeeze", (x: A) => np.squeeze(np.expandDims(x, 1), 1), [[[3, 4]]]);
add("flip", (x: A) => np.flip(x, [0, 2]), [[[3, 1, 5]]]);
add("flip a transpose", (x: A) => np.flip(np.transpose(x, [1, 0]), 0).mul(2), [[[3, 4]]]);
add("slice", (x: A) => x.slice([1, 3], [], [0, 1]), [[[4, 3, 5]]]);
add("slice a transpose", (x: A) => np.transpose(x, [2, 0, 1]).slice([1, 4]).add(1), [[[4, 3, 5]]]);
add("slice a merged axis", (x: A) => x.reshape([12, 5]).slice([5, 9]), [[[4, 3, 5]]]);
add("pad", (x: A) => np.pad(x, [[1, 0], [0, 2]]), [[[2, 3]]]);
add("pad a transpose", (x: A) => np.pad(np.transpose(x, [1, 0]), [[0, 0], [2, 1]]), [[[2, 3]]]);
add("split", (x: A) => np.split(x, [1, 3], 1), [[[2, 6, 3]]]);
add("split a transpose", (x: A) => np.split(np.transpose(x, [1, 0]), 3, 0), [[[2, 3]]]);
add("concatenate", (x: A, y: A) => np.concatenate([x, np.transpose(y, [1, 0])], 1), [[[2, 3]], [[
  4,
  2,
]]]);
add("stack", (x: A, y: A) => np.stack([x, y], 1), [[[2, 3]], [[2, 3]]]);
add("tile", (x: A) => np.tile(x, [2, 3]), [[[2, 3]]]);
add("tril", (x: A) => np.tril(x, -1), [[[4, 4]]]);
add("cumsum by triangle", (x: A) => np.matmul(np.tri(5), x), [[[5, 3]]]);

// Indexing.
const index: InputOptions = { dtype: "int32", low: 0, high: 5 };
add("take rows", (x: A, i: A) => np.take(x, i, 0), [[[5, 3]], [[2, 4], index]]);
add("take columns", (x: A, i: A) => np.take(x, i, 1), [[[3, 5]], [[7], index]]);
add("take with uint32", (x: A, i: A) => np.take(x, i, 0), [[[5, 3]], [[4], {
  ...index,
  dtype: "uint32",
}]]);
add("advanced index", (x: A, i: A, j: A) => x.slice(i, j), [[[5, 6, 2]], [[4], index], [
  [3, 1],
  index,
]]);
add("advanced index apart", (x: A, i: A, j: A) => x.slice(i, [], j), [[[5, 3, 6]], [[4], index], [[
  4,
], index]]);
add("oneHot", (i: A) => nn.oneHot(i, 6), [[[3, 2], index]]);

// Order.
add("sort", (x: A) => np.sort(x, 0), [[[7, 3], { special: [NaN, Infinity, -Infinity, NaN] }]]);
add("argsort with ties", (x: A) => np.argsort(np.floor(x)), [[[3, 9]]]);
add("argsort NaN", (x: A) => np.argsort(x), [[[9], { special: [NaN, Infinity, NaN, 1] }]]);
add("sort integers", (x: A) => np.sort(x), [[[9], ints]]);

// Linear algebra and signals.
for (const n of [1, 2, 3, 5, 8, 13]) {
  add(
    `triangular solve ${n}`,
    (a: A, b: A) =>
      lax.linalg.triangularSolve(a.add(np.eye(n).mul(4)), b, { leftSide: true, lower: true }),
    [[[n, n], { low: -1, high: 1 }], [[n, 3]]],
    1e-4,
  );
}
add(
  "triangular solve, batched, unit diagonal, transposed",
  (a: A, b: A) =>
    lax.linalg.triangularSolve(a, b, { lower: true, unitDiagonal: true, transposeA: true }),
  [[[2, 6, 6], { low: -0.5, high: 0.5 }], [[2, 3, 6]]],
  1e-4,
);
for (const n of [1, 4, 7, 12]) {
  const both = (f: typeof np.fft.fft) => (re: A, im: A) => {
    const { real, imag } = f({ real: re, imag: im });
    return [real, imag];
  };
  add(`fft ${n}`, both(np.fft.fft), [[[3, n]], [[3, n]]], 1e-5);
  add(`ifft ${n}`, both(np.fft.ifft), [[[3, n]], [[3, n]]], 1e-5);
}
add("conv", (x: A, w: A) => lax.conv(x, w, [1], "SAME"), [[[2, 3, 9]], [[4, 3, 3]]], 1e-5);
add(
  "conv general",
  (x: A, w: A) =>
    lax.convGeneralDilated(x, w, [2, 1], [[1, 2], [0, 1]], {
      lhsDilation: [1, 2],
      rhsDilation: [2, 1],
    }),
  [[[2, 3, 7, 5]], [[4, 3, 2, 3]]],
  1e-5,
);
add(
  "conv depthwise",
  (x: A, w: A) => lax.convGeneralDilated(x, w, [1], [[3, 0]], { featureGroupCount: 3 }),
  [[[2, 3, 9]], [[3, 1, 4]]],
  1e-5,
);
add("conv, negative padding", (x: A, w: A) => lax.convGeneralDilated(x, w, [1], [[-1, 2]]), [[[
  1,
  1,
  9,
]], [[1, 1, 3]]], 1e-5);
add("window sums", (x: A) => lax.reduceWindow(x, (w) => np.sum(w), [3], [2]), [[[2, 9]]]);

// Bits. All of 32 of them are compared in random_test.ts; here are the layouts.
const words: InputOptions = { dtype: "uint32", low: 0, high: 2 ** 32 - 1 };
const small: InputOptions = { dtype: "uint32", low: 0, high: 9 };
for (const [a, b] of broadcastPairs) {
  add(`shift left [${a}] [${b}]`, np.leftShift, [[a, words], [b, small]]);
  add(`shift right [${a}] [${b}]`, np.rightShift, [[a, ints], [b, small]]);
}
for (const shape of shapes) {
  add(`bits as float [${shape}]`, (x: A) => lax.bitcastConvertType(x, np.float32), [[shape, ints]]);
  add(`float as bits [${shape}]`, (x: A) => lax.bitcastConvertType(x, np.int32), [[shape]]);
  add(`bit count [${shape}]`, (x: A) => np.bitwiseCount(x), [[shape, words]]);
}

for (const name of ["bitwiseAnd", "bitwiseOr", "bitwiseXor"] as const) {
  add(`${name} of booleans`, (x: A, y: A) => np[name](x.less(0), y.less(0)), [[[4, 3]], [[3]]]);
}

/** What an engine cannot keep that the others do. */
export interface Leniency {
  /** A larger tolerance than the case's. */
  readonly tolerance?: number;
  /** Errors are relative to the largest value, but to no less than this. */
  readonly leastScale?: number;
  /** For which values of the operand the result is not compared, of functions of one operand. */
  readonly open?: (x: number) => boolean;
}

/** Runs case `i` through an engine and jax-js, and compares every output. */
export async function checkCase(
  i: number,
  run: (fn: TracedFunction, args: readonly Tensor[]) => Promise<Tensor[]>,
  { tolerance: least = 0, leastScale, open }: Leniency = {},
): Promise<void> {
  const { name, fn, inputs, tolerance: own = 2e-6 } = cases[i];
  const tolerance = Math.max(own, least);
  const random = generator(i + 1);
  const args = inputs.map(([shape, options]) => randomTensor(random, shape, options));
  // The float32 logarithm of jax-js errs by 1e-5.
  const want = runJax(fn, args, name.startsWith("log [") ? "float64" : "float32");
  const got = await run(fn, args);
  assert.equal(got.length, want.length);
  const compared = (x: Tensor): Tensor =>
    open ? { ...x, data: x.data.map((v, k) => open(args[0].data[k]) ? 0 : v) as typeof x.data } : x;
  got.forEach((g, k) =>
    assertClose(compared(g), compared(want[k]), tolerance, `${name} output ${k}`, leastScale)
  );
}
