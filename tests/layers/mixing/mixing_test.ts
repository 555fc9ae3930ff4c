/** @file Ways to mix times against sums written out, and what each claims to be: superposition, shifts, or neither. */
import { init as initJax, random as jaxRandom } from "@jax-js/jax";
import assert from "node:assert/strict";
import type { Tensor, Tree } from "../../../lib/engine/mod.ts";
import { mixing as fourier } from "../../../lib/layers/mixing/fourier.ts";
import { mixing as linearAttention } from "../../../lib/layers/mixing/linear_attention.ts";
import { mixing as stateSpace } from "../../../lib/layers/mixing/state_space.ts";
import { mixing as toeplitz } from "../../../lib/layers/mixing/toeplitz.ts";
import type { Mixing } from "../../../lib/layers/mixing/mixing.ts";
import { toHost } from "../../../lib/train/host.ts";
import { generator, randomTensor, runEngine } from "../../engine/oracle.ts";
import { assertNormal } from "../../moments.ts";
import { inFloat64 } from "../definitions.ts";

await initJax("wasm");

// deno-lint-ignore no-explicit-any
type Any = any;
const mixings: Record<string, Mixing<Any>> = { toeplitz, fourier, stateSpace, linearAttention };
const channels = 3;

const fresh = (mixing: Mixing<Any>, length: number, seed = 1, width = channels) =>
  toHost(mixing.init({ channels: width, length }, jaxRandom.key(seed))) as Record<string, Tensor>;
const at = (mixing: Mixing<Any>, params: Tree<Tensor>, x: Tensor): Tensor =>
  inFloat64((params: Any, x: Any) => mixing.apply(params, x), params, x);
async function inEngine(mixing: Mixing<Any>, params: Record<string, Tensor>, x: Tensor) {
  const names = Object.keys(params);
  const fn = (x: Any, ...leaves: Any[]) =>
    mixing.apply(Object.fromEntries(names.map((n, i) => [n, leaves[i]])), x);
  const [y] = await runEngine(fn, [x, ...names.map((n) => params[n])]);
  return y;
}
const input = (length: number, seed = 2, batch = 2) =>
  randomTensor(generator(seed), [batch, length, channels], { low: -1, high: 1 });
const sum = (a: Tensor, b: Tensor, s = 1): Tensor => ({
  dtype: "float64",
  shape: a.shape,
  data: Float64Array.from(a.data, (v, i) => v + s * b.data[i]),
});
const worst = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((max, v, i) => Math.max(max, Math.abs(v - b[i])), 0);

for (const [name, mixing] of Object.entries(mixings)) {
  for (const length of [1, 7]) {
    Deno.test(`${name} over ${length} times: superposition ${mixing.about.kind === "nonlinear" ? "fails" : "holds"}`, () => {
      const params = fresh(mixing, length);
      const [a, b] = [input(length), input(length, 3)];
      const whole = at(mixing, params, sum(a, b, -2)).data;
      const parts = sum(at(mixing, params, a), at(mixing, params, b), -2).data;
      const difference = worst(whole, parts);
      if (mixing.about.kind === "nonlinear") return assert.ok(difference > 1e-3, `${difference}`);
      assert.ok(difference < 1e-9, `${difference}`);
    });
  }

  Deno.test(`${name}: fresh parameters come from the key, and keep what they read in size`, async () => {
    const [one, again, other] = [1, 1, 2].map((seed) => fresh(mixing, 60, seed, 40));
    assert.deepEqual(one, again);
    assert.notDeepEqual(one, other);
    const x = randomTensor(generator(9), [4, 60, 40], { low: -1.7, high: 1.7 });
    const y = await inEngine(mixing, one, x);
    const size = Math.hypot(...y.data) / Math.sqrt(y.data.length);
    assert.ok(size > 0.05 && size < 3, `${size}`);
  });

  Deno.test(`${name}: the engine computes what float64 does`, async () => {
    const params = fresh(mixing, 11);
    const x = input(11);
    const got = await inEngine(mixing, params, x);
    assert.deepEqual([...got.shape], [2, 11, channels]);
    assert.ok(worst(got.data, at(mixing, params, x).data) < 1e-5);
  });
}

for (const mixing of [toeplitz, stateSpace] as Mixing<Any>[]) {
  Deno.test(`${mixing.about.name} is causal, and the same at all times`, () => {
    const length = 12;
    const params = fresh(mixing, length);
    const impulse = (t: number): Tensor => ({
      dtype: "float64",
      shape: [1, length, channels],
      data: Float64Array.from({ length: length * channels }, (_, i) => +(Math.floor(i / 3) === t)),
    });
    const early = at(mixing, params, impulse(0)).data;
    const late = at(mixing, params, impulse(5)).data;
    assert.ok(worst(late.slice(0, 15), new Float64Array(15)) < 1e-12);
    assert.ok(worst(late.slice(15), early.slice(0, 21)) < 1e-12);
  });
}

Deno.test("kernels and maps are drawn as large as keeps the size of white noise", () => {
  const [length, width] = [60, 40];
  const deviations: [Mixing<Any>, Record<string, number>][] = [
    [toeplitz, { kernel: 1 / Math.sqrt(length) }],
    [fourier, { re: Math.SQRT1_2, im: Math.SQRT1_2 }],
    [stateSpace, { re: Math.sqrt(0.5 / 16), im: Math.sqrt(0.5 / 16) }],
    [linearAttention, {
      position: 1,
      ...Object.fromEntries(["query", "key", "value"].map((n) => [n, 1 / Math.sqrt(width)])),
    }],
  ];
  for (const [mixing, drawn] of deviations) {
    const params = fresh(mixing, length, 1, width);
    for (const [name, deviation] of Object.entries(drawn)) {
      assertNormal(params[name].data, deviation, `${mixing.about.name}, ${name}`);
    }
  }
});

Deno.test("Toeplitz mixing is a sum over lags", () => {
  const params = fresh(toeplitz, 7);
  const x = input(7);
  const { data } = at(toeplitz, params, x);
  for (let t = 0; t < 7; t++) {
    for (let c = 0; c < channels; c++) {
      let want = 0;
      for (let k = 0; k <= t; k++) {
        want += params.kernel.data[k * channels + c] * x.data[(t - k) * channels + c];
      }
      assert.ok(Math.abs(data[t * channels + c] - want) < 1e-12);
    }
  }
});

for (const length of [1, 2, 6, 7]) {
  Deno.test(`Fourier mixing of ${length} times multiplies each frequency by its number, and wraps around`, () => {
    const params = fresh(fourier, length);
    assert.deepEqual([...params.re.shape], [Math.floor(length / 2) + 1, channels]);
    const x = input(length, 4, 1);
    const { data } = at(fourier, params, x);
    const angle = (k: number, t: number) => 2 * Math.PI * k * t / length;
    for (let c = 0; c < channels; c++) {
      for (let t = 0; t < length; t++) {
        let want = 0;
        for (let k = 0; k < length; k++) {
          // Frequencies beyond the half are the conjugates of their mirror images.
          const half = Math.min(k, length - k);
          const real = params.re.data[half * channels + c];
          // A real signal has no imaginary part at frequency 0 and at the Nyquist frequency.
          const lone = half === 0 || 2 * half === length;
          const imag = lone ? 0 : (k > length / 2 ? -1 : 1) * params.im.data[half * channels + c];
          for (let s = 0; s < length; s++) {
            const a = angle(k, t - s);
            want += (real * Math.cos(a) - imag * Math.sin(a)) * x.data[s * channels + c] / length;
          }
        }
        assert.ok(Math.abs(data[t * channels + c] - want) < 1e-12);
      }
    }
  });
}

Deno.test("a state space is its recurrence in complex numbers, by zero-order hold", () => {
  const length = 9;
  const params = fresh(stateSpace, length);
  const x = input(length, 5, 1);
  const { data } = at(stateSpace, params, x);
  const n = params.decay.shape[1];
  assert.equal(n, 16);
  for (let c = 0; c < channels; c++) {
    const dt = Math.exp(params.step.data[c]);
    const want = new Float64Array(length);
    for (let m = 0; m < n; m++) {
      const of = (name: string) => params[name].data[c * n + m];
      const [a, w] = [-Math.exp(of("decay")), of("frequency")];
      const size = Math.exp(dt * a);
      const [gr, gi] = [size * Math.cos(dt * w), size * Math.sin(dt * w)];
      // B = (exp(dt A) - 1) / A
      const norm = a * a + w * w;
      const [br, bi] = [((gr - 1) * a + gi * w) / norm, (gi * a - (gr - 1) * w) / norm];
      let [hr, hi] = [0, 0];
      for (let t = 0; t < length; t++) {
        const u = x.data[t * channels + c];
        [hr, hi] = [gr * hr - gi * hi + br * u, gr * hi + gi * hr + bi * u];
        want[t] += 2 * (of("re") * hr - of("im") * hi);
      }
    }
    for (let t = 0; t < length; t++) {
      assert.ok(Math.abs(data[t * channels + c] - want[t]) < 1e-10);
    }
  }
});

Deno.test("state spaces start as S4D-Lin: decay 1/2, frequencies pi n, steps from 1/T to 100/T", () => {
  const { step, decay, frequency } = fresh(stateSpace, 50, 1, 200);
  assert.ok(decay.data.every((v) => Math.abs(v - Math.log(0.5)) < 1e-6));
  frequency.data.forEach((v, i) => assert.ok(Math.abs(v - Math.PI * (i % 16)) < 1e-4));
  const steps = Array.from(step.data, Math.exp).sort((a, b) => a - b);
  assert.ok(steps[0] >= 1 / 50 && steps[0] < 1.2 / 50 && steps[199] <= 2 && steps[199] > 1.7);
  assert.ok(Math.abs(Math.log(steps[100] * 50) - Math.log(10)) < 0.5); // log-uniform
});

Deno.test("linear attention is a sum of values weighted by products of queries and keys, over all times", () => {
  const length = 5;
  const params = fresh(linearAttention, length);
  const x = input(length, 6, 1);
  const rows = (t: Tensor, n: number) =>
    Array.from({ length: n }, (_, i) => Array.from(t.data.slice(i * channels, (i + 1) * channels)));
  const [xs, ps] = [rows(x, length), rows(params.position, length)];
  const times = (v: number[], w: Tensor) =>
    Array.from(
      { length: channels },
      (_, j) => v.reduce((s, a, i) => s + a * w.data[i * channels + j], 0),
    );
  const placed = xs.map((v, t) => v.map((a, i) => a + ps[t][i]));
  const { data } = at(linearAttention, params, x);
  for (let t = 0; t < length; t++) {
    const want = new Float64Array(channels);
    for (let s = 0; s < length; s++) {
      const [q, k] = [times(placed[t], params.query), times(placed[s], params.key)];
      const weight = q.reduce((a, v, i) => a + v * k[i], 0) / (length * Math.sqrt(channels));
      times(xs[s], params.value).forEach((v, c) => want[c] += weight * v);
    }
    for (let c = 0; c < channels; c++) {
      assert.ok(Math.abs(data[t * channels + c] - want[c]) < 1e-12);
    }
  }
});
