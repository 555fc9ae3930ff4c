/** @file Layers that read averages of the past, or filters of it, as sums over all earlier tokens. */
import { defaultDevice, numpy as np, tree } from "@jax-js/jax";
import assert from "node:assert/strict";
import { constant } from "../../../lib/layers/constant.ts";
import { layer as aaren } from "../../../lib/layers/sequence/aaren.ts";
import { layer as fsmn } from "../../../lib/layers/sequence/fsmn.ts";
import { layer as rwkv4 } from "../../../lib/layers/sequence/rwkv4.ts";
import {
  type Average,
  averageOf,
  emptyAverage,
  included,
} from "../../../lib/layers/weighted_average.ts";
import { dot, type Vector } from "../definitions.ts";
import {
  assertDefined,
  list,
  type Named,
  parts,
  plus,
  product,
  sigmoid,
  sum,
  testFresh,
  testOptions,
  times,
} from "./by_definition.ts";

Deno.test("RWKV-4 averages the past, fading since the token before, and itself by a weight of its own", () => {
  assertDefined(rwkv4, {}, 5, (p, x) => {
    const mixed = (t: number, kind: number): Vector => {
      const before = t > 0 ? x[t - 1] : x[t].map(() => 0);
      const share = parts(list(p.mix), 3)[kind];
      return x[t].map((v, i) => share[i] * before[i] + (1 - share[i]) * v);
    };
    const of = (t: number, name: string) =>
      times(mixed(t, ["key", "value", "receptance"].indexOf(name)), p[name]);
    return x.map((_, t) => {
      const read = list(p.decay).map((decay, c) => {
        const weights = x.slice(0, t + 1).map((_, s) =>
          s === t
            ? Math.exp(p.bonus.data[c] + of(t, "key")[c])
            : Math.exp(-(t - 1 - s) * Math.exp(decay) + of(s, "key")[c])
        );
        return sum(weights.map((w, s) => w * of(s, "value")[c])) / sum(weights);
      });
      return times(product(of(t, "receptance").map(sigmoid), read), p.output);
    });
  });
});

Deno.test("Aaren is softmax attention by one learned query", () => {
  const [width, heads] = [6, 2];
  // Logits from about -60 to 60.
  const wild = (p: Named) => p.query.data.forEach((v, i) => p.query.data[i] = 60 * v);
  for (const change of [() => {}, wild]) {
    assertDefined(aaren, { heads }, width, (p, x) => {
      const of = (name: string, h: number) =>
        x.map((token) => parts(times(token, p[`${name}.weight`], p[`${name}.bias`]), heads)[h]);
      return x.map((_, t) => {
        const read = Array.from({ length: heads }, (_, h) => {
          const [k, v] = [of("key", h), of("value", h)];
          const logits = k.slice(0, t + 1).map((k) =>
            dot(parts(list(p.query), heads)[h], k) / Math.sqrt(width / heads)
          );
          const weights = logits.map((l) => Math.exp(l - Math.max(...logits)));
          return v[0].map((_, j) => sum(weights.map((w, s) => w * v[s][j])) / sum(weights));
        });
        return times(read.flat(), p["output.weight"], p["output.bias"]);
      });
    }, change);
  }
});

Deno.test("FSMN adds a filter of its last values to every unit", () => {
  const [width, units, taps] = [4, 6, 3];
  assertDefined(fsmn, { expansion: units / width, taps }, width, (p, x) => {
    const made = x.map((token) => times(token, p.input));
    return made.map((now, t) => {
      const filtered = parts(list(p.memory), taps).slice(0, t + 1)
        .map((a, k) => product(a, made[t - k]));
      const all = plus(now, ...filtered);
      return times(all, p["output.weight"], p["output.bias"]).map((v) => Math.max(v, 0));
    });
  });
});

for (const [precision, tolerance] of [["float64", 1e-12], ["float32", 1e-5]] as const) {
  Deno.test(`averages are right whatever their logits are, and whatever has faded, in ${precision}`, () => {
    const [fade, logits] = [0.9, [-300, 300, ...Array(600).fill(-2), -300, 250, -1e4]];
    const values = logits.map((_, t) => Math.sin(t));
    const number = (v: number) => constant(Float64Array.from([v]), [1], np[precision]);
    const device = defaultDevice();
    defaultDevice("cpu");
    try {
      const empty = emptyAverage([1], [1]);
      let now: Average = {
        numerator: number(0),
        denominator: number(0),
        stabiliser: np.array(empty.stabiliser.data as Int32Array<ArrayBuffer>),
      };
      logits.forEach((logit, t) => {
        now = included(now, number(logit), number(values[t]), number(fade));
        if (t > 0 && t < logits.length - 1) return;
        const exponents = logits.slice(0, t + 1).map((l, s) => l - fade * (t - s));
        const weights = exponents.map((e) => Math.exp(e - Math.max(...exponents)));
        const want = sum(weights.map((w, s) => w * values[s])) / sum(weights);
        const [got] = averageOf(tree.ref(now)).dataSync();
        assert.ok(Math.abs(got - want) < tolerance, `after ${t + 1}: ${got}, ${want}`);
      });
    } finally {
      defaultDevice(device);
    }
  });
}

testOptions("rwkv4", rwkv4, {}, []);
testOptions("aaren", aaren, { heads: 4 }, [[{ heads: 0 }, />=1/]]);
testOptions("fsmn", fsmn, { expansion: 1, taps: 20 }, [
  [{ expansion: 0 }, />0/],
  [{ taps: 1 }, />=2/],
]);

const d = 24;
const into = { normal: 1 / Math.sqrt(d) };
const ramp = (of: (i: number) => number) => Array.from({ length: d }, (_, i) => of(i));
testFresh("rwkv4", rwkv4, [d, {}], {
  mix: [[3, d], {
    values: [1, 1, 0.5].flatMap((power) => ramp((i) => 1 - (i / d) ** power)),
  }],
  key: [[d, d], into],
  value: [[d, d], into],
  receptance: [[d, d], into],
  decay: [[d], { values: ramp((i) => -5 + 8 * (i / (d - 1)) ** 0.7) }],
  bonus: [[d], { values: ramp((i) => Math.log(0.3) + [0, 0.5, -0.5][i % 3]) }],
  output: [[d, d], into],
}, "output");
testFresh("aaren", aaren, [d, { heads: 3 }], {
  query: [[3, 8], { normal: 1 }],
  "key.weight": [[d, d], into],
  "key.bias": [[d], { constant: 0 }],
  "value.weight": [[d, d], into],
  "value.bias": [[d], { constant: 0 }],
  "output.weight": [[d, d], into],
  "output.bias": [[d], { constant: 0 }],
}, "output.weight");
testFresh("fsmn", fsmn, [d, { expansion: 2, taps: 5 }], {
  input: [[d, 48], into],
  memory: [[5, 48], { uniform: [-1 / Math.sqrt(5), 1 / Math.sqrt(5)] }],
  "output.weight": [[48, d], { normal: 1 / Math.sqrt(48) }],
  "output.bias": [[d], { constant: 0 }],
}, "output.weight");
