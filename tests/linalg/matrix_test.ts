/** @file Dense float64 operations against ml-matrix and against answers known on paper. */
import assert from "node:assert/strict";
import { Matrix } from "ml-matrix";
import {
  identity,
  multiply,
  multiplyTransposed,
  symmetrise,
  trace,
  transpose,
} from "../../lib/linalg/matrix.ts";
import { cholesky, choleskySolveRows } from "../../lib/linalg/cholesky.ts";
import { randomOrthogonal } from "../../lib/linalg/orthogonal.ts";
import { keyOf, normals } from "../../lib/random/random.ts";
import { difference, matrix } from "../ssm/oracle.ts";

Deno.test("products, transpose, trace and identity are those of ml-matrix, at odd sizes", () => {
  for (const [rows, inner, columns] of [[1, 1, 1], [3, 1, 2], [1, 4, 1], [5, 3, 7]]) {
    const a = normals(keyOf(1), rows * inner);
    const b = normals(keyOf(2), inner * columns);
    const [A, B] = [matrix(a, rows, inner), matrix(b, inner, columns)];
    const want = A.mmul(B).to1DArray();
    assert.ok(difference(multiply(a, b, rows, inner, columns), want) < 1e-14);
    const bt = transpose(b, inner, columns);
    assert.deepEqual([...bt], B.transpose().to1DArray());
    assert.ok(difference(multiplyTransposed(a, bt, rows, inner, columns), want) < 1e-14);
  }
  assert.equal(trace(Float64Array.of(1, 10, 20, 30, 2, 40, 50, 60, 4), 3), 7);
  assert.deepEqual([...identity(3)], [1, 0, 0, 0, 1, 0, 0, 0, 1]);
});

Deno.test("symmetrise replaces a pair of entries by its mean and leaves the diagonal", () => {
  const a = Float64Array.of(1, 2, 3, 6, 5, 7, -3, 1, 9);
  symmetrise(a, 3);
  assert.deepEqual([...a], [1, 4, 0, 4, 5, 4, 0, 4, 9]);
});

Deno.test("the Cholesky factor is lower triangular with a positive diagonal, and squares to the matrix", () => {
  // [[4, 2], [2, 10]] = [[2, 0], [1, 3]] times its transpose.
  assert.deepEqual([...cholesky(Float64Array.of(4, 2, 2, 10), 2)], [2, 0, 1, 3]);
  for (const n of [1, 3, 8]) {
    const g = normals(keyOf(n), n * (n + 2));
    const a = multiplyTransposed(g, g, n, n + 2, n);
    const L = matrix(cholesky(a, n), n, n);
    for (let i = 0; i < n; i++) {
      assert.ok(L.get(i, i) > 0);
      for (let j = i + 1; j < n; j++) assert.equal(L.get(i, j), 0);
    }
    assert.ok(Matrix.sub(L.mmul(L.transpose()), matrix(a, n, n)).norm() < 1e-13 * n);
  }
});

Deno.test("a matrix that is not positive definite is refused with its first bad pivot", () => {
  assert.throws(() => cholesky(Float64Array.of(0), 1), /pivot 1 of 1 is 0\)/);
  // The second pivot is 1 - 2^2.
  assert.throws(() => cholesky(Float64Array.of(1, 2, 2, 1), 2), {
    name: "RangeError",
    message: /not positive definite \(pivot 2 of 2 is -3\)/,
  });
  assert.throws(() => cholesky(Float64Array.of(NaN), 1), /pivot 1 of 1 is NaN/);
});

Deno.test("a Cholesky solve returns what was multiplied, row by row, and leaves the right side alone", () => {
  for (const [rows, n] of [[1, 1], [2, 3], [3, 5]]) {
    const g = normals(keyOf(7), n * n);
    const a = multiplyTransposed(g, g, n, n, n);
    const x = normals(keyOf(8), rows * n);
    const b = multiply(x, a, rows, n, n);
    const before = b.slice();
    assert.ok(difference(choleskySolveRows(cholesky(a, n), b, rows, n), x) < 1e-9);
    assert.deepEqual(b, before);
  }
});

Deno.test("random orthogonal matrices are orthogonal to rounding", () => {
  for (const n of [1, 2, 7, 64]) {
    const Q = matrix(randomOrthogonal(keyOf(n), n), n, n);
    assert.ok(Matrix.sub(Q.mmul(Q.transpose()), Matrix.eye(n)).norm() < 2e-15 * n);
  }
  // A key whose Gaussian rows are nearly dependent, so that one pass of Gram-Schmidt would lose digits.
  const Q = matrix(randomOrthogonal(keyOf(1125), 2), 2, 2);
  assert.ok(Matrix.sub(Q.mmul(Q.transpose()), Matrix.eye(2)).norm() < 1e-15);
});

Deno.test("random orthogonal matrices are uniform: every entry has mean 0, variance 1/n, kurtosis of Haar", () => {
  const [n, count] = [3, 4000];
  const sums = new Float64Array(n * n);
  const squares = new Float64Array(n * n);
  const fourths = new Float64Array(n * n);
  let positive = 0;
  for (let key = 0; key < count; key++) {
    const Q = randomOrthogonal(keyOf(key), n);
    Q.forEach((q, i) => {
      sums[i] += q / count;
      squares[i] += q * q / count;
      fourths[i] += q ** 4 / count;
    });
    const [a, b, c, d, e, f, g, h, i] = Q;
    positive += Number(a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g) > 0);
  }
  for (let i = 0; i < n * n; i++) {
    assert.ok(Math.abs(sums[i]) < 4.5 * Math.sqrt(1 / 3 / count));
    assert.ok(Math.abs(squares[i] - 1 / 3) < 4.5 * Math.sqrt((1 / 5 - 1 / 9) / count));
    assert.ok(Math.abs(fourths[i] - 1 / 5) < 4.5 * Math.sqrt((1 / 9 - 1 / 25) / count));
  }
  // Reflections are as likely as rotations.
  assert.ok(Math.abs(positive / count - 0.5) < 4 * Math.sqrt(0.25 / count));
});
