/** @file The discrete cosine basis of a window: orthonormal, ordered by frequency, and a rotation of the problem only. */
import assert from "node:assert/strict";
import { centre, trainingLoss, windowMoments } from "../../../lib/tasks/forecasting/moments.ts";
import { dctMatrix, rotate, unrotate } from "../../../lib/tasks/forecasting/window_basis.ts";
import { keyOf, normals } from "../../../lib/random/random.ts";
import { randomSeries, relativeError } from "./fixtures.ts";

/** A [n, k] B [k, m] by three loops. */
function product(A: ArrayLike<number>, B: ArrayLike<number>, n: number, k: number, m: number) {
  const out = new Float64Array(n * m);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < k; j++) {
      for (let h = 0; h < m; h++) out[i * m + h] += A[i * k + j] * B[j * m + h];
    }
  }
  return out;
}

const transposed = (A: ArrayLike<number>, n: number, m: number) =>
  Float64Array.from({ length: n * m }, (_, k) => A[(k % n) * m + Math.floor(k / n)]);

Deno.test("dct: orthonormal at every size, odd ones and 1 included", () => {
  for (const n of [1, 2, 3, 7, 12, 31]) {
    const T = dctMatrix(n);
    assert.equal(T.length, n * n);
    const eye = product(T, transposed(T, n, n), n, n, n);
    eye.forEach((value, k) =>
      assert.ok(Math.abs(value - (k % (n + 1) === 0 ? 1 : 0)) < 1e-13, `${n}: ${k}`)
    );
  }
});

Deno.test("dct: row k is a cosine of k half periods, sampled in the middle of each row of the window", () => {
  const n = 5;
  const T = dctMatrix(n);
  for (let l = 0; l < n; l++) {
    assert.ok(Math.abs(T[l] - 1 / Math.sqrt(n)) < 1e-15);
    for (let k = 1; k < n; k++) {
      const expected = Math.sqrt(2 / n) * Math.cos(Math.PI / n * (l + 1 / 2) * k);
      assert.ok(Math.abs(T[k * n + l] - expected) < 1e-14, `${k}, ${l}`);
    }
  }
});

const [lookback, horizon] = [7, 4];
const covariances = centre(windowMoments(randomSeries(60, 2).channels, [0, 60], lookback, horizon));

Deno.test("rotated covariances are T G T' and T C, the rest is untouched", () => {
  const T = normals(keyOf(1), lookback * lookback); // no symmetry that could hide a transposition
  const rotated = rotate(covariances, T);
  const TG = product(T, covariances.G, lookback, lookback, lookback);
  const G = product(TG, transposed(T, lookback, lookback), lookback, lookback, lookback);
  assert.ok(relativeError(rotated.G, G) < 1e-13);
  const C = product(T, covariances.C, lookback, lookback, horizon);
  assert.ok(relativeError(rotated.C, C) < 1e-13);
  assert.deepEqual({ ...rotated, G: 0, C: 0 }, { ...covariances, G: 0, C: 0 });
  assert.equal(rotate(covariances, undefined), covariances);
});

Deno.test("weights of the rotated window have the loss of the weights they stand for", () => {
  const M = normals(keyOf(2), lookback * horizon);
  const T = dctMatrix(lookback);
  const W = unrotate(M, T, lookback, horizon);
  assert.ok(
    relativeError(W, product(transposed(T, lookback, lookback), M, lookback, lookback, horizon)) <
      1e-13,
  );
  const loss = trainingLoss(covariances, W);
  assert.ok(Math.abs(trainingLoss(rotate(covariances, T), M) / loss - 1) < 1e-12);
  assert.equal(unrotate(M, undefined, lookback, horizon), M);
});
