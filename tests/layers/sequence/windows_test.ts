/** @file Attention within a window, and a recurrence that is solved for all times at once: as loops over numbers. */
import { random as jaxRandom } from "@jax-js/jax";
import assert from "node:assert/strict";
import { recurrent } from "../../../lib/layers/sequence/forms.ts";
import { layer as local } from "../../../lib/layers/sequence/local_attention.ts";
import { layer as newton } from "../../../lib/layers/sequence/newton_gru.ts";
import { dot, inFloat64, type Vector } from "../definitions.ts";
import { toHost } from "../../../lib/train/host.ts";
import { generator, randomTensor } from "../../engine/oracle.ts";
import {
  type Any,
  assertDefined,
  parts,
  plus,
  sigmoid,
  sum,
  testFresh,
  testOptions,
  times,
} from "./by_definition.ts";

/** The first half of x as pairs (x_i, x_{i + quarter}) turned by t times their angles. */
function turned(x: Vector, t: number): Vector {
  const quarter = x.length / 4;
  const out = x.slice();
  for (let i = 0; i < quarter; i++) {
    const angle = t * 10_000 ** (-i / quarter);
    out[i] = x[i] * Math.cos(angle) - x[i + quarter] * Math.sin(angle);
    out[i + quarter] = x[i + quarter] * Math.cos(angle) + x[i] * Math.sin(angle);
  }
  return out;
}

for (const window of [2, 4, 9]) {
  Deno.test(`local attention sees ${window} tokens, by absolute positions in half of each key`, () => {
    const [width, heads] = [16, 2];
    const each = width / heads;
    assertDefined(local, { heads, window }, width, (p, x) => {
      const made = x.map((token) => times(token, p.input));
      const key = (s: number) => turned(made[s].slice(width, width + each), s);
      return x.map((_, t) => {
        const from = Math.max(0, t - window + 1);
        const read = Array.from({ length: heads }, (_, h) => {
          const query = turned(made[t].slice(h * each, (h + 1) * each), t);
          const seen = x.slice(from, t + 1).map((_, i) => from + i);
          const weights = seen.map((s) => Math.exp(dot(query, key(s)) / Math.sqrt(each)));
          const values = seen.map((s) => made[s].slice(width + each));
          return plus(...values.map((v, i) => v.map((w) => weights[i] / sum(weights) * w)));
        });
        return times(read.flat(), p["output.weight"], p["output.bias"]);
      });
    });
  });
}

Deno.test("a diagonal GRU's gates and candidate see their own number of the state", () => {
  const width = 3;
  assertDefined(newton, {}, width, (p, x) => {
    const own = (k: number, h: Vector) => h.map((v, i) => p.recurrent.data[k * width + i] * v);
    let h: Vector = Array(width).fill(0);
    return x.map((token) => {
      const made = parts(times(token, p["input.weight"], p["input.bias"]), 3);
      const [update, reset] = [0, 1].map((k) => plus(made[k], own(k, h)).map(sigmoid));
      const candidate = plus(made[2], own(2, h.map((v, i) => reset[i] * v))).map(Math.tanh);
      return h = h.map((v, i) => (1 - update[i]) * v + update[i] * candidate[i]);
    });
  });
});

Deno.test("Newton's method squares its error: three steps are near, four are there", () => {
  const [width, length] = [4, 8];
  const params: Any = toHost(newton.init(newton.configure({}, width), jaxRandom.key(1)));
  const x = randomTensor(generator(3), [1, length, width], { low: -1, high: 1 });
  const config = (iterations: number) => ({ width, iterations });
  const exact =
    inFloat64((p: Any, x: Any) => recurrent(newton, config(1), p, x)[1], params, x).data;
  const errors = [1, 2, 3, 4].map((iterations) => {
    const y = inFloat64(
      (p: Any, x: Any) => newton.parallel!(config(iterations), p, x)[1],
      params,
      x,
    );
    return Math.max(...Array.from(y.data as Float64Array, (v, i) => Math.abs(v - exact[i])));
  });
  assert.ok(errors[0] > 1e-2, `${errors}`);
  for (const i of [1, 2]) assert.ok(errors[i] < 10 * errors[i - 1] ** 1.7, `${errors}`);
  assert.ok(errors[3] < 1e-9, `${errors}`);
});

testOptions("local_attention", local, { heads: 4, window: 32 }, [
  [{ window: 1 }, />=2/],
  [{ heads: 3 }, /the width 16 must be a multiple of 4 heads/],
]);
testOptions("newton_gru", newton, { iterations: 8 }, [[{ iterations: 0 }, />=1/]]);
Deno.test("local attention has as many heads as leave multiples of four", () => {
  for (const [width, heads] of [[24, 3], [8, 2], [20, 1]]) {
    assert.deepEqual(local.configure({}, width), { width, heads, window: 32 });
  }
});
testFresh("local_attention", local, [24, { heads: 3 }], {
  input: [[24, 40], { normal: 1 / Math.sqrt(24) }],
  "output.weight": [[24, 24], { normal: 1 / Math.sqrt(24) }],
  "output.bias": [[24], { constant: 0 }],
}, "output.weight");
testFresh("newton_gru", newton, [24, {}], {
  "input.weight": [[24, 72], { normal: 1 / Math.sqrt(24) }],
  "input.bias": [[72], { constant: 0 }],
  recurrent: [[3, 24], { uniform: [-1, 1] }],
}, "input.weight");
