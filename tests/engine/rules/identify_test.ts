/** @file Activations by their samples: every sample counts, and each to what float32 can tell apart. */
import assert from "node:assert/strict";
import { erf, erfc } from "../../../lib/engine/rules/erf.ts";
import { points } from "../../../lib/engine/rules/following.ts";
import { identify } from "../../../lib/engine/rules/known_activations.ts";

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const softplus = (x: number) => (x > 0 ? x : 0) + Math.log1p(Math.exp(-Math.abs(x)));
const cdf = (x: number) => erfc(-x / Math.SQRT2) / 2;
const pdf = (x: number) => Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
const c = Math.sqrt(8 / Math.PI);
const cubic = (x: number) => c * (x + 0.044715 * x ** 3);
/** 0 times infinity is 0: what vanishes faster wins. */
const times = (a: number, b: number) => a === 0 || b === 0 ? 0 : a * b;

const activations: Record<string, (x: number) => number> = {
  sigmoid,
  tanh: Math.tanh,
  silu: (x) => x * sigmoid(x),
  softplus,
  "log sigmoid": (x) => -softplus(-x),
  "minus softplus": (x) => -softplus(x),
  "1 - sigmoid": (x) => sigmoid(-x),
  gelu: (x) => x * sigmoid(cubic(x)),
  "exact gelu": (x) => x * cdf(x),
};

/** They follow from the activations, by rules: nothing is gained by telling them. */
const derivatives: Record<string, (x: number) => number> = {
  sigmoid: (x) => sigmoid(x) * sigmoid(-x),
  tanh: (x) => 1 / Math.cosh(x) ** 2,
  silu: (x) => sigmoid(x) + times(x, sigmoid(x) * sigmoid(-x)),
  gelu: (x) => {
    const gate = sigmoid(cubic(x)) * sigmoid(-cubic(x));
    return sigmoid(cubic(x)) + times(gate, x * c * (1 + 3 * 0.044715 * x * x));
  },
  "exact gelu": (x) => cdf(x) + times(x, pdf(x)),
};

/** Whether the samples belong to `f`. */
function isFound(samples: Float64Array, f: (x: number) => number): boolean {
  const found = identify(samples);
  return found !== undefined &&
    [-3, -0.2, 0.7, 4].every((x) => Math.abs(found.f(x) - f(x)) <= 1e-9);
}

for (const [name, f] of Object.entries(activations)) {
  Deno.test(`${name} is told by its samples, each of which counts`, () => {
    const samples = points.map(f);
    assert.ok(isFound(samples, f));
    points.forEach((x, i) => {
      const y = samples[i];
      if (Number.isNaN(x)) {
        assert.ok(!isFound(samples.with(i, 0.5), f), "NaN has to give NaN");
        return;
      }
      // At infinity some formulas are 0 times infinity: any value will do.
      if (!Number.isFinite(x)) return;
      const far = Math.abs(x) >= 90;
      const least = far ? 1e-38 : 0.8e-15 * Math.max(1, Math.abs(x));
      const size = Math.max(Math.abs(y), Math.abs(x) < 4 ? 0.5 : 0);
      for (const sign of [1, -1]) {
        const off = y + sign * (7e-6 * size + 2 * least);
        assert.ok(!isFound(samples.with(i, off), f), `off at ${x}`);
        const rounded = y + sign * (3e-6 * Math.abs(y) + least);
        assert.ok(isFound(samples.with(i, rounded), f), `rounded at ${x}`);
      }
      // Where exp leaves float32, the written-out form may too.
      for (const overflown of [Infinity, NaN]) {
        assert.equal(isFound(samples.with(i, overflown), f), far, `${overflown} at ${x}`);
      }
    });
  });
}

Deno.test("derivatives of activations are told for none of them", () => {
  for (const [name, f] of Object.entries(derivatives)) {
    assert.equal(identify(points.map(f)), undefined, name);
  }
});

Deno.test("the samples reach from the smallest numbers to infinity, on both sides", () => {
  assert.ok(points.some(Number.isNaN) && points.includes(0));
  const positive = points.filter((x) => x > 0);
  assert.deepEqual(positive.toSorted(), points.filter((x) => x < 0).map((x) => -x).toSorted());
  assert.ok(Math.min(...positive) <= 1e-20 && Math.max(...positive) === Infinity);
  // No activation may bend between two neighbours unseen.
  const middle = positive.toSorted().filter((x) => x >= 0.1 && x <= 10);
  middle.forEach((x, i) => assert.ok(i === 0 || x - middle[i - 1] <= 2, `a gap before ${x}`));
});

Deno.test("the error function has the tabulated values", () => {
  // Abramowitz & Stegun, tables 7.1 and 7.2.
  const table: [x: number, erf: number, erfc: number][] = [
    [0, 0, 1],
    [0.5, 0.5204998778130465, 0.4795001221869535],
    [1, 0.8427007929497149, 0.15729920705028513],
    [2, 0.9953222650189527, 0.004677734981047266],
    [3, 0.9999779095030014, 2.209049699858544e-5],
    [4, 0.9999999845827421, 1.541725790028002e-8],
    [10, 1, 2.088487583762545e-45],
    [Infinity, 1, 0],
  ];
  for (const [x, f, c] of table) {
    assert.ok(Math.abs(erf(x) - f) <= 1e-14, `erf(${x})`);
    assert.ok(Math.abs(erf(-x) + f) <= 1e-14, `erf(${-x})`);
    const bound = Math.min(1e-14, 1e-12 * c + (x < 3 ? 1e-14 : 0));
    assert.ok(Math.abs(erfc(x) - c) <= bound, `erfc(${x}) is ${erfc(x)}`);
    assert.ok(Math.abs(erfc(-x) - (1 + f)) <= 1e-14, `erfc(${-x})`);
  }
  assert.ok(Number.isNaN(erf(NaN)) && Number.isNaN(erfc(NaN)));
});

Deno.test("the two forms of the error function meet at 3", () => {
  for (const x of [2.9999999, 3, 3.0000001]) {
    const slope = -2 / Math.sqrt(Math.PI) * Math.exp(-9);
    assert.ok(Math.abs(erfc(x) - (2.209049699858544e-5 + slope * (x - 3))) <= 1e-13, `${x}`);
  }
});
