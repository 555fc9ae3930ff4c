/** @file Transforms of mixed radices against their definition, convolutions against sums over lags. */
import { init as initJax, numpy as np } from "@jax-js/jax";
import assert from "node:assert/strict";
import { valueAndGrad } from "../../lib/engine/gradient.ts";
import type { Tensor } from "../../lib/engine/mod.ts";
import { fourierConvolution } from "../../lib/layers/fourier_convolution.ts";
import { forward, inverse, radicesOf, smoothSize } from "../../lib/layers/fourier_transform.ts";
import { generator, randomTensor, runEngine } from "../engine/oracle.ts";
import { inFloat64 } from "./definitions.ts";

await initJax("wasm");

// deno-lint-ignore no-explicit-any
type Any = any;

const isSmooth = (n: number) => {
  for (const p of [2, 3, 5]) while (n % p === 0) n /= p;
  return n === 1;
};

Deno.test("the next smooth size is the least one, and radices multiply to it", () => {
  for (let least = 1; least <= 700; least++) {
    let want = least;
    while (!isSmooth(want)) want++;
    assert.equal(smoothSize(least), want);
  }
  for (const size of [1, 2, 30, 32, 36, 1000, 2048, 200_000, 3 ** 11, 5 ** 8]) {
    const radices = radicesOf(size);
    assert.equal(radices.reduce((a, b) => a * b), size);
    assert.ok(radices.every((r) => r >= 1 && r <= 32), `${size}: ${radices}`);
    assert.deepEqual(radices, radices.toSorted((a, b) => b - a));
  }
  // Few steps: 200,000 numbers in four.
  assert.equal(radicesOf(200_000).length, 4);
  assert.equal(radicesOf(32).length, 1);
});

Deno.test("sizes that are no product of 2, 3 and 5 are refused with one that is", () => {
  assert.throws(() => radicesOf(14), /size 14: expected a product of 2, 3 and 5; pad to 15/);
  assert.throws(() => radicesOf(0), /size 0: .* pad to 1/);
  for (const size of [0, -1, 1.5, NaN, Infinity]) {
    assert.throws(() => smoothSize(size), new RegExp(`size ${size}: expected a whole number`));
  }
});

/** The transform by its definition. */
function spectrum(x: number[]): { re: number; im: number }[] {
  const n = x.length;
  return x.map((_, k) => ({
    re: x.reduce((sum, v, j) => sum + v * Math.cos(2 * Math.PI * j * k / n), 0),
    im: x.reduce((sum, v, j) => sum - v * Math.sin(2 * Math.PI * j * k / n), 0),
  }));
}

/** Where frequency k of a transform stands: its digits in reversed order. */
function place(k: number, radices: number[], size: number): number {
  if (radices.length === 0) return 0;
  const [r, ...rest] = radices;
  return (k % r) * (size / r) + place(Math.floor(k / r), rest, size / r);
}

for (const n of [1, 2, 5, 45, 64, 1080]) {
  Deno.test(`a transform of ${n} numbers: its definition with digits reversed, and back`, () => {
    const x = randomTensor(generator(n), [2, n]);
    const { re, im, back } = inFloat64((x: Any) => {
      const { re, im } = forward({ re: x });
      return { re: re.ref, im: im.ref, back: inverse({ re, im }) };
    }, x);
    const radices = radicesOf(n);
    for (const b of [0, 1]) {
      const row = Array.from(x.data.subarray(b * n, (b + 1) * n));
      spectrum(row).forEach((want, k) => {
        const at = b * n + place(k, radices, n);
        assert.ok(Math.hypot(re.data[at] - want.re, im.data[at] - want.im) < 1e-9 * n, `${k}`);
      });
      row.forEach((v, t) => assert.ok(Math.abs(back.data[b * n + t] - v) < 1e-12, `${t}`));
    }
  });
}

/** y_t = sum_{k <= t} kernel[k] x_{t-k}. */
function convolved(kernel: Tensor, x: Tensor): Float64Array {
  const [batch, length, channels] = x.shape;
  const y = new Float64Array(batch * length * channels);
  for (let b = 0; b < batch; b++) {
    for (let t = 0; t < length; t++) {
      for (let c = 0; c < channels; c++) {
        for (let k = 0; k <= t; k++) {
          y[(b * length + t) * channels + c] += kernel.data[k * channels + c] *
            x.data[(b * length + t - k) * channels + c];
        }
      }
    }
  }
  return y;
}

for (const [batch, length, channels] of [[1, 1, 1], [2, 7, 3], [3, 33, 2], [1, 101, 1]]) {
  Deno.test(`a convolution of ${length} times through the transform is the direct product`, async () => {
    const random = generator(length);
    const kernel = randomTensor(random, [length, channels]);
    const x = randomTensor(random, [batch, length, channels]);
    const want = convolved(kernel, x);
    const exact = inFloat64(fourierConvolution, kernel, x);
    assert.deepEqual(exact.shape, [batch, length, channels]);
    want.forEach((w, i) => assert.ok(Math.abs(exact.data[i] - w) < 1e-11, `${i}`));
    const [fast] = await runEngine(fourierConvolution, [kernel, x]);
    want.forEach((w, i) => assert.ok(Math.abs(fast.data[i] - w) < 2e-5 * Math.sqrt(length)));
  });
}

Deno.test("the last times do not reach the first ones", () => {
  const kernel = randomTensor(generator(1), [9, 1]);
  const x: Tensor = { dtype: "float32", shape: [1, 9, 1], data: new Float32Array(9) };
  x.data[8] = 1;
  const { data } = inFloat64(fourierConvolution, kernel, x);
  for (let t = 0; t < 8; t++) assert.ok(Math.abs(data[t]) < 1e-13);
  assert.ok(Math.abs(data[8] - kernel.data[0]) < 1e-13);
});

Deno.test("its gradients are the correlations", async () => {
  const [length, channels] = [13, 2];
  const random = generator(5);
  const kernel = randomTensor(random, [length, channels]);
  const x = randomTensor(random, [1, length, channels]);
  const w = randomTensor(random, [1, length, channels]);
  const loss = (kernel: np.Array, x: np.Array, w: np.Array) =>
    fourierConvolution(kernel, x).mul(w).sum();
  const step = (kernel: np.Array, x: np.Array, w: np.Array) => {
    const [, gradient] = valueAndGrad((p: { kernel: np.Array; x: np.Array }) =>
      loss(p.kernel, p.x, w)
    )({ kernel, x }) as Any;
    return [gradient.kernel, gradient.x];
  };
  const [forKernel, forX] = await runEngine(step, [kernel, x, w]);
  for (let k = 0; k < length; k++) {
    for (let c = 0; c < channels; c++) {
      let [a, b] = [0, 0];
      for (let t = k; t < length; t++) {
        a += w.data[t * channels + c] * x.data[(t - k) * channels + c];
        b += w.data[t * channels + c] * kernel.data[(t - k) * channels + c];
      }
      assert.ok(Math.abs(forKernel.data[k * channels + c] - a) < 1e-4);
      assert.ok(Math.abs(forX.data[k * channels + c] - b) < 1e-4);
    }
  }
});
