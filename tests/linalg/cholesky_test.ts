/** @file Cholesky factors against another library's and by hand. */
import assert from "node:assert/strict";
import { CholeskyDecomposition, Matrix } from "ml-matrix";
import { cholesky, choleskySolve } from "../../lib/linalg/cholesky.ts";
import { keyOf, normals } from "../../lib/random/random.ts";
import { relativeError } from "../tasks/forecasting/fixtures.ts";

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
