/** @file Softmax is recognised and has its own derivative, and what differs from it in one place is left as it is. */
import { init, lax, nn, numpy as np } from "@jax-js/jax";
import assert from "node:assert/strict";
import { grad, valueAndGrad } from "../../../lib/engine/gradient.ts";
import { type Tensor, tensor } from "../../../lib/engine/mod.ts";
import { algebra } from "../../../lib/engine/rules/algebra.ts";
import { optimised } from "../../../lib/engine/rules/optimised.ts";
import { softmax } from "../../../lib/engine/rules/softmax.ts";
import { trace } from "../../../lib/engine/trace.ts";
import { layer as attention } from "../../../lib/layers/sequence/softmax_attention.ts";
import type { AttentionParams } from "../../../lib/layers/attention_projections.ts";
import { assertAgrees, checkAll, kernels, type NearMiss } from "../near_misses.ts";
import { generator, randomTensor, runEngine } from "../oracle.ts";

type A = np.Array;

await init("wasm");

const square = randomTensor(generator(1), [3, 3]);
const other = randomTensor(generator(2), [3, 3]);
const cube = randomTensor(generator(3), [3, 3, 3]);
const wide = ({ data }: Tensor) => ({ dtype: "float64", data: Float64Array.from(data) }) as const;
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

/** The gradient of a weighted sum of softmaxes by their logits, with the value. */
const withGradient = (fn: (x: A) => A) => (x: A, g: A) => [
  fn(x.ref),
  grad((x: A) => np.sum(fn(x).mul(g.ref)))(x),
];
/** P and P (G - sum(P G)). */
const gradient = "mul mul reduce reshape softmax sub";

Deno.test("value and gradient of softmax are one softmax, however it is written", async (t) => {
  await checkAll(
    t,
    Object.fromEntries(
      Object.entries(fused).map(([name, [fn, [x]]]) => {
        const g = randomTensor(generator(4), x.shape);
        const weights = x.dtype === "float64" ? { ...g, ...wide(g) } : g;
        return [name, [withGradient(fn as (x: A) => A), [x, weights], gradient]];
      }),
    ),
    { rewrites },
  );
  const step = withGradient((x) => nn.softmax(x, 1));
  const found = (await kernels(step, cubes)).split(" ");
  assert.equal(found.filter((op) => op === "Softmax").length, 1);
  assert.ok(!found.includes("Exp"), `${found}`);
});

Deno.test("what differs from softmax in one place has its own gradient", async (t) => {
  await checkAll(
    t,
    Object.fromEntries(
      Object.entries(misses).map(([name, fn]) => [name, [
        (x: A, y: A) => grad((x: A) => np.sum(fn(x.ref, y.ref).mul(np.sin(fn(x, y.ref)))))(x),
        [square, other],
      ]]),
    ),
    { tolerance: 1e-5 },
  );
});

const stop = lax.stopGradient;
/** Softmaxes over the last axis of [3, 3] on whose way back something is stopped; with how many may be recognised. */
const stopped: Record<string, [(x: A) => A, softmaxes: number]> = {
  "the shift stopped": [spelled({ shift: (x) => stop(rowMax(x)) }), 1],
  "the shift stopped before its maximum": [spelled({ shift: (x) => rowMax(stop(x)) }), 0],
  "the reciprocal stopped": [spelled({ scale: (e, s) => e.mul(stop(np.reciprocal(s))) }), 0],
  "the sum stopped": [spelled({ total: (e) => stop(rowSum(e)) }), 0],
  "the exponentials of the sum stopped": [spelled({ total: (e) => rowSum(stop(e)) }), 0],
  "the exponentials stopped, but not those of the sum": [
    spelled({ scale: (e, s) => stop(e).mul(np.reciprocal(s)) }),
    0,
  ],
  "the difference stopped": [spelled({ exponential: (d) => np.exp(stop(d)) }), 1],
  "the logits stopped": [(x) => nn.softmax(stop(x.ref)).mul(x), 1],
};

Deno.test("what is stopped on the way back of a softmax has no gradient there", async (t) => {
  for (const [name, [fn, softmaxes]] of Object.entries(stopped)) {
    await t.step(name, async () => {
      // Of the derivative alone: its softmaxes were told while the function was differentiated.
      const slope = (x: A, g: A) => grad((x: A) => np.sum(fn(x).mul(g.ref)))(x);
      await assertAgrees(slope, [square, other], 4e-6);
      const found = (await kernels(slope, [square, other])).split(" ");
      assert.ok(found.filter((op) => op === "Softmax").length <= softmaxes, `${found}`);
      await assertAgrees(withGradient(fn), [square, other], 4e-6);
    });
  }
});

Deno.test("value and gradient of attention exponentiate nothing twice", async () => {
  const params = Object.fromEntries(
    ["query", "key", "value", "output"].map((name, i) => [name, {
      weight: randomTensor(generator(10 + i), [4, 4]),
      bias: randomTensor(generator(20 + i), [4]),
    }]),
  );
  const x = randomTensor(generator(5), [2, 3, 4]);
  const step = valueAndGrad(
    (p: AttentionParams, x: A) => np.sum(attention.parallel!({ width: 4, heads: 2 }, p, x)[1]),
    {
      argnums: [0, 1],
    },
  );
  const { graph } = await trace(step, [params, x], optimised);
  const left = graph.live().map((e) => e.op);
  assert.equal(left.filter((op) => op === "softmax").length, 1);
  for (const op of ["exp", "reciprocal", "log", "where"]) assert.ok(!left.includes(op), op);
});
