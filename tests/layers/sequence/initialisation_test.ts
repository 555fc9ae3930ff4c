/** @file Fresh parameters of the sequence layers: names and shapes, and the distribution of every tensor. */
import { init as initJax, random as jaxRandom } from "@jax-js/jax";
import { EVD } from "ml-matrix";
import assert from "node:assert/strict";
import type { Tensor } from "../../../lib/engine/mod.ts";
import { layer as dense } from "../../../lib/layers/sequence/dense_recurrence.ts";
import { layer as deltaNet } from "../../../lib/layers/sequence/deltanet.ts";
import { layer as e1 } from "../../../lib/layers/sequence/e1.ts";
import { layer as gla } from "../../../lib/layers/sequence/gla.ts";
import { layer as gru } from "../../../lib/layers/sequence/gru.ts";
import { layer as linearAttention } from "../../../lib/layers/sequence/linear_attention.ts";
import { layer as lru } from "../../../lib/layers/sequence/lru.ts";
import { layer as lstm } from "../../../lib/layers/sequence/lstm.ts";
import { layer as mamba2 } from "../../../lib/layers/sequence/mamba2.ts";
import { layer as minGru } from "../../../lib/layers/sequence/mingru.ts";
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
  mingru: { layer: minGru, options: { expansion: 1.5 } },
  gla: { layer: gla, options: { heads: 3 } },
  e1: { layer: e1 },
  deltanet: { layer: deltaNet },
  mamba2: { layer: mamba2, options: { headWidth: 1 } },
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
    assertNormal(params.c.data, 1 / Math.sqrt(n), "C");
    assertZero(params.d.data, "D");
    const half = fresh(lru, d, { state: n, minRadius, maxRadius }, 1, 0.5).c.data;
    assertNormal(half, 0.5 / Math.sqrt(n), "C with a gain");
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
    assertNormal(params.c.data, 1 / Math.sqrt(n), "C");
    assertZero(params.d.data, "D");
    const half = fresh(dense, d, { state: n, radius }, 1, 0.5).c.data;
    assertNormal(half, 0.5 / Math.sqrt(n), "C with a gain");
  });
}

for (const gain of [1, 0.25]) {
  Deno.test(`minGRU: normal maps without biases, the output by a gain of ${gain}`, () => {
    const d = 24;
    const params = fresh(minGru, d, { expansion: 1.5 }, 1, gain);
    assert.deepEqual(shapes(params), { input: [d, 3 * d], output: [1.5 * d, d] });
    assertNormal(params.input.data, 1 / Math.sqrt(d), "input");
    assertNormal(params.output.data, gain / Math.sqrt(1.5 * d), "output");
    // The state itself comes out where it is as wide as the tokens.
    assert.deepEqual(shapes(fresh(minGru, d, {}, 1, gain)), { input: [d, 2 * d] });
  });

  Deno.test(`GLA: normal maps, only the gates have biases, the output by a gain of ${gain}`, () => {
    const d = 32;
    const options = { heads: 2, expandKey: 0.75, expandValue: 1.5, gateRank: 12 };
    const params = fresh(gla, d, options, 1, gain);
    assert.deepEqual(shapes(params), {
      input: [d, 96],
      "forget.down": [d, 12],
      "forget.up.weight": [12, 24],
      "forget.up.bias": [24],
      gate: [d, 48],
      norm: [24],
      output: [48, d],
    });
    for (const name of ["input", "forget.down", "gate"]) {
      assertNormal(params[name].data, 1 / Math.sqrt(d), name);
    }
    assertNormal(params["forget.up.weight"].data, 1 / Math.sqrt(12), "up");
    assertZero(params["forget.up.bias"].data, "the gates' bias");
    assert.ok(params.norm.data.every((scale: number) => scale === 1));
    assertNormal(params.output.data, gain / Math.sqrt(48), "output");
  });

  Deno.test(`E1: uniform maps as in its code, the output by a gain of ${gain}`, () => {
    const [d, n] = [24, 36];
    const params = fresh(e1, d, { expansion: 1.5 }, 1, gain);
    assert.deepEqual(shapes(params), {
      input: [d, n],
      gate: [d, n],
      "drive.weight": [n, n],
      "drive.bias": [n],
      recurrent: [n, n],
      output: [n, d],
    });
    const bounds = {
      input: Math.sqrt(6 / (d + 2 * n)), // one map in the code, to 2 n
      gate: Math.sqrt(6 / (d + 2 * n)),
      "drive.weight": Math.sqrt(6 / (2 * n)),
      recurrent: Math.sqrt(6 / (2 * n)),
      output: gain * Math.sqrt(6 / (n + d)),
    };
    for (const [name, bound] of Object.entries(bounds)) {
      assertUniform(params[name].data, -bound, bound, name);
    }
    assertZero(params["drive.bias"].data, "the bias");
  });
}
