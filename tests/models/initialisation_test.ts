/** @file Fresh parameters: names, shapes and counts, the law of every tensor, and what depends on the seed. */
import { init as initJax } from "@jax-js/jax";
import { EVD } from "ml-matrix";
import assert from "node:assert/strict";
import { transpose } from "../../lib/linalg/matrix.ts";
import type { Tensor } from "../../lib/engine/mod.ts";
import * as causalLinear from "../../lib/models/causal_linear.ts";
import * as deepLinear from "../../lib/models/deep_linear.ts";
import * as denseRecurrence from "../../lib/models/dense_recurrence.ts";
import * as linearTransformer from "../../lib/models/linear_transformer.ts";
import * as lru from "../../lib/models/lru.ts";
import * as lstm from "../../lib/models/lstm.ts";
import * as transformer from "../../lib/models/transformer.ts";
import { keyOf } from "../../lib/random/random.ts";
import { flatten, toHost } from "../../lib/train/host.ts";
import { assertNormal, assertUncorrelated, assertUniform, assertZero } from "../moments.ts";
import { matrix } from "../ssm/oracle.ts";

await initJax("wasm");

// deno-lint-ignore no-explicit-any
type Any = any;
type Fresh = Record<string, Tensor>;

const obs = 3;
const fresh = (model: Any, options: object, seed = 1): Fresh =>
  flatten(toHost(model.init(model.configure(options, obs), seed)));
const shapes = (params: Fresh) =>
  Object.fromEntries(Object.entries(params).map(([name, { shape }]) => [name, [...shape]]));
const isConstant = ({ data }: Tensor) => Array.from(data).every((x) => x === data[0]);

/** The tensors whose names match, as one sample. */
const pool = (params: Fresh, pattern: RegExp): number[] =>
  Object.entries(params).filter(([name]) => pattern.test(name))
    .flatMap(([, { data }]) => Array.from(data));

const models: Record<string, { model: Any; options: object }> = {
  transformer: { model: transformer, options: { layers: 2, dModel: 12, heads: 2, patch: 2 } },
  linear_transformer: {
    model: linearTransformer,
    options: { layers: 2, dModel: 12, heads: 2, patch: 2 },
  },
  lstm: { model: lstm, options: { layers: 2, dModel: 8, patch: 2 } },
  lru: { model: lru, options: { state: 40, patch: 2 } },
  dense_recurrence: { model: denseRecurrence, options: { state: 12, patch: 2 } },
};

for (const [name, { model, options }] of Object.entries(models)) {
  Deno.test(`${name}: every tensor that is drawn is drawn for itself, from the seed alone`, () => {
    const [one, again, other] = [1, 1, 2].map((seed) => fresh(model, options, seed));
    assert.deepEqual(again, one);
    const random = Object.keys(one).filter((key) => !isConstant(one[key]))
      .filter((key) => !(name === "lstm" && key.endsWith("bias"))); // a pattern, not a draw
    assert.ok(random.length >= 2);
    for (const [i, a] of random.entries()) {
      assertUncorrelated(one[a].data, other[a].data, `${a} of two seeds`);
      for (const b of random.slice(0, i)) {
        // What is a function of the same draw by definition.
        if (name === "lru" && [a, b].every((key) => key === "nu" || key === "gamma")) continue;
        assertUncorrelated(one[a].data, one[b].data, `${a} and ${b}`);
      }
    }
  });
}

for (const layers of [1, 4]) {
  Deno.test(`a decoder of ${layers} layers: every tensor has its shape and its law`, () => {
    const d = 32;
    const params = fresh(transformer, { layers, dModel: d, heads: 4, patch: 2 });
    const affine = (name: string, inputs: number, outputs: number) => ({
      [`${name}.weight`]: [inputs, outputs],
      [`${name}.bias`]: [outputs],
    });
    const blocks = Array.from({ length: layers }, (_, i) => ({
      [`blocks.${i}.attentionNorm`]: [d],
      ...affine(`blocks.${i}.attention.query`, d, d),
      ...affine(`blocks.${i}.attention.key`, d, d),
      ...affine(`blocks.${i}.attention.value`, d, d),
      ...affine(`blocks.${i}.attention.output`, d, d),
      [`blocks.${i}.mlpNorm`]: [d],
      ...affine(`blocks.${i}.up`, d, 4 * d),
      ...affine(`blocks.${i}.down`, 4 * d, d),
    }));
    assert.deepEqual(
      shapes(params),
      Object.assign(
        { ...affine("embed", 6, d), finalNorm: [d], ...affine("head", d, 6) },
        ...blocks,
      ),
    );
    const normal = (pattern: RegExp, deviation: number) =>
      assertNormal(pool(params, pattern), deviation, `${pattern}`);
    normal(/^embed.weight$/, 1 / Math.sqrt(6));
    normal(/\.query\.weight$/, 1 / Math.sqrt(d));
    normal(/\.key\.weight$/, 1 / Math.sqrt(d));
    normal(/\.value\.weight$/, 1 / Math.sqrt(d));
    normal(/\.up\.weight$/, 1 / Math.sqrt(d));
    // What enters the residual stream, 2 layers times, keeps its variance in all.
    normal(/\.output\.weight$/, 1 / Math.sqrt(d * 2 * layers));
    normal(/\.down\.weight$/, 1 / Math.sqrt(4 * d * 2 * layers));
    normal(/\.query\.bias$/, 1);
    normal(/\.key\.bias$/, 1);
    assertZero(pool(params, /(value|output|up|down|embed|head)\.bias$/), "biases");
    assertZero(pool(params, /^head\.weight$/), "head");
    const scales = pool(params, /Norm$/);
    assert.equal(scales.length, (2 * layers + 1) * d);
    assert.ok(scales.every((x) => x === 1));
  });
}

Deno.test("the linear Transformer starts from the Transformer's parameters", () => {
  const options = models.transformer.options;
  assert.deepEqual(fresh(linearTransformer, options, 5), fresh(transformer, options, 5));
});

Deno.test("LSTM: every tensor has its shape and its law, forget gates start open", () => {
  const d = 24;
  const params = fresh(lstm, { layers: 3, dModel: d, patch: 2 });
  const layer = (l: number) => ({
    [`layers.${l}.input.weight`]: [d, 4 * d],
    [`layers.${l}.input.bias`]: [4 * d],
    [`layers.${l}.recurrent`]: [d, 4 * d],
  });
  assert.deepEqual(shapes(params), {
    "embed.weight": [6, d],
    "embed.bias": [d],
    ...layer(0),
    ...layer(1),
    ...layer(2),
    "head.weight": [d, 6],
    "head.bias": [6],
  });
  assertNormal(params["embed.weight"].data, 1 / Math.sqrt(6), "embed");
  assertNormal(pool(params, /input\.weight$/), 1 / Math.sqrt(d), "input");
  assertNormal(pool(params, /recurrent$/), 1 / Math.sqrt(d), "recurrent");
  assertZero(pool(params, /^(embed\.bias|head\.weight|head\.bias)$/), "embedding's bias and head");
  for (const l of [0, 1, 2]) {
    // Input, forget and output gates, then the candidate.
    params[`layers.${l}.input.bias`].data.forEach((b: number, i: number) =>
      assert.equal(b, Number(Math.floor(i / d) === 1))
    );
  }
});

for (const [minRadius, maxRadius] of [[0.2, 0.99], [0, 0.5], [0.9, 0.95]]) {
  Deno.test(`LRU: eigenvalues fill the ring from ${minRadius} to ${maxRadius}, inputs keep the state's variance at 1`, () => {
    const n = 700;
    const params = fresh(lru, { state: n, patch: 2, minRadius, maxRadius });
    assert.deepEqual(shapes(params), {
      nu: [n],
      theta: [n],
      gamma: [n],
      bRe: [n, 6],
      bIm: [n, 6],
      c: [6, 2 * n],
      d: [6, 6],
    });
    const radius = Array.from(params.nu.data, (nu) => Math.exp(-Math.exp(nu)));
    assertUniform(radius.map((r) => r * r), minRadius ** 2, maxRadius ** 2, "squared radius");
    assertUniform(params.theta.data, 0, Math.PI, "phase");
    assertUncorrelated(radius, params.theta.data, "radius and phase");
    // sqrt(1 - |lambda|^2), so that white noise of variance 1 makes states of variance 1. (Logarithms are of float32.)
    radius.forEach((r, i) => {
      const gamma = Math.exp(params.gamma.data[i]);
      assert.ok(Math.abs(gamma - Math.sqrt(1 - r * r)) < 1e-3 * gamma, `${gamma} at radius ${r}`);
    });
    assertNormal(params.bRe.data, 1 / Math.sqrt(2 * 6), "real parts of B");
    assertNormal(params.bIm.data, 1 / Math.sqrt(2 * 6), "imaginary parts of B");
    assertUncorrelated(params.bRe.data, params.bIm.data, "the two parts of B");
    assertZero(params.c.data, "C");
    assertZero(params.d.data, "D");
  });
}

for (const radius of [0, 0.5, 0.9]) {
  Deno.test(`dense recurrence: eigenvalues fill the disc of radius ${radius}, inputs keep the state's variance at 1`, () => {
    const n = 120;
    const params = fresh(denseRecurrence, { state: n, patch: 2, radius });
    assert.deepEqual(shapes(params), { a: [n, n], b: [n, 6], c: [6, n], d: [6, 6] });
    if (radius === 0) assertZero(params.a.data, "A");
    else {
      assertNormal(params.a.data, radius / Math.sqrt(n), "A");
      const { realEigenvalues, imaginaryEigenvalues } = new EVD(
        matrix(Float64Array.from(params.a.data), n, n),
      );
      const sizes = realEigenvalues.map((x, i) => Math.hypot(x, imaginaryEigenvalues[i]) / radius);
      assert.ok(Math.max(...sizes) > 0.85 && Math.max(...sizes) < 1.15);
      const half = sizes.filter((r) => r < Math.SQRT1_2).length / n; // half of the area
      assert.ok(Math.abs(half - 0.5) < 0.1, `${half}`);
    }
    assertNormal(params.b.data, Math.sqrt((1 - radius ** 2) / 6), "B");
    assertZero(params.c.data, "C");
    assertZero(params.d.data, "D");
  });
}

Deno.test("causal linear map: zero, one matrix a tap", () => {
  const params = fresh(causalLinear, { taps: 5, patch: 2 });
  assert.deepEqual(shapes(params), { kernel: [5, 6, 6] });
  assertZero(params.kernel.data);
});

Deno.test("deep linear network: the two outer matrices are independent random isometries, the scale 1/4 unless told", () => {
  const shape = { lookback: 30, horizon: 20, depth: 3 };
  const params = deepLinear.init(keyOf(1), shape);
  assert.deepEqual(
    [params.first.shape, params.hidden!.shape, params.last!.shape],
    [[30, 20], [1, 20, 20], [20, 20]],
  );
  const squares = (data: ArrayLike<number>) => Array.from(data).reduce((sum, x) => sum + x * x, 0);
  const want = 0.25 ** (2 / 3);
  for (const { data } of [params.first, params.last!, params.hidden!]) {
    assert.ok(Math.abs(squares(data) / 20 - want) < 1e-5); // 20 singular values of 0.25^(1/3)
  }
  assertNormal(params.first.data, Math.sqrt(want / 30), "first"); // entries of an isometry of 30 rows
  assertUncorrelated(params.first.data, params.last!.data, "first and last");
  const transposed = transpose(Float64Array.from(params.last!.data), 20, 20);
  assertUncorrelated(params.first.data, transposed, "first and last, transposed");
  const other = deepLinear.init(keyOf(2), shape);
  assertUncorrelated(params.first.data, other.first.data, "two keys");
  assertUncorrelated(params.last!.data, other.last!.data, "two keys");
  const one = deepLinear.init(keyOf(1), { ...shape, depth: 1 });
  assert.ok(Math.abs(squares(one.first.data) / 20 - 0.25 ** 2) < 1e-6);
  assert.deepEqual([one.hidden, one.last], [undefined, undefined]);
});
