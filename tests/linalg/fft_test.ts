/** @file The FFT against the sum that defines it. */
import assert from "node:assert/strict";
import { makeFft, overlapSize } from "../../lib/linalg/fft.ts";
import { keyOf, normals } from "../../lib/random/random.ts";
import { relativeError } from "../tasks/forecasting/fixtures.ts";

Deno.test("fft: forward is the discrete Fourier transform in bit-reversed order, inverse undoes it", () => {
  for (const size of [1, 2, 4, 8, 16, 32, 128, 256]) {
    const re = normals(keyOf(1), size), im = normals(keyOf(2), size);
    const [fr, fi] = [re.slice(), im.slice()];
    const fft = makeFft(size);
    fft.forward(fr, fi);
    const bits = Math.log2(size);
    for (let k = 0; k < size; k++) {
      let sr = 0, si = 0;
      for (let t = 0; t < size; t++) {
        const angle = -2 * Math.PI * k * t / size;
        sr += re[t] * Math.cos(angle) - im[t] * Math.sin(angle);
        si += re[t] * Math.sin(angle) + im[t] * Math.cos(angle);
      }
      const at = bits === 0
        ? 0
        : parseInt(k.toString(2).padStart(bits, "0").split("").reverse().join(""), 2);
      assert.ok(Math.abs(fr[at] - sr) < 1e-11 && Math.abs(fi[at] - si) < 1e-11, `${size}: ${k}`);
    }
    fft.inverse(fr, fi);
    assert.ok(relativeError(fr, re) < 1e-14 && relativeError(fi, im) < 1e-14);
  }
  for (const size of [0, 3, 12, -4]) {
    assert.throws(() => makeFft(size), new RegExp(`FFT size ${size}: no power of 2`));
  }
});

Deno.test("fft: the inverse of a product is the cyclic convolution times the size", () => {
  for (const size of [1, 2, 4, 8, 16, 32, 64, 128]) {
    const signal = (seed: number) => ({
      re: normals(keyOf(seed), size),
      im: normals(keyOf(seed + 1), size),
    });
    const [a, b] = [signal(1), signal(3)];
    const want = { re: new Float64Array(size), im: new Float64Array(size) };
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) {
        want.re[(i + j) % size] += size * (a.re[i] * b.re[j] - a.im[i] * b.im[j]);
        want.im[(i + j) % size] += size * (a.re[i] * b.im[j] + a.im[i] * b.re[j]);
      }
    }
    const fft = makeFft(size);
    fft.forward(a.re, a.im);
    fft.forward(b.re, b.im);
    const out = signal(5); // what was there counts for nothing
    const before = [a, b].map(({ re, im }) => [...re, ...im]);
    fft.inverseOfProduct(a, b, out);
    assert.ok(relativeError(out.re, want.re) < 1e-13, `${size}`);
    assert.ok(relativeError(out.im, want.im) < 1e-13, `${size}`);
    assert.deepEqual([a, b].map(({ re, im }) => [...re, ...im]), before);
  }
});

Deno.test("fft: blocks are at least four times as long as what each loses", () => {
  assert.deepEqual([1, 1024, 1025, 2048, 2049].map(overlapSize), [4096, 4096, 8192, 8192, 16384]);
});
