/** @file What is true of every model that is one matrix of a window, as assertions over a model. */
import assert from "node:assert/strict";
import { valueAndGrad as jaxValueAndGrad } from "@jax-js/jax";
import type { Arrays, JaxArray } from "../../lib/engine/arrays.ts";
import { valueAndGrad } from "../../lib/engine/gradient.ts";
import type { Tensor, Tree } from "../../lib/engine/mod.ts";
import type { LinearWindowModel, Model } from "../../lib/models/model.ts";
import { leavesOf } from "../../lib/tensor/trees.ts";
import { inFloat64 } from "../layers/definitions.ts";
import { assertParity } from "../engine/layer_cases.ts";
import { generator, randomTensor, runEngine, runJax } from "../engine/oracle.ts";
import { outputs } from "./sequence_cases.ts";

// deno-lint-ignore no-explicit-any
type Any = any;

const worst = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((max, v, i) => Math.max(max, Math.abs(v - b[i])), 0);

/** What the model gives in float64. */
export const exactly = (model: Model, params: Tree<Tensor>, x: Tensor): Tensor =>
  inFloat64((params: Arrays, x: JaxArray) => model.apply(params, x), params, x);

/** |f(a) - 2 f(b) - f(a - 2 b)|, the largest. */
export function superposition(
  model: Model,
  params: Tree<Tensor>,
  shape: readonly number[],
): number {
  const [a, b] = [1, 2].map((seed) => randomTensor(generator(seed), shape, { low: -1, high: 1 }));
  const data = Float64Array.from(a.data, (v, i) => v - 2 * b.data[i]);
  const whole = exactly(model, params, { dtype: "float64", shape, data });
  const [fa, fb] = [a, b].map((x) => exactly(model, params, x));
  return worst(whole.data, Float64Array.from(fa.data, (v, i) => v - 2 * fb.data[i]));
}

/**
 * It is linear, `matrix` and `collapse` are what it does to windows, one matrix for every channel, and the engine agrees. The exp and
 * sin of what collapses have the digits of float32.
 */
export async function assertLinear(
  model: LinearWindowModel,
  params: Tree<Tensor>,
  { lookback, horizon, channels = 1 }: { lookback: number; horizon: number; channels?: number },
  collapsed = 1e-9,
): Promise<void> {
  assert.ok(superposition(model, params, [2, lookback, channels]) < 1e-9, "superposition");
  const M = inFloat64((params: Arrays) => model.matrix(params), params);
  assert.deepEqual([...M.shape], [lookback, horizon]);
  assert.ok(worst(model.collapse(params), M.data) < collapsed, "collapse");
  const x = randomTensor(generator(3), [2, lookback, channels], { low: -1, high: 1 });
  const want = new Float64Array(2 * horizon * channels);
  for (let b = 0; b < 2; b++) {
    for (let s = 0; s < lookback; s++) {
      for (let c = 0; c < channels; c++) {
        const value = x.data[(b * lookback + s) * channels + c];
        for (let h = 0; h < horizon; h++) {
          want[(b * horizon + h) * channels + c] += value * M.data[s * horizon + h];
        }
      }
    }
  }
  const y = exactly(model, params, x);
  assert.deepEqual([...y.shape], [2, horizon, channels]);
  assert.ok(worst(y.data, want) < 1e-9, "matrix");
  assert.ok(worst((await outputs(model, params, x)).data, want) < 2e-5, "engine");
}

/** The gradient of a loss of the matrix by the engine is that of jax-js in float64. */
export async function assertMatrixGradient(
  model: LinearWindowModel,
  params: Tree<Tensor>,
): Promise<void> {
  const flat = leavesOf(params);
  // A model reads a tree; the oracle flat arrays.
  const rebuilt = (leaves: Any[]) => {
    let next = 0;
    const visit = (value: Any): Any => {
      if (value.data) return leaves[next++];
      if (Array.isArray(value)) return value.map(visit);
      return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, visit(v)]));
    };
    return visit(params);
  };
  const loss = (leaves: Any[]) => {
    const M = model.matrix(rebuilt(leaves)).add(0.5);
    return M.ref.mul(M.ref).mul(M).sum();
  };
  const step = (grad: Any) => (...leaves: Any[]) => {
    const [value, gradients] = grad((leaves: Any[]) => loss(leaves))(leaves);
    return [value, ...gradients];
  };
  const got = await runEngine(step(valueAndGrad), flat);
  assertParity(got, runJax(step(jaxValueAndGrad), flat, "float64"), 1e-4);
}
