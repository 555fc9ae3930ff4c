/** @file Fresh parameters of the sequence layers: names and shapes, and the distribution of every tensor. */
import { init as initJax, random as jaxRandom } from "@jax-js/jax";
import { EVD } from "ml-matrix";
import assert from "node:assert/strict";
import type { Tensor } from "../../../lib/engine/mod.ts";
import { layer as dense } from "../../../lib/layers/sequence/dense_recurrence.ts";
import { layer as gru } from "../../../lib/layers/sequence/gru.ts";
import { layer as linearAttention } from "../../../lib/layers/sequence/linear_attention.ts";
import { layer as lru } from "../../../lib/layers/sequence/lru.ts";
import { layer as lstm } from "../../../lib/layers/sequence/lstm.ts";
import { layer as softmaxAttention } from "../../../lib/layers/sequence/softmax_attention.ts";
import { flatten } from "../../../lib/tensor/trees.ts";
import { toHost } from "../../../lib/train/host.ts";
import { assertNormal, assertUncorrelated, assertUniform, assertZero } from "../../moments.ts";
import { matrix } from "../../ssm/oracle.ts";

await initJax("wasm");

// deno-lint-ignore no-explicit-any
type Any = any;
type Fresh = Record<string, Tensor>;

const fresh = (layer: Any, width: number, options: object = {}, seed = 1, gain?: number): Fresh =>
  flatten(toHost(layer.init(layer.configure(options, width), jaxRandom.key(seed), gain)));
const shapes = (params: Fresh) =>
  Object.fromEntries(Object.entries(params).map(([name, { shape }]) => [name, [...shape]]));
const isConstant = ({ data }: Tensor) => Array.from(data).every((x) => x === data[0]);

const layers: Record<string, { layer: Any; options?: object }> = {
  softmax_attention: { layer: softmaxAttention, options: { heads: 2 } },
  linear_attention: { layer: linearAttention, options: { heads: 2 } },
  lstm: { layer: lstm },
  gru: { layer: gru },
  lru: { layer: lru, options: { state: 40 } },
  dense_recurrence: { layer: dense, options: { state: 12 } },
};

for (const [name, { layer, options }] of Object.entries(layers)) {
  Deno.test(`${name}: every tensor that is drawn is drawn for itself`, () => {
    const [one, other] = [1, 2].map((seed) => fresh(layer, 12, options, seed));
    const random = Object.keys(one).filter((key) => !isConstant(one[key]))
      .filter((key) => !(name === "lstm" && key.endsWith("bias"))); // a pattern, not a draw
    assert.ok(random.length >= 2);
    for (const [i, a] of random.entries()) {
      assertUncorrelated(one[a].data, other[a].data, `${a} of two keys`);
      for (const b of random.slice(0, i)) {
        // What is a function of the same draw by definition.
        if (name === "lru" && [a, b].every((key) => key === "nu" || key === "gamma")) continue;
        assertUncorrelated(one[a].data, one[b].data, `${a} and ${b}`);
      }
    }
  });
}

for (const gain of [1, 0.25]) {
  Deno.test(`attention: normal projections, queries and keys with biases, the output by a gain of ${gain}`, () => {
    const d = 32;
    const params = fresh(softmaxAttention, d, {}, 1, gain);
    const names = ["query", "key", "value", "output"];
    assert.deepEqual(
      shapes(params),
      Object.fromEntries(names.flatMap((n) => [[`${n}.weight`, [d, d]], [`${n}.bias`, [d]]])),
    );
    for (const name of names) {
      const deviation = (name === "output" ? gain : 1) / Math.sqrt(d);
      assertNormal(params[`${name}.weight`].data, deviation, name);
    }
    assertNormal(params["query.bias"].data, 1, "the queries' bias");
    assertNormal(params["key.bias"].data, 1, "the keys' bias");
    assertZero(params["value.bias"].data, "the values' bias");
    assertZero(params["output.bias"].data, "the output's bias");
  });
}

Deno.test("LSTM: normal weights, forget gates start open", () => {
  const d = 24;
  const params = fresh(lstm, d);
  assert.deepEqual(shapes(params), {
    "input.weight": [d, 4 * d],
    "input.bias": [4 * d],
    recurrent: [d, 4 * d],
  });
  assertNormal(params["input.weight"].data, 1 / Math.sqrt(d), "input");
  assertNormal(params.recurrent.data, 1 / Math.sqrt(d), "recurrent");
  // Input, forget and output gates, then the candidate.
  params["input.bias"].data.forEach((b: number, i: number) =>
    assert.equal(b, Number(Math.floor(i / d) === 1))
  );
});

Deno.test("GRU: normal weights, zero biases", () => {
  const d = 24;
  const params = fresh(gru, d);
  for (const name of ["input", "recurrent"]) {
    assert.deepEqual(params[`${name}.weight`].shape, [d, 3 * d]);
    assertNormal(params[`${name}.weight`].data, 1 / Math.sqrt(d), name);
    assert.deepEqual(params[`${name}.bias`].shape, [3 * d]);
    assertZero(params[`${name}.bias`].data, name);
  }
});

for (const [minRadius, maxRadius] of [[0.2, 0.99], [0, 0.5], [0.9, 0.95]]) {
  Deno.test(`LRU: eigenvalues uniform on the ring ${minRadius}..${maxRadius}, inputs keep the state's variance at 1`, () => {
    const [n, d] = [700, 6];
    const params = fresh(lru, d, { state: n, minRadius, maxRadius });
    assert.deepEqual(shapes(params), {
      nu: [n],
      theta: [n],
      gamma: [n],
      bRe: [n, d],
      bIm: [n, d],
      c: [d, 2 * n],
      d: [d, d],
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
    assertNormal(params.bRe.data, 1 / Math.sqrt(2 * d), "real parts of B");
    assertNormal(params.bIm.data, 1 / Math.sqrt(2 * d), "imaginary parts of B");
    assertUncorrelated(params.bRe.data, params.bIm.data, "the two parts of B");
    assertZero(params.c.data, "C");
    assertZero(params.d.data, "D");
  });
}

for (const radius of [0, 0.5, 0.9]) {
  Deno.test(`dense recurrence: eigenvalues fill the disc of radius ${radius}, inputs keep the state's variance at 1`, () => {
    const [n, d] = [120, 6];
    const params = fresh(dense, d, { state: n, radius });
    assert.deepEqual(shapes(params), { a: [n, n], b: [n, d], c: [d, n], d: [d, d] });
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
    assertNormal(params.b.data, Math.sqrt((1 - radius ** 2) / d), "B");
    assertZero(params.c.data, "C");
    assertZero(params.d.data, "D");
  });
}
