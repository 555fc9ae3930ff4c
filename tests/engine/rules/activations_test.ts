/**
 * @file Activations are recognised among elementwise operations and have their own derivatives, and nothing else is taken for one:
 * values and gradients against jax-js in float64, and the operations that are left in the graph.
 */
import { init, lax, nn, numpy as np } from "@jax-js/jax";
import assert from "node:assert/strict";
import { grad } from "../../../lib/engine/gradient.ts";
import { type Tensor, tensor, type TracedFunction } from "../../../lib/engine/mod.ts";
import { activations } from "../../../lib/engine/rules/activations.ts";
import { algebra } from "../../../lib/engine/rules/algebra.ts";
import { followFunctions } from "../../../lib/engine/rules/following.ts";
import { softmax } from "../../../lib/engine/rules/softmax.ts";
import { trace } from "../../../lib/engine/trace.ts";
import { assertClose, runEngine, runJax } from "../oracle.ts";

type A = np.Array;

await init("wasm");

const gradient = (f: (x: A) => A) => grad(f) as (x: A) => A;

const fused = ["sigmoid", "tanh", "softplus", "gelu_tanh", "gelu_erf"];
const options = { rules: [algebra, softmax, activations], observers: [followFunctions] };

async function operations(fn: TracedFunction, args: readonly Tensor[]): Promise<string[]> {
  return (await trace(fn, args, options)).graph.live().map((e) => e.op);
}

/** Values on which near misses of activations differ from them. */
const reach = tensor([
  -60,
  -19.5,
  -10.7,
  -9.6,
  -3,
  -0.7,
  -1e-6,
  0,
  1e-6,
  0.4,
  2.5,
  9.6,
  10.7,
  40,
  1e4,
]);

Deno.test("values and gradients of activations are short, and right far out", async () => {
  // What is left of the value and its derivative together.
  const recognised: Record<string, [(x: A) => A, string]> = {
    tanh: [np.tanh, "mul sub tanh"],
    sigmoid: [nn.sigmoid, "mul sigmoid sub"],
    // s + x s (1 - s)
    silu: [nn.silu, "add mul mul mul sigmoid sub"],
    softplus: [nn.softplus, "sigmoid softplus"],
    gelu: [
      (x) => nn.gelu(x),
      "add add add gelu_tanh mul mul mul mul mul mul sigmoid sub",
    ],
    exact: [
      (x) => nn.gelu(x, { approximate: false }),
      "add add erf exp gelu_erf mul mul mul mul mul mul",
    ],
  };
  // Beyond 80 jax-js's own softplus and its gradients overflow.
  const x = { ...reach, data: reach.data.map((v) => Math.min(v, 80)) };
  for (const [name, [fn, left]] of Object.entries(recognised)) {
    const step = (x: A) => [fn(x.ref), gradient((x) => np.sum(fn(x)))(x)];
    assert.equal((await operations(step, [x])).toSorted().join(" "), left, name);
    const [got, want] = [await runEngine(step, [x]), runJax(step, [x], "float64")];
    got.forEach((g, i) =>
      g.data.forEach((v, k) => {
        const w = want[i].data[k];
        const close =
          Math.abs(v - w) <= 2e-5 * Math.abs(w) + 2e-7 * Math.max(1, Math.abs(x.data[k]));
        assert.ok(close, `${name} ${i} at ${x.data[k]}: ${v}, expected ${w}`);
      })
    );
  }
});

Deno.test("functions that resemble an activation are left alone", async () => {
  const sigmoid = (x: A) => np.reciprocal(np.exp(x.neg()).add(1));
  // The last of all operations must not be hidden in a fused one; `kept` is what shows that it is still there.
  const nearMisses: Record<string, [(x: A) => A, string]> = {
    "tanh, clipped": [(x) => np.clip(np.tanh(x), -0.9999, 0.9999), "min"],
    "tanh, bent at 9.5": [
      (x) => np.tanh(x.ref).add(np.maximum(x.sub(9.5), 0).mul(1e-3)),
      "max",
    ],
    "tanh with a bump": [
      (x) => np.tanh(x.ref).add(np.where(np.less(np.abs(x.sub(10.7)), 0.1), 1, 0)),
      "where",
    ],
    "tanh with a smooth bump": [
      (x) => {
        const d = x.ref.sub(10.7);
        return np.tanh(x).add(np.where(np.less(d.ref.mul(d), 0.01), 1, 0));
      },
      "where",
    ],
    "tanh, 2 at 0": [(x) => np.where(np.equal(x.ref, 0), 2, np.tanh(x)), "where"],
    "tanh, flat near 0": [
      (x) => np.where(np.less(np.abs(x.ref), 1e-5), 0, np.tanh(x)),
      "where",
    ],
    "sigmoid, clipped": [(x) => np.maximum(sigmoid(x), 1e-12), "max"],
    "sigmoid and epsilon": [(x) => sigmoid(x).add(1e-20), "add"],
    "sigmoid, cut off below": [(x) => np.where(np.less(x.ref, -19), 0, sigmoid(x)), "where"],
    "leaky silu": [(x) => np.maximum(nn.silu(x.ref), x.mul(0.01)), "max"],
    "NaN replaced": [(x) => np.where(np.isnan(x.ref), 0, np.tanh(x)), "where"],
    "tanh by another name": [(x) => np.tanh(x.ref).mul(np.where(np.less(x, 30), 1, 0.5)), "where"],
  };
  for (const [name, [fn, kept]] of Object.entries(nearMisses)) {
    const ops = await operations(fn, [reach]);
    assert.ok(ops.includes(kept), `${name} keeps its ${kept}: ${ops}`);
    const x = { ...reach, data: reach.data.with(0, name.startsWith("NaN") ? NaN : -60) };
    const [[got], [want]] = [await runEngine(fn, [x]), runJax(fn, [x], "float64")];
    got.data.forEach((v, k) => {
      const w = want.data[k];
      const close = Math.abs(v - w) <= 1e-5 * Math.abs(w) + 1e-7 * Math.max(1, Math.abs(x.data[k]));
      assert.ok(Object.is(v, w) || close, `${name} at ${x.data[k]}: ${v}, expected ${w}`);
    });
  }
  // Other functions altogether.
  const others: Record<string, (x: A) => A> = {
    "quick gelu": (x) => x.ref.mul(sigmoid(x.mul(1.702))),
    "gelu with another constant": (x) =>
      x.ref.mul(sigmoid(x.ref.add(x.ref.mul(x.ref).mul(x).mul(0.0447)).mul(1.5958))),
  };
  for (const [name, fn] of Object.entries(others)) {
    const ops = await operations(fn, [reach]);
    assert.ok(!ops.includes("gelu_tanh") && !ops.includes("gelu_erf"), `${name}: ${ops}`);
  }
  const wide = { ...reach, dtype: "float64" as const, data: Float64Array.from(reach.data) };
  const ops = await operations(np.tanh, [wide]);
  assert.ok(!ops.some((op) => fused.includes(op)), `float64 is left alone: ${ops}`);
});

Deno.test("gains that hide the activation's own argument", async () => {
  const [x, y] = [tensor([-2, -0.3, 0, 0.8, 3]), tensor([0.5, 2, -1, 0.1, -0.7])];
  const cases: Record<string, TracedFunction> = {
    "the gain is the argument": (x: A, y: A) => {
      const gain = lax.stopGradient(x.ref).mul(y);
      return [nn.sigmoid(x.ref).mul(gain.ref), np.tanh(x).mul(gain)];
    },
    "one value in two roles": (x: A, y: A) => {
      const s = nn.sigmoid(x);
      return [s.ref.mul(np.subtract(1, s.ref)).mul(y.ref), s.ref.mul(s.ref).mul(y), s];
    },
    "two variables": (x: A, y: A) => [
      nn.sigmoid(x.ref.add(y.ref)),
      nn.sigmoid(x.ref).mul(nn.sigmoid(y.ref)),
      np.tanh(x.ref).add(nn.sigmoid(y.ref).mul(x)).mul(y),
    ],
  };
  for (const [name, fn] of Object.entries(cases)) {
    const sum = (x: A, y: A) => fn(x, y).map((z: A) => np.sum(z)).reduce((a: A, b: A) => a.add(b));
    const gradients = grad(sum, { argnums: [0, 1] });
    const both = (x: A, y: A) => [...fn(x.ref, y.ref), ...gradients(x, y)];
    const [got, want] = [await runEngine(both, [x, y]), runJax(both, [x, y], "float64")];
    want.forEach((w, i) => assertClose(got[i], w, 2e-6, `${name}, output ${i}`));
  }
});

Deno.test("what is stopped on its way back is no activation while a function is differentiated", async () => {
  const x = tensor([-3, -0.4, 0, 0.2, 1.5]);
  const stop = lax.stopGradient;
  const gelu = (x: A, y: A) => {
    const inner = y.ref.mul(y.ref).mul(y.ref).mul(0.044715).add(y).mul(Math.sqrt(2 / Math.PI));
    return x.mul(np.tanh(inner).add(1)).mul(0.5);
  };
  const cases: Record<string, (x: A) => A> = {
    "silu whose gate is stopped": (x) => nn.sigmoid(stop(x.ref)).mul(x),
    "silu whose factor is stopped": (x) => nn.sigmoid(x.ref).mul(stop(x)),
    "gelu whose gate is stopped": (x) => gelu(x.ref, stop(x)),
    "gelu whose factor is stopped": (x) => gelu(stop(x.ref), x),
    "sigmoid stopped inside": (x) => np.reciprocal(stop(np.exp(x.ref.neg())).add(1)).mul(x),
    "softplus stopped inside": (x) => np.log(stop(np.exp(x.ref)).add(1)).mul(x),
    "tanh of what is stopped": (x) => np.tanh(stop(x.ref)).mul(x),
    "all of it stopped": (x) => stop(nn.silu(x.ref)).mul(x),
  };
  for (const [name, fn] of Object.entries(cases)) {
    const step = (x: A) => [fn(x.ref), gradient((x) => np.sum(fn(x)))(x)];
    const [got, want] = [await runEngine(step, [x]), runJax(step, [x], "float64")];
    want.forEach((w, i) => assertClose(got[i], w, 2e-6, `${name}, output ${i}`));
  }
});
