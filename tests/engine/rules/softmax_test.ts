/** @file Softmax and its gradient are recognised, and what differs from them in one place is left as it is. */
import { init, lax, nn, numpy as np } from "@jax-js/jax";
import assert from "node:assert/strict";
import { tensor } from "../../../lib/engine/mod.ts";
import { algebra } from "../../../lib/engine/rules/algebra.ts";
import { softmax } from "../../../lib/engine/rules/softmax.ts";
import { checkAll, kernels, type NearMiss } from "../near_misses.ts";
import { generator, randomTensor, runEngine } from "../oracle.ts";

type A = np.Array;

await init("wasm");

const square = randomTensor(generator(1), [3, 3]);
const other = randomTensor(generator(2), [3, 3]);
const cube = randomTensor(generator(3), [3, 3, 3]);
const cubes = [cube, randomTensor(generator(4), [3, 3, 3])];

/** Negations have to be out of the way first. */
const rewrites = { rules: [algebra, softmax] };

/** The places in which a softmax over the last axis of [3, 3] may differ. */
interface Spelling {
  shift?: (x: A) => A;
  exponential?: (d: A) => A;
  total?: (e: A) => A;
  scale?: (e: A, s: A) => A;
}
const rowMax = (x: A) => np.max(x, 1, { keepdims: true });
const rowSum = (e: A) => np.sum(e, 1, { keepdims: true });

function spelled({
  shift = rowMax,
  exponential = np.exp,
  total = rowSum,
  scale = (e, s) => e.mul(np.reciprocal(s)),
}: Spelling = {}) {
  return (x: A) => {
    const e = exponential(x.ref.sub(shift(x)));
    return scale(e.ref, total(e));
  };
}

const fused: Record<string, NearMiss> = {
  "as jax-js writes it": [(x: A) => nn.softmax(x, -1), [square], "softmax"],
  "over the first axis": [(x: A) => nn.softmax(x, 0), [square], "softmax"],
  "over the middle axis": [(x: A) => nn.softmax(x, 1), [cube], "softmax"],
  "over an axis of size 1": [(x: A) => nn.softmax(x, 1), [tensor([1, -2], [2, 1])], "softmax"],
  "of a vector": [(x: A) => nn.softmax(x), [tensor([1, -2, 3])], "softmax"],
  "in float64": [
    (x: A) => nn.softmax(x),
    [tensor([1, -2, 3, 700, -700, 699], [2, 3], "float64")],
    "softmax",
  ],
  "as a quotient": [spelled({ scale: (e, s) => e.div(s) }), [square], "softmax"],
  "the factors swapped": [
    spelled({ scale: (e, s) => np.reciprocal(s).mul(e) }),
    [square],
    "softmax",
  ],
  "the maximum stretched": [
    spelled({ shift: (x) => np.broadcastTo(rowMax(x), [3, 3]) }),
    [square],
    "softmax",
  ],
  "the scale stretched": [
    spelled({ scale: (e, s) => e.mul(np.broadcastTo(np.reciprocal(s), [3, 3])) }),
    [square],
    "softmax",
  ],
  "axis 0 inserted by NumPy's rule": [
    (x: A) => {
      const e = np.exp(x.ref.sub(np.broadcastTo(np.max(x, 0), [3, 3])));
      return e.ref.mul(np.broadcastTo(np.reciprocal(np.sum(e, 0)), [3, 3]));
    },
    [square],
    "softmax",
  ],
};

Deno.test("softmax is recognised, however its maximum and its sum are spread", async (t) => {
  await checkAll(t, fused, { rewrites });
  assert.equal(await kernels((x: A) => nn.softmax(x, -1), [square]), "Softmax");
});

Deno.test("the exponentials of a softmax stay where they are read too", async () => {
  const [e, p] = await runEngine((x: A) => {
    const e = np.exp(x.ref.sub(rowMax(x)));
    return [e.ref, e.ref.mul(np.reciprocal(rowSum(e)))];
  }, [tensor([0, 0, Math.log(2)], [1, 3])]);
  e.data.forEach((v, i) => assert.ok(Math.abs(v - [0.5, 0.5, 1][i]) < 1e-6));
  p.data.forEach((v, i) => assert.ok(Math.abs(v - [0.25, 0.25, 0.5][i]) < 1e-6));
});

/** Near misses: nothing of them may become a softmax. */
const misses: Record<string, (x: A, y: A) => A> = {
  "shifted by the minimum": spelled({ shift: (x) => np.min(x, 1, { keepdims: true }) }),
  "shifted by the sum": spelled({ shift: rowSum }),
  "shifted by the maximum of all": spelled({ shift: (x) => np.max(x) }),
  "shifted by the maximum of a column": spelled({
    shift: (x) => np.max(x, 0, { keepdims: true }),
  }),
  "shifted by the maximum of the row of its column": spelled({ shift: (x) => np.max(x, 1) }),
  "the same, stretched": spelled({ shift: (x) => np.broadcastTo(np.max(x, 1), [3, 3]) }),
  "shifted by the maximum of another array": (x, y) => spelled({ shift: () => rowMax(y) })(x),
  "shifted by twice the maximum": spelled({ shift: (x) => rowMax(x).mul(2) }),
  "no shift": spelled({ shift: () => np.zeros([3, 1]) }),
  "a temperature": spelled({ exponential: (d) => np.exp(d.mul(2)) }),
  "base 2": spelled({ exponential: (d) => np.exp2(d) }),
  "no exponential": spelled({ exponential: (d) => d }),
  "over the greatest": spelled({ total: rowMax }),
  "over the product": spelled({ total: (e) => np.prod(e, 1, { keepdims: true }) }),
  "over the sum of all": spelled({ total: (e) => np.sum(e) }),
  "over the sum of a column": spelled({ total: (e) => np.sum(e, 0, { keepdims: true }) }),
  "over the sum of the row of its column": spelled({ total: (e) => np.sum(e, 1) }),
  "the same sum, stretched": spelled({
    scale: (e, s) => e.mul(np.broadcastTo(np.reciprocal(s.reshape([3])), [3, 3])),
  }),
  "over the sum of squares": spelled({ total: (e) => rowSum(e.ref.mul(e)) }),
  "over the sum of other exponentials": (x, y) => spelled({ total: () => rowSum(np.exp(y)) })(x),
  "over the sum and a little": spelled({ total: (e) => rowSum(e).add(1e-3) }),
  "over the root of the sum": spelled({ total: (e) => np.sqrt(rowSum(e)) }),
  "plus the reciprocal": spelled({ scale: (e, s) => e.add(np.reciprocal(s)) }),
  "times the sum": spelled({ scale: (e, s) => e.mul(s) }),
  "an outer product": spelled({
    scale: (e, s) => e.mul(np.reciprocal(s).reshape([3, 1, 1])),
  }),
  "shifted by the maximum of a column, spread along a row": spelled({
    shift: (x) => np.max(x, 0).reshape([3, 1]),
  }),
  "over columns, spread along rows": spelled({
    shift: (x) => np.max(x, 0, { keepdims: true }),
    total: (e) => np.sum(e, 0).reshape([3, 1]),
  }),
  "the sum stretched along the other axis": spelled({
    scale: (e, s) => e.mul(np.broadcastTo(np.reciprocal(s.reshape([1, 3])), [3, 3])),
  }),
  "the maximum stretched along the other axis": spelled({
    shift: (x) => np.broadcastTo(np.max(x, 1).reshape([1, 3]), [3, 3]),
  }),
  "one row, repeated by its scale": (x) => {
    const row = x.slice([0, 1]);
    const e = np.exp(row.ref.sub(np.max(row, 0, { keepdims: true })));
    return e.ref.mul(np.broadcastTo(np.reciprocal(np.sum(e, 0)), [5, 3]));
  },
  "one row, repeated by its maximum": (x) => {
    const row = x.slice([0, 1]);
    const e = np.exp(row.ref.sub(np.broadcastTo(np.max(row, 0), [5, 3])));
    return e.ref.mul(np.reciprocal(np.sum(e, 0)));
  },
  "over both axes": (x) => {
    const e = np.exp(x.ref.sub(np.max(x, [0, 1])));
    return e.ref.mul(np.reciprocal(np.sum(e, [0, 1])));
  },
  "the maximum repeated before the shift": (x) => {
    const row = x.slice(0);
    const e = np.exp(row.ref.sub(np.broadcastTo(np.max(row, 0), [3, 1])));
    return e.ref.mul(np.reciprocal(np.sum(e, 0, { keepdims: true })));
  },
};

Deno.test("what differs from softmax in one place is left as it is", async (t) => {
  await checkAll(
    t,
    Object.fromEntries(
      Object.entries(misses).map(([name, fn]) => [name, [fn, [square, other]]]),
    ),
  );
  for (const [name, fn] of Object.entries(misses)) {
    assert.ok(!(await kernels(fn, [square, other])).includes("Softmax"), name);
  }
});

/** The places in which the gradient of a softmax over the middle axis of [3, 3, 3] may differ. */
interface Pullback {
  weighted?: (e: A, g: A) => A;
  total?: (w: A) => A;
  square?: (r: A) => A;
  difference?: (direct: A, mean: A) => A;
  last?: (e: A, bracket: A) => A;
}
const middle = (f: typeof np.sum) => (x: A) => f(x, 1, { keepdims: true });

function pullback({
  weighted = (e, g) => e.mul(g),
  total = middle(np.sum),
  square = (r) => r.ref.mul(r),
  difference = (direct, mean) => direct.sub(mean),
  last = (e, bracket) => e.mul(bracket),
}: Pullback = {}) {
  return (x: A, g: A) => {
    const e = np.exp(x.ref.sub(lax.stopGradient(middle(np.max)(x))));
    const r = np.reciprocal(middle(np.sum)(e.ref));
    const mean = square(r.ref).mul(total(weighted(e.ref, g.ref)));
    return last(e, difference(g.mul(r), mean));
  };
}
const gradient = "mul mul reduce reshape softmax sub";
const gradients: Record<string, NearMiss> = {
  "as jax-js writes it": [pullback(), cubes, gradient],
  "all factors swapped": [
    pullback({ weighted: (e, g) => g.mul(e), last: (e, bracket) => bracket.mul(e) }),
    cubes,
    gradient,
  ],
};

Deno.test("the gradient of softmax is recognised", (t) => checkAll(t, gradients, { rewrites }));

const otherGradients: Record<string, (x: A, g: A) => A> = {
  "another gradient in the mean": pullback({ weighted: (e, g) => e.mul(g.mul(0.5)) }),
  "the exponential twice in the mean": pullback({ weighted: (e) => e.ref.mul(e) }),
  "the gradient twice in the mean": pullback({ weighted: (_, g) => g.ref.mul(g) }),
  "the mean of a sum": pullback({ weighted: (e, g) => e.add(g) }),
  "the greatest for the sum": pullback({ total: middle(np.max) }),
  "the sum over the last axis": pullback({ total: (w) => np.sum(w, 2, { keepdims: true }) }),
  "the sum over the first axis": pullback({ total: (w) => np.sum(w, 0, { keepdims: true }) }),
  "the sum of all": pullback({ total: (w) => np.sum(w) }),
  "the sum spread along the first axis": pullback({ total: (w) => np.sum(w, 1) }),
  "the sum spread along the last axis": pullback({
    total: (w) => np.sum(w, 1).reshape([3, 3, 1]),
  }),
  "the sum over the last axis, in the place of the middle one": pullback({
    total: (w) => np.sum(w, 2).reshape([3, 1, 3]),
  }),
  "the mean spread along the last axis": pullback({
    difference: (direct, mean) => direct.sub(mean.reshape([3, 3, 1])),
  }),
  "the mean stretched along the first axis": pullback({
    difference: (direct, mean) => direct.sub(np.broadcastTo(mean.reshape([3, 3]), [3, 3, 3])),
  }),
  "one sum for more rows": (x, g) =>
    pullback({ total: (w) => np.broadcastTo(middle(np.sum)(w), [3, 1, 3]) })(
      x.slice([0, 1]),
      g.slice([0, 1]),
    ),
  "the reciprocal once": pullback({ square: (r) => r }),
  "the reciprocal thrice": pullback({ square: (r) => r.ref.mul(r.ref).mul(r) }),
  "the reciprocal and a half of it": pullback({ square: (r) => r.ref.mul(r.mul(0.5)) }),
  "the reciprocal twice": pullback({ square: (r) => r.ref.add(r) }),
  "the mean added": pullback({ difference: (direct, mean) => direct.add(mean) }),
  "the difference reversed": pullback({ difference: (direct, mean) => mean.sub(direct) }),
  "the difference squared": pullback({
    difference: (direct, mean) => {
      const d = direct.sub(mean);
      return d.ref.mul(d);
    },
  }),
  "the bracket added": pullback({ last: (e, bracket) => e.add(bracket) }),
  "the bracket times another exponential": (x, g) =>
    pullback({ last: (_, bracket) => np.exp(x.ref).mul(bracket) })(x.ref, g),
};

Deno.test("what differs from the gradient of softmax in one place is left as it is", async (t) => {
  await checkAll(
    t,
    Object.fromEntries(
      Object.entries(otherGradients).map(([name, fn]) => [name, [fn, cubes]]),
    ),
  );
  for (const [name, fn] of Object.entries(otherGradients)) {
    assert.ok(!(await kernels(fn, cubes)).includes("Softmax"), name);
  }
});
