/** @file Ridge regression against ml-matrix, and the map that it makes. */
import assert from "node:assert/strict";
import { inverse, Matrix } from "ml-matrix";
import { predicted, ridgeRegressions } from "../../lib/domains/ridge_regression.ts";
import { keyOf, normals } from "../../lib/random/random.ts";

const rows = 23, n = 3;
const features = normals(keyOf(1), rows * n).map((x, i) => (1 + i % n) * x + 10 * (i % n));
const targets = normals(keyOf(2), rows).map((e, r) =>
  5 + 2 * features[r * n] - features[r * n + 2] + e
);

Deno.test("ridge regression: weights and intercept are those of the normal equations, for every ridge", () => {
  const ridges = [0, 0.1, 3];
  const X = new Matrix(
    Array.from({ length: rows }, (_, r) => [...features.subarray(r * n, r * n + n)]),
  );
  const C = X.clone().center("column");
  const y = Matrix.columnVector([...targets]).center("column");
  const covariance = C.transpose().mmul(C).div(rows);
  for (const [i, { weights, intercept }] of ridgeRegressions(features, targets, ridges).entries()) {
    const penalty = Matrix.eye(n, n, ridges[i] * covariance.trace() / n);
    const expected = inverse(Matrix.add(covariance, penalty)).mmul(C.transpose().mmul(y)).div(rows);
    expected.to1DArray().forEach((w, j) => assert.ok(Math.abs(weights[j] - w) < 1e-9));
    // It goes through the means.
    const means = Float64Array.from(X.mean("column"));
    const level = targets.reduce((sum, t) => sum + t, 0) / rows;
    assert.ok(Math.abs(predicted({ weights, intercept }, means) - level) < 1e-9);
  }
});

Deno.test("ridge regression: features that repeat each other share their weight", () => {
  const x = Float64Array.of(1, 1, 2, 2, 4, 4);
  const [{ weights, intercept }] = ridgeRegressions(x, Float64Array.of(3, 5, 9), [0]);
  assert.ok(Math.abs(weights[0] - 1) < 1e-4 && Math.abs(weights[1] - 1) < 1e-4, String(weights));
  assert.ok(Math.abs(intercept - 1) < 1e-3);
});

Deno.test("ridge regression: what is no table, or has nothing to regress on, is refused", () => {
  assert.throws(
    () => ridgeRegressions(new Float64Array(5), new Float64Array(2), [1]),
    /5 features of 2 rows/,
  );
  assert.throws(() => ridgeRegressions(new Float64Array(0), new Float64Array(0), [1]), RangeError);
  assert.throws(
    () => ridgeRegressions(new Float64Array(4).fill(7), new Float64Array(4), [1]),
    /all features are constant/,
  );
});
