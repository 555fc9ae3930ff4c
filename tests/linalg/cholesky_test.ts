import assert from "node:assert/strict";
import { CholeskyDecomposition, Matrix } from "ml-matrix";
import { cholesky, choleskySolve } from "../../lib/linalg/cholesky.ts";
import { makeFft } from "../../lib/linalg/fft.ts";
import {
  linearForecaster,
  type LinearMap,
  SPREAD_EPSILON,
  windowSpread,
} from "../../lib/tasks/forecasting/linear_map.ts";
import { keyOf, normals } from "../../lib/random/random.ts";
import { relativeError } from "../tasks/forecasting/fixtures.ts";

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
  for (const size of [0, 3, 12, -4]) {
    assert.throws(() => makeFft(size), new RegExp(`FFT size ${size}: no power of 2`));
  }
});

Deno.test("linear map: one window at a time and all at once give the same forecasts", () => {
  // Direct below lookback 24, one transform block, several blocks, an odd horizon, horizon 1, a lookback of more than
  // a block; without the spread, too.
  const cases: [number, number, number][] = [
    [1, 1, 50],
    [7, 3, 63],
    [23, 2, 40],
    [24, 5, 100],
    [63, 1, 9000],
    [63, 4, 4034],
    [63, 2, 4035],
    [1500, 3, 20],
    [4200, 1, 3],
  ];
  cases.forEach(([lookback, horizon, count], example) => {
    const x = normals(keyOf(3), lookback + count + 4);
    const map: LinearMap = {
      lookback,
      horizon,
      weights: normals(keyOf(4), lookback * horizon),
      intercept: normals(keyOf(5), horizon),
      spread: example % 2 ? normals(keyOf(6), horizon) : undefined,
    };
    const first = lookback + 3;
    const out = new Float64Array(horizon * count);
    const forecaster = linearForecaster(map);
    assert.deepEqual([forecaster.lookback, forecaster.horizon], [lookback, horizon]);
    // A second call reuses what the first prepared, and the output's old values count for nothing.
    forecaster.predict(x.map((v) => 1 - v), first, count, out);
    forecaster.predict(x, first, count, out);
    const expected = new Float64Array(horizon * count);
    for (let i = 0; i < count; i++) {
      const window = x.subarray(first + i - lookback, first + i);
      const mean = window.reduce((a, b) => a + b) / lookback;
      const variance = window.reduce((a, b) => a + (b - mean) ** 2, 0) / lookback;
      for (let h = 0; h < horizon; h++) {
        let y = map.intercept[h] + (map.spread?.[h] ?? 0) * Math.sqrt(variance + SPREAD_EPSILON);
        for (let l = 0; l < lookback; l++) y += map.weights[l * horizon + h] * window[l];
        expected[h * count + i] = y;
      }
    }
    assert.ok(relativeError(out, expected) < 1e-12, `${lookback} to ${horizon}, ${count} windows`);
  });
});

Deno.test("linear map: weights or intercepts of another size are refused", () => {
  const made = (weights: number, intercepts: number) => () =>
    linearForecaster({
      lookback: 2,
      horizon: 3,
      weights: new Float64Array(weights),
      intercept: new Float64Array(intercepts),
    });
  assert.doesNotThrow(made(6, 3));
  assert.throws(made(5, 3), /a map from 2 to 3 has 5 weights and 3 intercepts/);
  assert.throws(made(6, 2), /6 weights and 2 intercepts/);
});

Deno.test("spread: the deviation of the rows before each origin, kept from zero where they are constant", () => {
  const x = Float64Array.of(9, 4, 4, 4, 1, 7, 1);
  // Windows 4 4 4, 4 4 1 and 4 1 7.
  const spread = windowSpread(x, 4, 3, 3);
  assert.equal(SPREAD_EPSILON, 1e-5);
  [0, 2, 6].forEach((variance, i) =>
    assert.ok(Math.abs(spread[i] - Math.sqrt(variance + 1e-5)) < 1e-15)
  );
  assert.deepEqual([...windowSpread(x, 2, 2, 1)], [Math.sqrt(1e-5), Math.sqrt(1e-5)]);
});

Deno.test("cholesky: factor and solution of odd sizes against ml-matrix", () => {
  for (const [n, m] of [[1, 1], [2, 3], [5, 1], [6, 2], [63, 7]]) {
    const F = Matrix.from1DArray(n, n + 2, [...normals(keyOf(n), n * (n + 2))]);
    const A = F.mmul(F.transpose());
    const B = Matrix.from1DArray(n, m, [...normals(keyOf(9), n * m)]);
    const given = Float64Array.from(A.to1DArray());
    const right = Float64Array.from(B.to1DArray());
    const R = cholesky(given, n);
    const X = choleskySolve(R, right, n, m);
    assert.deepEqual([...given], A.to1DArray(), "the matrix stays as it was");
    assert.deepEqual([...right], B.to1DArray(), "the right-hand sides stay as they were");
    const oracle = new CholeskyDecomposition(A);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j <= i; j++) {
        assert.ok(Math.abs(R[i * n + j] - oracle.lowerTriangularMatrix.get(i, j)) < 1e-10);
      }
    }
    assert.ok(relativeError(X, oracle.solve(B).to1DArray()) < 1e-8, `${n} x ${m}`);
  }
});

Deno.test("cholesky: by hand, and only the lower triangle counts", () => {
  // [2 0; 3 1] times its transpose.
  const R = cholesky(Float64Array.of(4, 99, 6, 10), 2);
  assert.deepEqual([R[0], R[2], R[3]], [2, 3, 1]);
  assert.deepEqual([...choleskySolve(R, Float64Array.of(2, 8, 4, 13), 2, 2)], [-1, 0.5, 1, 1]);
});

Deno.test("cholesky: a matrix that is not positive definite is refused, at the pivot where it shows", () => {
  assert.throws(() => cholesky(Float64Array.of(1, 2, 2, 1), 2), /pivot 2 of 2 is -3/);
  assert.throws(() => cholesky(Float64Array.of(1, 1, 1, 1), 2), /pivot 2 of 2 is 0/);
  assert.throws(() => cholesky(Float64Array.of(NaN), 1), /pivot 1 of 1 is NaN.*larger ridge/);
});
