/** @file State spaces by dense matrices and sums over all earlier tokens: S5, S5-PTD, S4, LSSL, STU. */
import assert from "node:assert/strict";
import { Matrix, solve } from "ml-matrix";
import { legendreInput, legendreMatrix, legendreModes } from "../../../lib/layers/hippo.ts";
import { layer as lssl } from "../../../lib/layers/sequence/lssl.ts";
import { layer as s4 } from "../../../lib/layers/sequence/s4.ts";
import { layer as s5 } from "../../../lib/layers/sequence/s5.ts";
import { layer as s5Ptd, perturbedLegendre } from "../../../lib/layers/sequence/s5_ptd.ts";
import { layer as stu, spectralFilters } from "../../../lib/layers/sequence/stu.ts";
import { gelu, type Vector } from "../definitions.ts";
import { normalBelow } from "../normal_distribution.ts";
import {
  assertDefined,
  fresh,
  held,
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

/** Of the layers' normal distribution function, and more. */
const errorOfErf = 1e-6;
/** (Its constants are float32 numbers in jax-js.) */
const errorOfGelu = 1e-7;
const exact = (x: number) => x * normalBelow(x);
const steps = (width: number): [number[], { uniform: [number, number]; of(x: number): number }] => [
  [width],
  { uniform: [-3, -1], of: (x) => x / Math.LN10 },
];

for (const [name, layer, reading] of [["s5", s5, 2], ["s5_ptd", s5Ptd, 1]] as const) {
  Deno.test(`${name} is the exact answer of one differential equation to all channels held for a while`, () => {
    const [width, state] = [3, 4];
    assertDefined(
      layer,
      { state },
      width,
      (p, x) =>
        x.map((token, t) => {
          const read = token.map((own, c) => {
            let all = p.skip.data[c] * own;
            for (let n = 0; n < state; n++) {
              const [re, im] = [Math.min(p.decay.data[n], -1e-4), p.frequency.data[n]];
              const step = Math.exp(p.step.data[n]);
              const at = c * state + n;
              for (let s = 0; s <= t; s++) {
                // c b times the integral of exp(Lambda tau), while a token stands.
                const [iRe, iIm] = held(re, im, (t - s) * step, (t - s + 1) * step);
                const u = [p.bRe, p.bIm].map(({ data }) =>
                  sum(x[s].map((v, d) => data[n * width + d] * v))
                );
                const [vRe, vIm] = [iRe * u[0] - iIm * u[1], iRe * u[1] + iIm * u[0]];
                all += reading * (p.cRe.data[at] * vRe - p.cIm.data[at] * vIm);
              }
            }
            return gelu(all);
          });
          return product(read, times(read, p["gate.weight"], p["gate.bias"]).map(sigmoid));
        }),
      (p) => p.decay.data[1] = 3,
      errorOfGelu,
    );
  });

  testOptions(name, layer, { state: 32 }, [[{ state: 0 }, />=1/]]);
}

testFresh(
  "s5",
  s5,
  [24, { state: 6 }],
  {
    decay: [[6], { constant: -0.5 }],
    frequency: [[6], { values: list({ data: legendreModes(6).frequency } as never) }],
    bRe: [[6, 24], { normal: 1 / Math.sqrt(24) }],
    bIm: [[6, 24], { normal: 1 / Math.sqrt(24) }],
    cRe: [[24, 6], { normal: 1 / Math.sqrt(12) }],
    cIm: [[24, 6], { normal: 1 / Math.sqrt(12) }],
    step: steps(6),
    skip: [[24], { normal: 1 }],
    "gate.weight": [[24, 24], { normal: 1 / Math.sqrt(24) }],
    "gate.bias": [[24], { constant: 0 }],
  },
  "cRe",
  "cIm",
);

Deno.test("S5-PTD starts as perturbed HiPPO: C A^k B is real, and A's own", () => {
  const [width, n] = [12, 4];
  const p = fresh(s5Ptd, width, { state: n });
  const A = perturbedLegendre(n);
  /** Sums over states of c Lambda^k b. */
  const moment = (i: number, j: number, k: number) => {
    let [re, im] = [0, 0];
    for (let m = 0; m < n; m++) {
      let [x, y] = [p.bRe.data[m * width + j], p.bIm.data[m * width + j]];
      for (let r = 0; r < k; r++) {
        const [a, b] = [p.decay.data[m], p.frequency.data[m]];
        [x, y] = [a * x - b * y, a * y + b * x];
      }
      const [u, v] = [p.cRe.data[i * n + m], p.cIm.data[i * n + m]];
      [re, im] = [re + u * x - v * y, im + u * y + v * x];
    }
    return [re, im];
  };
  for (let i = 0; i < width; i++) {
    for (let j = 0; j < width; j++) {
      // By Cayley & Hamilton: A^n is a sum of lower powers, by the coefficients of its characteristic polynomial.
      const moments = Array.from({ length: n + 1 }, (_, k) => moment(i, j, k));
      const scale = Math.max(...moments.map(([re]) => Math.abs(re)));
      for (const [, im] of moments) assert.ok(Math.abs(im) < 1e-4 * scale);
      const left = sum(characteristic(A, n).map((c, k) => c * moments[k][0]));
      assert.ok(Math.abs(left) < 1e-3 * scale, `${left}, ${scale}`);
    }
  }
  const half = fresh(s5Ptd, width, { state: n }, 1, 0.5);
  for (const key of Object.keys(p)) {
    const factor = key.startsWith("c") ? 0.5 : 1;
    half[key].data.forEach((v, i) => assert.ok(Math.abs(v - factor * p[key].data[i]) < 1e-6, key));
  }
  const other = fresh(s5Ptd, width, { state: n }, 2);
  assert.deepEqual(other.decay, p.decay);
  for (const key of ["bRe", "cRe", "skip", "step"]) assert.notDeepEqual(other[key], p[key], key);
});

/** Coefficients of det(x - A), that of 1 first (Faddeev & LeVerrier). */
function characteristic(A: Float64Array, n: number): number[] {
  const whole = Matrix.from1DArray(n, n, [...A]);
  const coefficients = [1];
  let power = Matrix.zeros(n, n);
  for (let k = 1; k <= n; k++) {
    power = whole.mmul(power).add(Matrix.eye(n).mul(coefficients[0]));
    coefficients.unshift(-whole.mmul(power).trace() / k);
  }
  return coefficients;
}

/** (1 - step/2 A) h' = (1 + step/2 A) h + step B u, by elimination. @returns C h at every token, for every row of C */
function trapezoidal(A: Matrix, B: Vector, C: Vector[], step: number, u: Vector): Vector[] {
  const n = B.length;
  const half = Matrix.mul(A, step / 2);
  let h = Matrix.zeros(n, 1);
  return u.map((v) => {
    const right = Matrix.add(Matrix.eye(n), half).mmul(h)
      .add(Matrix.columnVector(B.map((b) => step * b * v)));
    h = solve(Matrix.sub(Matrix.eye(n), half), right);
    return C.map((c) => sum(c.map((w, i) => w * h.get(i, 0))));
  });
}

Deno.test("S4 is the trapezoidal rule for Lambda - P P*, written out over conjugate pairs", () => {
  const [width, state] = [3, 2];
  assertDefined(
    s4,
    { state },
    width,
    (p, x) => {
      const read = Array.from({ length: width }, (_, c) => {
        const of = (name: string) => list(p[name]).slice(c * state, (c + 1) * state);
        const rate = of("decay").map(Math.exp);
        const P = [...of("pRe"), ...of("pIm")];
        const A = Matrix.zeros(2 * state, 2 * state);
        for (let i = 0; i < 2 * state; i++) {
          for (let j = 0; j < 2 * state; j++) A.set(i, j, -2 * P[i] * P[j]);
        }
        for (let m = 0; m < state; m++) {
          const add = (i: number, j: number, v: number) => A.set(i, j, A.get(i, j) + v);
          add(m, m, -rate[m]);
          add(state + m, state + m, -rate[m]);
          add(m, state + m, -of("frequency")[m]);
          add(state + m, m, of("frequency")[m]);
        }
        const B = [...of("bRe"), ...of("bIm")];
        const C = [...of("cRe").map((v) => 2 * v), ...of("cIm").map((v) => -2 * v)];
        return trapezoidal(A, B, [C], Math.exp(p.step.data[c]), x.map((token) => token[c]));
      });
      return x.map((token, t) => {
        const y = token.map((v, c) => exact(read[c][t][0] + p.skip.data[c] * v));
        const [values, logits] = parts(times(y, p["output.weight"], p["output.bias"]), 2);
        return product(values, logits.map(sigmoid));
      });
    },
    undefined,
    errorOfErf,
  );
});

testOptions("s4", s4, { state: 32 }, [[{ state: 0 }, />=1/], [{ state: 1.5 }, /expected int/]]);
const rows = (of: (m: number) => number, state: number) => ({
  values: Array.from({ length: 24 * state }, (_, i) => of(i % state)),
});
const modes = legendreModes(5);
testFresh("s4", s4, [24, { state: 5 }], {
  step: steps(24),
  decay: [[24, 5], { constant: Math.log(0.5) }],
  frequency: [[24, 5], rows((m) => modes.frequency[m], 5)],
  pRe: [[24, 5], rows((m) => modes.weight[m], 5)],
  pIm: [[24, 5], { constant: 0 }],
  bRe: [[24, 5], rows((m) => Math.SQRT2 * modes.weight[m], 5)],
  bIm: [[24, 5], { constant: 0 }],
  cRe: [[24, 5], { normal: Math.SQRT1_2 }],
  cIm: [[24, 5], { normal: Math.SQRT1_2 }],
  skip: [[24], { normal: 1 }],
  "output.weight": [[24, 48], { normal: 1 / Math.sqrt(24) }],
  "output.bias": [[48], { constant: 0 }],
}, "output.weight");

Deno.test("LSSL is the trapezoidal rule of one lower triangle at steps of every channel's own", () => {
  const [width, state, channels] = [3, 4, 2];
  assertDefined(
    lssl,
    { state, channels },
    width,
    (p, x) => {
      const A = Matrix.zeros(state, state);
      for (let i = 0; i < state; i++) {
        for (let j = 0; j <= i; j++) A.set(i, j, p.transition.data[i * state + j]);
      }
      const read = Array.from({ length: width }, (_, c) => {
        const C = parts(list(p.read).slice(c * channels * state, (c + 1) * channels * state), 2);
        const step = Math.exp(p.step.data[c]);
        return trapezoidal(A, list(p.input), C, step, x.map((token) => token[c]));
      });
      return x.map((token, t) => {
        const y = token.flatMap((v, c) =>
          read[c][t].map((r, m) => exact(r + p.skip.data[c * channels + m] * v))
        );
        return times(y, p["output.weight"], p["output.bias"]);
      });
    },
    undefined,
    errorOfErf,
  );
});

testOptions("lssl", lssl, { state: 16, channels: 1 }, [[{ state: 0 }, />=1/], [
  { channels: 0 },
  />=1/,
]]);
testFresh("lssl", lssl, [24, { state: 5, channels: 2 }], {
  transition: [[5, 5], { values: Array.from(legendreMatrix(5)) }],
  input: [[5], { values: Array.from(legendreInput(5)) }],
  step: steps(24),
  read: [[24, 2, 5], { normal: 1 }],
  skip: [[24, 2], { normal: 1 }],
  "output.weight": [[48, 24], { normal: 1 / Math.sqrt(48) }],
  "output.bias": [[24], { constant: 0 }],
}, "output.weight");

Deno.test("STU is a sum over filters of tokens from two ago, last tokens and last outputs", () => {
  const [width, length, filters] = [2, 3, 2];
  assertDefined(stu, { length, filters, tokens: 2, outputs: 2 }, width, (p, x) => {
    const part = (name: string, k: number): Named[string] => ({
      ...p[name],
      shape: [width, width],
      data: p[name].data.slice(k * width ** 2, (k + 1) * width ** 2),
    });
    const ys: Vector[] = [];
    x.forEach((_, t) => {
      const none = Array(width).fill(0);
      const filtered = spectralFilters(length, filters).map((filter, k) =>
        times(
          plus(...Array.from(filter, (f, lag) => (x[t - 2 - lag] ?? none).map((v) => f * v))),
          part("spectral", k),
        )
      );
      const last = [0, 1].flatMap((k) => [
        times(x[t - k] ?? none, part("input", k)),
        times(ys[t - 1 - k] ?? none, part("past", k)),
      ]);
      ys.push(plus(...filtered, ...last));
    });
    return ys;
  });
});

Deno.test("STU's filters are the leading eigenvectors of its Hankel matrix by the fourth root of their eigenvalues", () => {
  const [length, count] = [7, 3];
  const filters = spectralFilters(length, count);
  assert.equal(filters, spectralFilters(length, count));
  const z = (i: number, j: number) => 2 / ((i + j + 2) ** 3 - (i + j + 2));
  const values = filters.map((filter) => {
    const norm = Math.hypot(...filter);
    assert.ok(filter.reduce((a, b) => Math.abs(b) > Math.abs(a) ? b : a) > 0);
    filter.forEach((v, i) => {
      const image = sum(Array.from(filter, (w, j) => z(i, j) * w));
      assert.ok(Math.abs(image - norm ** 4 * v) < 1e-12, `${i}`);
    });
    return norm ** 4;
  });
  assert.ok(values[0] < values[1] && values[1] < values[2]);
  // What the others leave of the trace is less than the least of these three could be.
  const trace = sum(Array.from({ length }, (_, i) => z(i, i)));
  assert.ok(trace - sum(values) < values[0], `${trace} ${values}`);
});

testOptions("stu", stu, { length: 128, filters: 16, tokens: 3, outputs: 2 }, [
  [{ length: 0 }, />=1/],
  [{ outputs: 0 }, />=1/],
  [{ filters: 129 }, /must not be above length = 128/],
  [{ tokens: 130 }, /must not be above length \+ 1 = 129/],
]);
testFresh("stu", stu, [24, { length: 9, filters: 4, tokens: 2, outputs: 3 }], {
  spectral: [[96, 24], { constant: 0 }],
  input: [[48, 24], { normal: 1 / Math.sqrt(24) }],
  past: [[72, 24], { constant: 0 }],
}, "input");
