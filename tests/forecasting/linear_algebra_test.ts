import assert from "node:assert/strict";
import { CholeskyDecomposition, Matrix } from "ml-matrix";
import { cholesky, choleskySolve } from "../../lib/forecasting/cholesky.ts";
import { makeFft } from "../../lib/forecasting/fft.ts";
import {
  linearForecaster,
  type LinearMap,
  SPREAD_EPSILON,
} from "../../lib/forecasting/linear_map.ts";
import { keyOf, normals } from "../../lib/ssm/random.ts";
import { relativeError } from "./fixtures.ts";

Deno.test("fft: forward is the discrete Fourier transform in bit-reversed order, inverse undoes it", () => {
  for (const size of [1, 2, 4, 8, 32]) {
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
      assert.ok(Math.abs(fr[at] - sr) < 1e-12 && Math.abs(fi[at] - si) < 1e-12, `${size}: ${k}`);
    }
    fft.inverse(fr, fi);
    assert.ok(relativeError(fr, re) < 1e-14 && relativeError(fi, im) < 1e-14);
  }
  assert.throws(() => makeFft(12), /no power of 2/);
});

Deno.test("linear map: one window at a time and all at once give the same forecasts", () => {
  // Direct below lookback 24, one transform block, several blocks, an odd horizon, horizon 1.
  const cases: [number, number, number][] = [[1, 1, 50], [7, 3, 63], [23, 2, 40], [24, 5, 100], [
    63,
    1,
    9000,
  ], [1500, 3, 20]];
  for (const [lookback, horizon, count] of cases) {
    const x = normals(keyOf(3), lookback + count + 4);
    const map: LinearMap = {
      lookback,
      horizon,
      weights: normals(keyOf(4), lookback * horizon),
      intercept: normals(keyOf(5), horizon),
      spread: normals(keyOf(6), horizon),
    };
    const first = lookback + 3;
    const out = new Float64Array(horizon * count);
    linearForecaster(map).predict(x, first, count, out);
    const expected = new Float64Array(horizon * count);
    for (let i = 0; i < count; i++) {
      const window = x.subarray(first + i - lookback, first + i);
      const mean = window.reduce((a, b) => a + b) / lookback;
      const variance = window.reduce((a, b) => a + (b - mean) ** 2, 0) / lookback;
      for (let h = 0; h < horizon; h++) {
        let y = map.intercept[h] + map.spread![h] * Math.sqrt(variance + SPREAD_EPSILON);
        for (let l = 0; l < lookback; l++) y += map.weights[l * horizon + h] * window[l];
        expected[h * count + i] = y;
      }
    }
    assert.ok(relativeError(out, expected) < 1e-12, `${lookback} to ${horizon}, ${count} windows`);
  }
  const wrong = {
    lookback: 2,
    horizon: 2,
    weights: new Float64Array(3),
    intercept: new Float64Array(2),
  };
  assert.throws(() => linearForecaster(wrong), /3 weights/);
});

Deno.test("cholesky: factor and solution of odd sizes against ml-matrix", () => {
  for (const [n, m] of [[1, 1], [2, 3], [5, 1], [63, 7]]) {
    const F = Matrix.from1DArray(n, n + 2, [...normals(keyOf(n), n * (n + 2))]);
    const A = F.mmul(F.transpose());
    const B = Matrix.from1DArray(n, m, [...normals(keyOf(9), n * m)]);
    const R = cholesky(Float64Array.from(A.to1DArray()), n);
    const X = choleskySolve(R, Float64Array.from(B.to1DArray()), n, m);
    const oracle = new CholeskyDecomposition(A);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j <= i; j++) {
        assert.ok(Math.abs(R[i * n + j] - oracle.lowerTriangularMatrix.get(i, j)) < 1e-10);
      }
    }
    assert.ok(relativeError(X, oracle.solve(B).to1DArray()) < 1e-8, `${n} x ${m}`);
  }
  assert.throws(() => cholesky(Float64Array.of(1, 2, 2, 1), 2), /pivot 2 of 2 is -3/);
  assert.throws(() => cholesky(Float64Array.of(NaN), 1), /pivot 1 of 1 is NaN/);
});
