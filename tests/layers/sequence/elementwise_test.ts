/** @file Layers whose states each go on by a factor of their own, as sums over all earlier tokens. */
import assert from "node:assert/strict";
import { legendreModes } from "../../../lib/layers/hippo.ts";
import { layer as dss } from "../../../lib/layers/sequence/dss.ts";
import { layer as gateLoop } from "../../../lib/layers/sequence/gateloop.ts";
import { layer as mamba } from "../../../lib/layers/sequence/mamba.ts";
import { layer as s4d } from "../../../lib/layers/sequence/s4d.ts";
import { layer as stableSsm } from "../../../lib/layers/sequence/stable_ssm.ts";
import { assertUniform } from "../../moments.ts";
import { dot, type Vector } from "../definitions.ts";
import { normalBelow } from "../normal_distribution.ts";
import {
  assertDefined,
  convolved,
  fresh,
  held,
  parts,
  product,
  sigmoid,
  silu,
  softplus,
  sum,
  testFresh,
  testOptions,
  times,
} from "./by_definition.ts";

for (const negative of [false, true]) {
  Deno.test(`Mamba's states are sums by what tokens let fade, factors of either sign: ${negative}`, () => {
    const [width, inner, state, stepRank] = [4, 6, 3, 2];
    assertDefined(
      mamba,
      { state, expand: inner / width, stepRank, conv: 3, negative },
      width,
      (p, x) => {
        const u = convolved(x.map((token) => times(token, p.input)), {
          weight: p["convolution.weight"],
          bias: p["convolution.bias"],
        });
        const chosen = u.map((token) => {
          const made = times(token, p.select);
          const step = times(made.slice(0, stepRank), p["step.weight"], p["step.bias"]).map(
            softplus,
          );
          return {
            step,
            b: made.slice(stepRank, stepRank + state),
            c: made.slice(stepRank + state),
          };
        });
        return x.map((token, t) => {
          const read = u[t].map((own, channel) => {
            const seen = chosen[t].c.map((c, n) => {
              const rate = Math.exp(p.rate.data[channel * state + n]);
              const kept = (r: number) => {
                const factor = Math.exp(-rate * chosen[r].step[channel]);
                return negative ? 2 * factor - 1 : factor;
              };
              let h = 0;
              for (let s = 0; s <= t; s++) {
                h = kept(s) * h + chosen[s].step[channel] * chosen[s].b[n] * u[s][channel];
              }
              return c * h;
            });
            return sum(seen) + p.skip.data[channel] * own;
          });
          return times(product(read, times(token, p.gate).map(silu)), p.output);
        });
      },
    );
  });
}

for (const complex of [true, false]) {
  Deno.test(`GateLoop multiplies its memory by ${complex ? "complex" : "real"} numbers within the unit circle`, () => {
    const [width, heads] = [6, 2];
    assertDefined(gateLoop, { heads, complex }, width, (p, x) => {
      const made = x.map((token) => {
        const factor = times(token, p["factor.weight"], p["factor.bias"]);
        const polar = Array.from({ length: heads }, (_, h) => {
          const [re, im] = [factor[2 * h], complex ? factor[2 * h + 1] : 0];
          return { size: sigmoid(Math.hypot(re, im)), angle: Math.atan2(im, re) };
        });
        return { kinds: parts(times(token, p.input), 3), polar };
      });
      return x.map((token, t) => {
        const read = Array.from({ length: heads }, (_, h) => {
          const of = (kind: number, s: number): Vector => parts(made[s].kinds[kind], heads)[h];
          return of(2, t).map((_, j) => {
            let [all, size, angle] = [0, 1, 0];
            for (let s = t; s >= 0; s--) {
              all += size * Math.cos(angle) * dot(of(0, t), of(1, s)) * of(2, s)[j];
              size *= made[s].polar[h].size;
              angle += made[s].polar[h].angle;
            }
            return all;
          });
        });
        return times(product(read.flat(), times(token, p.gate).map(silu)), p.output);
      });
    });
  });
}

/** Of the layers' normal distribution function, and more. */
const errorOfErf = 1e-6;

const diagonal = {
  s4d: { layer: s4d, rate: (decay: number) => Math.exp(decay), half: Math.log(0.5) },
  stable_ssm: {
    layer: stableSsm,
    rate: (decay: number) => 1 / (decay ** 2 + 0.1),
    half: Math.sqrt(1.9),
  },
};
for (const [name, { layer, rate, half }] of Object.entries(diagonal)) {
  Deno.test(`${name} is the exact answer of its differential equation to steps that hold for a while`, () => {
    const [width, state] = [3, 4];
    assertDefined(
      layer,
      { state },
      width,
      (p, x) =>
        x.map((token, t) => {
          const read = token.map((own, c) => {
            const step = Math.exp(p.step.data[c]);
            let all = p.skip.data[c] * own;
            for (let m = 0; m < state; m++) {
              const at = c * state + m;
              const [re, im] = [-rate(p.decay.data[at]), p.frequency.data[at]];
              // 2 Re(C integral of exp(A tau)) while a token stands, (t - s) steps ago.
              for (let s = 0; s <= t; s++) {
                const [iRe, iIm] = held(re, im, (t - s) * step, (t - s + 1) * step);
                all += 2 * (p.cRe.data[at] * iRe - p.cIm.data[at] * iIm) * x[s][c];
              }
            }
            return all * normalBelow(all);
          });
          const [values, logits] = parts(times(read, p["output.weight"], p["output.bias"]), 2);
          return product(values, logits.map(sigmoid));
        }),
      undefined,
      errorOfErf,
    );
  });

  testOptions(name, layer, { state: 32 }, [[{ state: 0 }, />=1/], [
    { state: 1.5 },
    /expected int/,
  ]]);
  testFresh(name, layer, [24, { state: 5 }], {
    step: [[24], { uniform: [-3, -1], of: (x) => x / Math.LN10 }],
    decay: [[24, 5], { constant: half }],
    frequency: [[24, 5], { values: Array.from({ length: 120 }, (_, i) => Math.PI * (i % 5)) }],
    cRe: [[24, 5], { normal: Math.SQRT1_2 }],
    cIm: [[24, 5], { normal: Math.SQRT1_2 }],
    skip: [[24], { normal: 1 }],
    "output.weight": [[24, 48], { normal: 1 / Math.sqrt(24) }],
    "output.bias": [[48], { constant: 0 }],
  }, "output.weight");
}

Deno.test("DSS-exp is a sum over powers of eigenvalues that all channels share", () => {
  const [width, state] = [3, 4];
  assertDefined(
    dss,
    { state },
    width,
    (p, x) =>
      x.map((_, t) => {
        const read = x[t].map((own, c) => {
          let all = p.skip.data[c] * own;
          const [forReal, forImaginary] = [p.step.data[c], p.step.data[width + c]].map(Math.exp);
          for (let m = 0; m < state; m++) {
            const [re, im] = [-Math.exp(p.decay.data[m]), p.frequency.data[m]];
            const [wRe, wIm] = [p.wRe, p.wIm].map(({ data }) => data[c * state + m]);
            // exp of n steps, as size and angle.
            const power = (n: number) => [Math.exp(n * re * forReal), n * im * forImaginary];
            for (let s = 0; s <= t; s++) {
              // Re of w (e^(n + 1) - e^n) / Lambda = Re of w conj(Lambda) (...) / |Lambda|^2.
              const [[a, alpha], [b, beta]] = [power(t - s + 1), power(t - s)];
              const dRe = a * Math.cos(alpha) - b * Math.cos(beta);
              const dIm = a * Math.sin(alpha) - b * Math.sin(beta);
              const [vRe, vIm] = [wRe * re + wIm * im, wIm * re - wRe * im];
              all += (vRe * dRe - vIm * dIm) / (re * re + im * im) * x[s][c];
            }
          }
          return all * normalBelow(all);
        });
        return times(read, p["output.weight"], p["output.bias"]);
      }),
    undefined,
    errorOfErf,
  );
});

testOptions("dss", dss, { state: 32 }, [[{ state: 0 }, />=1/], [{ state: 1.5 }, /expected int/]]);
testFresh("dss", dss, [24, { state: 5 }], {
  step: [[2, 24], { values: Array(48).fill(NaN) }],
  decay: [[5], { constant: Math.log(0.5) }],
  frequency: [[5], { values: Array.from(legendreModes(5).frequency) }],
  wRe: [[24, 5], { normal: 1 }],
  wIm: [[24, 5], { normal: 1 }],
  skip: [[24], { normal: 1 }],
  "output.weight": [[24, 24], { normal: 1 / Math.sqrt(24) }],
  "output.bias": [[24], { constant: 0 }],
}, "output.weight");
Deno.test("dss: both steps are one draw, log-uniform in .001..0.1", () => {
  const { data } = fresh(dss, 200, { state: 1 }).step;
  assertUniform(Array.from(data, (x) => x / Math.LN10), -3, -1, "steps");
  assert.deepEqual(data.slice(0, 200), data.slice(200));
});

testOptions("mamba", mamba, { state: 16, expand: 2, stepRank: 1, conv: 4, negative: false }, [
  [{ state: 0 }, />=1/],
  [{ expand: 0 }, />0/],
  [{ expand: 1.03 }, /a whole number/],
  [{ stepRank: 0 }, />=1/],
  [{ conv: 1 }, />=2/],
  [{ negative: 1 }, /expected boolean/],
]);
testOptions("gateloop", gateLoop, { heads: 16, complex: true }, [
  [{ heads: 0 }, />=1/],
  [{ complex: 1 }, /expected boolean/],
]);

const d = 24;
const into = { normal: 1 / Math.sqrt(d) };
testFresh("mamba", mamba, [d, { state: 3, stepRank: 4 }], {
  input: [[d, 48], into],
  "convolution.weight": [[4, 48], { uniform: [-0.5, 0.5] }],
  "convolution.bias": [[48], { uniform: [-0.5, 0.5] }],
  select: [[48, 10], { normal: 1 / Math.sqrt(48) }],
  "step.weight": [[4, 48], { uniform: [-0.5, 0.5] }],
  "step.bias": [[48], { uniform: [-3, -1], of: (x) => Math.log10(softplus(x)) }],
  rate: [[48, 3], { values: Array.from({ length: 144 }, (_, i) => Math.log(1 + i % 3)) }],
  skip: [[48], { constant: 1 }],
  gate: [[d, 48], into],
  output: [[48, d], { normal: 1 / Math.sqrt(48) }],
}, "output");
testFresh("gateloop", gateLoop, [d, { heads: 6 }], {
  input: [[d, 72], into],
  "factor.weight": [[d, 12], into],
  "factor.bias": [[12], { constant: 0 }],
  gate: [[d, d], into],
  output: [[d, d], into],
}, "output");
