/**
 * @file Derivatives of functions whose kernels know float32 only, first and second, against differences of the function itself
 * in float64; and at places where a difference would not see them: corners, ties, tails.
 */
import { init, lax, nn, numpy as np } from "@jax-js/jax";
import assert from "node:assert/strict";
import { optimised } from "../../../lib/engine/rules/optimised.ts";
import { type DType, tensor } from "../../../lib/engine/mod.ts";
import { grad } from "../../../lib/engine/gradient.ts";
import { assertClose, generator, randomTensor, runEngine } from "../oracle.ts";
import {
  assertAllClose,
  bodyOf,
  type DerivativeCase,
  evaluate,
  gradientGraph,
  jaxGradients,
  weightsOf,
} from "./differences.ts";
import { scalarFunctions } from "./scalar_functions.ts";

type A = np.Array;

await init("wasm");

for (const [op, { f, fn, low, high }] of Object.entries(scalarFunctions)) {
  Deno.test(`the derivatives of ${op} agree with differences of the function`, async () => {
    const x = randomTensor(generator(op.length), [31], { low, high });
    const weights = weightsOf(31);
    const h = 2 ** -11;
    const at = (k: number) => (steps: number) => f(x.data[k] + steps * h);
    const derivative = (order: 1 | 2) =>
      tensor(
        Array.from(x.data, (_, k) => {
          const y = at(k);
          const difference = order === 1
            ? (y(1) - y(-1)) / (2 * h)
            // The gradient of the gradients' own weighted sum.
            : weights[k] * (y(1) - 2 * y(0) + y(-1)) / h ** 2;
          return weights[k] * difference;
        }),
        [31],
        "float64",
      );
    const c: DerivativeCase = {
      name: op,
      build: (ops, [x]) => [ops.map(op, x)],
      inputs: [[[31]]],
    };
    const body = await bodyOf(c, [x]);
    const first = gradientGraph(body);
    const [slope] = await evaluate(first, [x]);
    assertClose(slope, derivative(1), 3e-6, "first");
    assertAllClose([slope], jaxGradients(fn, [x]), 3e-6, "jax-js");
    const [curvature] = await evaluate(gradientGraph(first, optimised.rules), [x]);
    assertClose(curvature, derivative(2), 1e-5, "second");
  });
}

/** Values of a function on engine `ort`. */
async function valuesOf(
  fn: (x: A) => A,
  values: readonly number[],
  dtype: DType = "float64",
): Promise<number[]> {
  const [y] = await runEngine(fn, [tensor(values, [values.length], dtype)]);
  return [...y.data];
}

/** Gradients of the sum of a function. */
const gradientAt = (fn: (x: A) => A, values: readonly number[], dtype?: DType) =>
  valuesOf(grad((x: A) => np.sum(fn(x))), values, dtype);

Deno.test("at a corner the derivative is the mean of both sides", async () => {
  const corners = [-1, -0, 0, 1];
  assert.deepEqual(await gradientAt(nn.relu, corners), [0, 0.5, 0.5, 1]);
  assert.deepEqual(await gradientAt((x) => np.minimum(x, 0), corners), [1, 0.5, 0.5, 0]);
  assert.deepEqual(await gradientAt((x) => np.maximum(x.ref, x), corners), [1, 1, 1, 1]);
  assert.deepEqual(await gradientAt((x) => np.clip(x, 0, 1), corners), [0, 0.5, 0.5, 0.5]);
});

Deno.test("elements that are equally extreme share the cotangent of a reduction", async () => {
  const third = 1 / 3;
  assert.deepEqual(await gradientAt((x) => np.max(x), [3, 1, 3, 3]), [third, 0, third, third]);
  assert.deepEqual(await gradientAt((x) => np.min(x), [3, 1, 3, 1]), [0, 0.5, 0, 0.5]);
  const rows = (x: A) => np.max(x.reshape([2, 2]), 1).mul(np.array([1, 10]).astype(x.dtype));
  assert.deepEqual(await gradientAt(rows, [2, 2, 5, 4]), [0.5, 0.5, 10, 0]);
});

Deno.test("the derivative of a product is exact where elements are zero", async () => {
  assert.deepEqual(await gradientAt((x) => np.prod(x), [2, 0, 5]), [0, 10, 0]);
  assert.deepEqual(await gradientAt((x) => np.prod(x), [2, 0, 5, 0, 3]), [0, 0, 0, 0, 0]);
  // d2/dx0dx1 of x0 x1 x2 is x2, also where both are zero.
  const second = (x: A) => grad((x: A) => np.sum(grad((x: A) => np.prod(x))(x)))(x);
  assert.deepEqual(await valuesOf(second, [0, 0, 5]), [5, 5, 0]);
});

Deno.test("derivatives stay finite in the tails", async () => {
  const tails = [-1e4, -100, 100, 1e4];
  const finite: Record<string, [fn: (x: A) => A, slopes: number[]]> = {
    sigmoid: [nn.sigmoid, [0, 0, 0, 0]],
    tanh: [np.tanh, [0, 0, 0, 0]],
    softplus: [nn.softplus, [0, 0, 1, 1]],
    silu: [nn.silu, [0, 0, 1, 1]],
    gelu: [(x) => nn.gelu(x), [0, 0, 1, 1]],
    "exact gelu": [(x) => nn.gelu(x, { approximate: false }), [0, 0, 1, 1]],
    erf: [lax.erf, [0, 0, 0, 0]],
    relu: [nn.relu, [0, 0, 1, 1]],
    "log of a sigmoid": [nn.logSigmoid, [1, 1, 0, 0]],
  };
  for (const [name, [fn, slopes]] of Object.entries(finite)) {
    const got = await gradientAt(fn, tails, "float32");
    got.forEach((g, i) =>
      assert.ok(Math.abs(g - slopes[i]) < 1e-6, `${name} at ${tails[i]}: ${g}`)
    );
  }
});
