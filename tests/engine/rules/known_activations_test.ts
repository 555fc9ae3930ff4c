/**
 * @file Every activation the engine knows, spelled out, in its short form; and the same with one constant a little off, which
 * must stay what it is.
 */
import { init, lax, nn, numpy as np } from "@jax-js/jax";
import assert from "node:assert/strict";
import { grad } from "../../../lib/engine/gradient.ts";
import { tensor } from "../../../lib/engine/mod.ts";
import { assertAgrees, checkAll, type NearMiss, operations } from "../near_misses.ts";

type A = np.Array;

await init("wasm");

const x = tensor([-30, -9.3, -2.1, -0.6, -1e-3, 0, 1e-3, 0.4, 1.7, 5.2, 17]);
const literal = (value: number) => np.full([], value);

/** Powers of x as the formulas want them. */
const cube = (x: A) => x.ref.mul(x.ref).mul(x);
const sigmoid = (x: A, one = 1) => np.reciprocal(np.exp(x.neg()).add(literal(one)));
const gate = (x: A, a = 0.044715, c = Math.sqrt(2 / Math.PI)) =>
  x.ref.add(cube(x).mul(literal(a))).mul(literal(c));
const cdf = (x: A, half = 0.5, root = Math.SQRT1_2) =>
  lax.erf(x.mul(literal(root))).add(1).mul(literal(half));
/** 1 - s(x) */
const rest = (s: A) => np.subtract(1, s);

/** An activation with a factor `k` somewhere in its formula, which is 1 in the activation itself. */
const spellings: Record<string, [left: string, ...((x: A, k: number) => A)[]]> = {
  "sigmoid": [
    "sigmoid",
    (x, k) => sigmoid(x, k),
    (x, k) => np.exp(x.ref).div(np.exp(x).add(literal(k))),
    (x, k) => np.tanh(x.mul(0.5)).add(literal(k)).mul(0.5),
  ],
  "tanh": [
    "tanh",
    (x, k) => np.tanh(x).mul(literal(k)),
    (x, k) => np.tanh(x.mul(literal(k))),
    (x, k) => sigmoid(x.mul(2)).mul(2).sub(literal(k)),
  ],
  "silu": [
    "mul sigmoid",
    (x, k) => x.ref.mul(sigmoid(x, k)),
    (x, k) => x.ref.mul(sigmoid(x.mul(literal(k)))),
  ],
  "softplus": [
    "softplus",
    (x, k) => np.log(np.exp(x).add(literal(k))),
    (x, k) => np.maximum(x.ref, 0).add(np.log(np.exp(np.abs(x).neg()).mul(literal(k)).add(1))),
  ],
  "logarithm of the sigmoid": [
    "neg neg softplus",
    (x, k) => np.log(sigmoid(x, k)),
    (x, k) => np.log(np.exp(x.neg()).add(literal(k))).neg(),
  ],
  "logarithm of what the sigmoid leaves": [
    "neg softplus",
    (x, k) => np.log(np.reciprocal(np.exp(x).add(literal(k)))),
  ],
  "what the sigmoid leaves": [
    "sigmoid sub",
    (x, k) => np.reciprocal(np.exp(x).add(literal(k))),
    (x, k) => np.subtract(1, sigmoid(x).mul(literal(k))),
  ],
  "gelu": [
    "gelu_tanh",
    (x, k) => x.ref.mul(np.tanh(gate(x)).add(1)).mul(literal(0.5 * k)),
    (x, k) => x.ref.mul(np.tanh(gate(x, 0.044715 * k)).add(1)).mul(0.5),
    (x, k) => x.ref.mul(np.tanh(gate(x, 0.044715, k * Math.sqrt(2 / Math.PI))).add(1)).mul(0.5),
    (x, k) => x.ref.mul(sigmoid(gate(x).mul(2), k)),
  ],
  "exact gelu": [
    "gelu_erf",
    (x, k) => x.ref.mul(cdf(x, 0.5 * k)),
    (x, k) => x.ref.mul(cdf(x, 0.5, k * Math.SQRT1_2)),
    (x, k) => x.ref.mul(lax.erfc(x.mul(literal(-k * Math.SQRT1_2)))).mul(0.5),
  ],
};

for (const [name, [left, ...forms]] of Object.entries(spellings)) {
  Deno.test(`${name} is recognised in every spelling, and nothing a little off is`, async () => {
    for (const [i, form] of forms.entries()) {
      const exact = (x: A) => form(x, 1);
      assert.equal(await operations(exact, [x]), left, `spelling ${i}`);
      await assertAgrees(exact, [x]);
      // Between them and 1 lies what the rounding of literals may do.
      for (const k of [0.9996, 1.0004, 1 + 3e-5]) {
        const off = (x: A) => form(x, k);
        assert.notEqual(await operations(off, [x]), left, `spelling ${i} with ${k}`);
      }
      await assertAgrees((x: A) => form(x, 0.9996), [x], 4e-6);
    }
  });
}

const g = tensor([0.5, -2, 3, 1, -1, 0.7, 2, -0.3, 1.1, 0.2, -4]);
const n = tensor([-3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7], [11], "int32");
const far = tensor([-10.7, -1, 0, 1, 10.5, 10.7, 10.9, 20]);
const silu = (x: A) => x.ref.mul(sigmoid(x));

/** Programs in which one guard keeps something from being taken for an activation. */
const guards: Record<string, NearMiss> = {
  "a switch between two lines that cross elsewhere": [
    (x: A) => np.where(np.less(x.ref, x.ref.mul(3).sub(10.4)), 0, np.tanh(x)),
    [x],
  ],
  "the larger of two lines that cross elsewhere": [
    (x: A) => {
      const bend = np.maximum(x.ref.sub(5), x.ref.mul(2).sub(10)).sub(x.ref.sub(5));
      return np.tanh(x).add(bend.mul(1e-2));
    },
    [x],
  ],
  "the smaller of two lines that cross elsewhere": [
    (x: A) => {
      const bend = np.minimum(x.ref.sub(5), x.ref.mul(2).sub(10)).sub(x.ref.mul(2).sub(10));
      return np.tanh(x).add(bend.mul(1e-2));
    },
    [x],
  ],
  "a bump where two pairs of lines cross, and no sample lies": [
    (x: A) => {
      const left = np.less(x.ref, x.ref.mul(3).sub(21.2));
      const right = np.less(x.ref.mul(3).sub(21.6), x.ref);
      return np.tanh(x).add(np.where(left, np.where(right, 1, 0), 0));
    },
    [far],
  ],
  "a bump between a line and a parabola, where no sample lies": [
    (x: A) => {
      const below = np.less(x.ref.mul(x.ref).add(114.48), x.ref.mul(21.4));
      return np.tanh(x).add(np.where(below, 1, 0));
    },
    [far],
  ],
  "a switch between a line and a parabola": [
    (x: A) => np.where(np.less(x.ref.mul(x.ref), x.ref.mul(5.1)), np.tanh(x.ref), silu(x)),
    [x],
  ],
  "one value replaced": [
    (x: A) => [
      np.where(np.equal(x.ref, 17), 2, np.tanh(x.ref)),
      np.where(np.notEqual(x.ref, 17), np.tanh(x.ref), 2),
      np.where(np.notEqual(x.ref, 0), np.tanh(x), 2),
    ],
    [x],
    "compare compare compare tanh where where where",
  ],
  "another value at zero": [
    (x: A) => {
      const below = np.where(np.less(x.ref, 0), np.tanh(x.ref), 2);
      const above = np.where(np.lessEqual(x.ref, 0), 2, np.tanh(x.ref));
      return [
        np.where(np.lessEqual(x.ref, 0), below, np.tanh(x.ref)),
        np.where(np.less(x.ref, 0), np.tanh(x), above),
      ];
    },
    [x],
  ],
  "halves of two functions": [
    (x: A) => [
      np.where(np.less(x.ref, 0), 0, np.tanh(x.ref)),
      np.where(np.lessEqual(x.ref, 0), np.tanh(x.ref), sigmoid(x)),
    ],
    [x],
  ],
  "two halves of one function": [
    (x: A) => {
      const low = np.exp(x.ref).div(np.exp(x.ref).add(1));
      return np.where(np.less(x.ref, 0), low, sigmoid(x));
    },
    [x],
    "sigmoid",
  ],
  "zero at zero": [(x: A) => np.where(np.equal(x.ref, 0), 0, np.tanh(x)), [x], "tanh"],
  "a power of a sigmoid": [
    (x: A, g: A) => np.exp(np.log(sigmoid(x)).mul(g)),
    [x, g],
  ],
  "the reciprocal of a weighted sum": [
    (x: A, g: A) => np.reciprocal(np.exp(x.neg()).add(1).mul(g)),
    [x, g],
  ],
  "a last step in float64": [
    (x: A) => np.full([11], 1, { dtype: np.float64 }).sub(sigmoid(x)),
    [x],
    "add neg sigmoid",
  ],
  "1 less a weighted sigmoid": [(x: A, g: A) => np.subtract(1, sigmoid(x.neg()).mul(g)), [x, g]],
  "a derivative weighted in one term": [
    (x: A, g: A) => {
      const s = sigmoid(x.ref);
      return s.ref.mul(g).add(x.mul(s.ref).mul(rest(s)));
    },
    [x, g],
  ],
  "a derivative weighted differently in two terms": [
    (x: A, g: A) => {
      const s = sigmoid(x.ref);
      return s.ref.mul(g.ref).add(x.mul(s.ref).mul(rest(s)).mul(g.mul(2)));
    },
    [x, g],
  ],
  "a weight that comes twice": [
    (x: A, g: A) => x.ref.mul(g.ref).mul(sigmoid(x).mul(g)),
    [x, g],
  ],
  "a switch to the weighted function": [
    (x: A, g: A) => {
      const s = sigmoid(x.ref);
      return np.where(np.less(x, 0), s.ref.mul(g), s);
    },
    [x, g],
  ],
  "the larger of two weighted lines": [
    (x: A, g: A) => {
      const size = np.maximum(x.ref.mul(g.ref), x.ref.neg().mul(g.ref)).mul(0.5);
      const tail = np.log(np.exp(np.abs(x.ref).neg()).add(1));
      return size.add(x.mul(0.5).mul(g.ref)).add(tail.mul(g));
    },
    [x, g],
  ],
  "a literal of a larger shape": [
    (x: A) => np.reciprocal(np.exp(x.neg()).add(np.ones([2, 11]))),
    [x],
    "add exp neg reciprocal",
  ],
  "an argument of a smaller shape": [
    (x: A, g: A) => sigmoid(x.ref.add(g)).add(np.tanh(x)),
    [tensor([1, 2, 3], [3, 1]), tensor([4, -5])],
    "add add sigmoid tanh",
  ],
  "an integer argument": [
    (n: A) => np.reciprocal(np.exp(n.neg().mul(np.ones([11]))).add(1)),
    [n],
    "mul neg sigmoid sub",
  ],
  "a sign that depends on another value": [
    (x: A, g: A) => np.where(np.less(g, 0), np.tanh(x.ref), sigmoid(x)),
    [x, g],
    "compare sigmoid tanh where",
  ],
};

Deno.test("one guard at a time keeps functions from being taken for others", async (t) => {
  await checkAll(t, guards, { tolerance: 5e-6 });
});

Deno.test("the gradients of activations reuse what the way forward computed", async () => {
  const step = (x: A, g: A) => {
    const value = (x: A) => np.sum(nn.sigmoid(x).mul(g.ref));
    return [nn.sigmoid(x.ref), grad(value)(x)];
  };
  assert.equal(await operations(step, [x, g]), "mul mul sigmoid sub");
});

for (const [name, [, first, ...others]] of Object.entries(spellings)) {
  Deno.test(`${name} has one derivative, however it is spelled`, async () => {
    const step = (form: typeof first) => (x: A, g: A) =>
      grad((x: A) => np.sum(form(x, 1).mul(g.ref)))(x);
    await assertAgrees(step(first), [x, g], 4e-6);
    const left = await operations(step(first), [x, g]);
    for (const form of others) assert.equal(await operations(step(form), [x, g]), left);
  });
}
