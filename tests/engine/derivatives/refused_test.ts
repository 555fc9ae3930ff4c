/** @file What has no derivative: operations whose derivative is zero, and those that are refused by name. */
import { init, lax, nn, numpy as np, random } from "@jax-js/jax";
import assert from "node:assert/strict";
import { differentiable } from "../../../lib/engine/derivatives/differentiate.ts";
import { grad, valueAndGrad } from "../../../lib/engine/gradient.ts";
import type { Graph } from "../../../lib/engine/graph.ts";
import { compile, NotDifferentiable, type Tensor, tensor } from "../../../lib/engine/mod.ts";
import { scan } from "../../../lib/engine/scan.ts";
import { assertClose, generator, randomTensor, runEngine, runJax } from "../oracle.ts";
import { elementwiseCases } from "./cases_elementwise.ts";
import { linalgCases } from "./cases_linalg.ts";
import { movementCases } from "./cases_movement.ts";
import { sumCases } from "./cases_sums.ts";
import { bodyOf, gradientGraph } from "./differences.ts";
import { scalarFunctions } from "./scalar_functions.ts";

// deno-lint-ignore no-explicit-any
type Any = any;
type A = np.Array;

await init("wasm");

const bits = (x: A) => lax.bitcastConvertType(x, np.uint32);
/** Functions that are flat everywhere, by the operation that makes them so. */
const flat: Record<string, (x: A) => A> = {
  floor: np.floor,
  ceil: np.ceil,
  idiv: (x) => np.trunc(x),
  compare: (x) => np.less(x, 0.5).astype(np.float32),
  stop_gradient: lax.stopGradient,
  bitcast: (x) => lax.bitcastConvertType(bits(x), np.float32),
  bit_combine: (x) => np.bitwiseXor(bits(x), np.array(5, { dtype: np.uint32 })).astype(np.float32),
  bit_shift: (x) => np.leftShift(bits(x), np.array(3, { dtype: np.uint32 })).astype(np.float32),
  bit_count: (x) => np.bitwiseCount(bits(x)).astype(np.float32),
  random_bits: (x) => {
    const key = np.stack([bits(x.ref).reshape([]), bits(x).reshape([])]);
    return random.uniform(key, [1]);
  },
};

const operations = (graph: Graph) => graph.live().map((e) => e.op);

for (const [op, fn] of Object.entries(flat)) {
  Deno.test(`the derivative of ${op} is zero, and nothing is computed for it`, async () => {
    const body = await bodyOf({ name: op, fn, inputs: [] }, [tensor([0.3])]);
    assert.ok(operations(body).includes(op), `${operations(body)}`);
    const graph = gradientGraph(body);
    assert.deepEqual(operations(graph), []);
    assert.equal(graph.outputs[0].uniform, 0);
  });
}

Deno.test("every operation that has a derivative has a case", () => {
  // A loop has tests of its own, in tests/engine/scan.
  const tested = [elementwiseCases, movementCases, sumCases, linalgCases, scalarFunctions, flat]
    .flatMap((cases) => Object.keys(cases)).concat("scan");
  const [have, want] = [tested, differentiable].map((list) => [...new Set(list)].sort());
  assert.deepEqual(have, want);
});

/** Gradients of sums on engine `ort` beside those that jax-js takes, and beside a closed form. */
async function assertGradient(fn: (x: A) => A, x: Tensor, closed?: (x: number) => number) {
  const gradient = grad((x: A) => np.sum(fn(x)));
  const [got] = await runEngine(gradient, [x]);
  const [want] = runJax(gradient, [x], "float64");
  const tolerance = x.dtype === "float64" ? 1e-10 : 5e-5;
  assertClose(got, want, tolerance, "jax-js");
  if (closed) assertClose(got, { ...x, data: x.data.map(closed) }, tolerance, "closed form");
}

Deno.test("what is stopped counts as a constant", async () => {
  const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
  for (const dtype of ["float32", "float64"] as const) {
    const x = randomTensor(generator(3), [7], { dtype });
    const cases: [fn: (x: A) => A, closed: (x: number) => number][] = [
      [(x) => x.ref.mul(lax.stopGradient(x)), (x) => x],
      // Not what it would be, were it taken for a silu.
      [(x) => nn.sigmoid(lax.stopGradient(x.ref)).mul(x), sigmoid],
      [(x) => x.ref.mul(nn.sigmoid(x.ref.mul(2))).mul(lax.stopGradient(x)), (x) => {
        const s = sigmoid(2 * x);
        return x * (s + 2 * x * s * (1 - s));
      }],
      [(x) => np.exp(x.ref.sub(lax.stopGradient(x))), () => 1],
      [(x) => np.tanh(lax.stopGradient(x.ref)).add(lax.stopGradient(np.tanh(x))), () => 0],
      [(x) => lax.stopGradient(x.ref).sub(x), () => -1],
      [
        (x) => np.where(lax.stopGradient(x.ref).less(0), x.ref, x.ref.mul(x)),
        (x) => x < 0 ? 1 : 2 * x,
      ],
    ];
    for (const [fn, closed] of cases) await assertGradient(fn, x, closed);
  }
});

Deno.test("what is stopped in part is none of the functions that have kernels", async () => {
  const x = randomTensor(generator(3), [7]);
  const stop = lax.stopGradient;
  const almost: ((x: A) => A)[] = [
    (x) => {
      const cubed = stop(x.ref).mul(stop(x.ref)).mul(stop(x.ref));
      const inner = x.ref.add(cubed.mul(0.044715)).mul(Math.sqrt(2 / Math.PI));
      return x.mul(np.tanh(inner).add(1)).mul(0.5);
    },
    (x) => stop(x.ref).mul(np.tanh(x.mul(0.5)).add(1)),
    (x) => np.maximum(stop(x.ref), 0).add(np.log(np.exp(np.abs(x).neg()).add(1))),
    (x) => np.subtract(1, np.reciprocal(np.exp(stop(x.ref).mul(2)).add(1)).mul(2)).mul(x),
    (x) => np.exp(x.ref).div(np.sum(np.exp(stop(x)))),
    (x) => np.exp(stop(x.ref)).div(np.sum(np.exp(x))),
    (x) => x.ref.sub(np.log(np.sum(np.exp(stop(x.ref))))).mul(x),
    (x) => nn.sigmoid(x.ref).mul(np.subtract(1, nn.sigmoid(stop(x)))),
  ];
  for (const fn of almost) await assertGradient(fn, x);
});

Deno.test("softmax and its relatives, whose maximum is stopped, have their derivatives", async () => {
  const weights = () => np.array([3, -1, 2, 0.5, 1]);
  for (const dtype of ["float32", "float64"] as const) {
    const x = randomTensor(generator(4), [3, 5], { dtype });
    const w = (x: A) => weights().astype(x.dtype);
    await assertGradient((x) => nn.softmax(x.ref, -1).mul(w(x)), x);
    await assertGradient((x) => nn.logSoftmax(x.ref, -1).mul(w(x)), x);
    await assertGradient((x) => nn.logsumexp(x, -1), x);
    await assertGradient((x) => nn.logsumexp(x.ref.mul(x), 0), x);
    // Of second order; the sum of a softmax's gradient is zero.
    const twice = (fn: (x: A) => A) => (x: A) => np.sin(grad((x: A) => np.sum(fn(x)))(x));
    await assertGradient(twice((x) => nn.softmax(x.ref, -1).mul(w(x))), x);
    await assertGradient(twice((x) => np.tanh(nn.logsumexp(x, -1))), x);
  }
});

const positive = tensor([2, 1, 1, 3], [2, 2]);
const withoutDerivative: Record<string, (x: A) => A> = {
  cholesky: (x) => np.linalg.cholesky(x),
  lu: (x) => lax.linalg.lu(x)[0],
  jacobi_eigh: (x) => np.linalg.eigh(x)[1],
};

for (const [op, fn] of Object.entries(withoutDerivative)) {
  Deno.test(`${op} has no derivative, and the error says where it is asked for`, async () => {
    const here = new URL(import.meta.url).pathname;
    const loss = (x: A) => np.sum(np.tanh(fn(x)));
    const inLoop = (x: A) =>
      np.sum(scan((_, s, __) => [fn(s), []], [], x, [], { length: 3 })[0] as A);
    for (const f of [grad(loss), valueAndGrad(loss), grad(inLoop)]) {
      const error: Any = await compile(f, [positive]).then(() => assert.fail(), (e) => e);
      assert.ok(error instanceof NotDifferentiable, String(error));
      assert.equal(error.primitive, op);
      assert.match(
        error.message,
        new RegExp(`"${op}", which has no derivative; the model uses it`),
      );
      assert.ok(error.line?.startsWith(here), error.message);
    }
  });
}

Deno.test("what has no derivative may stand where no gradient goes", async () => {
  const fn = (x: A) => {
    const factor = np.sum(np.linalg.cholesky(lax.stopGradient(x.ref)));
    return np.sum(x).mul(factor);
  };
  // Its value is asked for, not its derivative; that there is no kernel for it is another error.
  await assert.rejects(compile(grad(fn), [positive]), { name: "UnsupportedPrimitive" });
  const [got] = runJax(grad(fn), [positive]);
  const sum = Math.SQRT2 + Math.SQRT1_2 + Math.sqrt(2.5);
  assertClose(got, tensor([sum, sum, sum, sum], [2, 2]), 1e-6, "gradient");
});
