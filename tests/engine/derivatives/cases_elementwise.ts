/** @file Cases for the derivatives of elementwise operations. */
import { nn, numpy as np } from "@jax-js/jax";
import type { InputOptions } from "../oracle.ts";
import type { DerivativeCase } from "./differences.ts";
import { broadcastPairs } from "../primitive_cases.ts";

type A = np.Array;

const shapes: readonly (readonly number[])[] = [[], [1], [7], [3, 1, 4]];
const pairs = [...broadcastPairs, [[0, 3], [3]]] as const;

const one = (
  fn: (x: A) => A,
  options: InputOptions = {},
): DerivativeCase[] =>
  shapes.map((shape) => ({ name: `[${shape}]`, fn, inputs: [[shape, options]] }));

const two = (
  fn: (x: A, y: A) => A,
  options: InputOptions = {},
  other: InputOptions = options,
): DerivativeCase[] =>
  pairs.map(([a, b]) => ({
    name: `[${a}] and [${b}]`,
    fn,
    inputs: [[a, options], [b, other]],
  }));

/** An operation that jax-js writes with others. */
const ours = (op: string, fn: (x: A) => A, rest: Partial<DerivativeCase> = {}): DerivativeCase[] =>
  one(fn, { low: -5, high: 5 }).map((c) => ({
    ...c,
    build: (ops, [x]) => [ops.map(op, x)],
    ...rest,
  }));

const positive: InputOptions = { low: 0.2, high: 3 };
const notZero: InputOptions = { low: 0.7, high: 2.9 };

export const elementwiseCases: Record<string, DerivativeCase[]> = {
  add: two(np.add),
  sub: two(np.subtract).map((c) => ({ ...c, build: (ops, [x, y]) => [ops.sub(x, y)] })),
  mul: [
    ...two(np.multiply),
    { name: "by itself", fn: (x: A) => x.ref.mul(x), inputs: [[[5]]] },
    { name: "by zeros", fn: (x, y) => x.mul(y), inputs: [[[3], { special: [0, 0] }], [[3]]] },
    {
      name: "with an array of integers",
      fn: (x: A, i: A) => x.mul(i.astype(np.float64)),
      inputs: [[[2, 3]], [[3], { dtype: "int32", low: -4, high: 4 }]],
    },
  ],
  neg: one((x) => x.neg()),
  reciprocal: [...one(np.reciprocal, positive), ...one(np.reciprocal, { low: -3, high: -0.3 })],
  mod: [
    ...two((x, y) => x.mod(y), { low: -9, high: 9 }, notZero),
    ...two((x, y) => x.mod(y), { low: -9, high: 9 }, { low: -2.9, high: -0.7 }),
  ].map((c): DerivativeCase => ({
    ...c,
    jaxDiffers: "it takes a quotient of 0 where the dividend is stretched",
  })).concat([
    {
      name: "of integers by floats",
      fn: (i: A, y: A) => i.mod(y),
      inputs: [[[5], { dtype: "int32", low: -9, high: 9 }], [[5], notZero]],
    },
  ]),
  min: two(np.minimum),
  max: two(np.maximum),
  sin: one(np.sin),
  cos: one(np.cos),
  exp: one(np.exp),
  log: one(np.log, positive),
  sqrt: one(np.sqrt, positive),
  tanh: ours("tanh", np.tanh),
  sigmoid: ours("sigmoid", nn.sigmoid),
  // The kernel's constants are float32.
  gelu_tanh: ours("gelu_tanh", (x) => nn.gelu(x), { tolerance: 2e-5 }),
  softmax: ([[[5], 0], [[3, 4], 1], [[3, 4], 0], [[2, 3, 4], 1], [[3, 1], 1], [[0, 3], 1]] as const)
    .map(([shape, axis]) => ({
      name: `[${shape}] along ${axis}`,
      fn: (x: A) => nn.softmax(x, axis),
      build: (ops, [x]) => [ops.emit("softmax", [x], { axis }, shape)],
      inputs: [[shape]],
    })),
  where: [
    ...two((x, y) => np.where(np.less(x.ref, y.ref), x, y)),
    {
      name: "a condition that is given, broadcast on every side",
      fn: (c: A, x: A, y: A) => np.where(c, x, y),
      inputs: [[[3, 1, 1], { dtype: "bool", low: 0, high: 2 }], [[2, 1]], [[4]]],
    },
    {
      name: "a literal on one side",
      fn: (x: A) => np.where(np.less(x.ref, 0.3), np.sin(x), -1),
      inputs: [[[6]]],
    },
  ],
  cast: [
    {
      name: "to float32 and back",
      // The step is a multiple of the rounding, so that differences see a straight line.
      tolerance: 1e-7,
      build: (ops, [x]) => [ops.cast(ops.cast(x, "float32"), "float64")],
      inputs: [[[4], { low: 1, high: 1.5 }]],
    },
    {
      name: "of integers and booleans",
      fn: (x: A, i: A, b: A) => x.mul(i.astype(np.float64)).mul(b.astype(np.float64)),
      inputs: [
        [[2, 3]],
        [[3], { dtype: "int32", low: -4, high: 4 }],
        [[2, 1], { dtype: "bool", low: 0, high: 2 }],
      ],
    },
    {
      name: "to integers and back",
      fn: (x: A) => x.ref.mul(x.astype(np.int32).astype(np.float64)),
      inputs: [[[5], { low: -9, high: 9 }]],
    },
  ],
  floor: one((x) => np.floor(x.ref).mul(x), { low: -9, high: 9 }),
  ceil: one((x) => np.ceil(x.ref).mul(x), { low: -9, high: 9 }),
  idiv: pairs.map(([a, b]) => ({
    name: `[${a}] and [${b}]`,
    build: (ops, [x, y]) => {
      const product = ops.mul(x, y);
      return [ops.add(ops.emit("idiv", [x, y], {}, product.shape), product)];
    },
    inputs: [[a, { low: -9, high: 9 }], [b, notZero]],
  })),
  compare: two((x, y) => np.lessEqual(x.ref, y.ref).astype(np.float64).mul(x).add(y)),
};
