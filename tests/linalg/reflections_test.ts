/** @file Products of the fewest reflections against ranks by another decomposition, and what is no orthogonal matrix. */
import assert from "node:assert/strict";
import { identity, multiply } from "../../lib/linalg/matrix.ts";
import { randomOrthogonal } from "../../lib/linalg/orthogonal.ts";
import { product, reflect, reflectionsOf } from "../../lib/linalg/reflections.ts";
import { singularValues } from "../../lib/linalg/svd.ts";
import { keyOf } from "../../lib/random/random.ts";

const near = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  assert.ok(Array.from(a).every((value, i) => Math.abs(value - b[i]) < 1e-9));

Deno.test("as many unit vectors as I - M has rank, of which the product is M", () => {
  for (let seed = 0; seed < 12; seed++) {
    const n = 1 + seed % 5;
    const Q = randomOrthogonal(keyOf(seed), n);
    // Also of matrices that keep some directions.
    const moved = 1 + seed % n;
    const M = identity(n);
    const inner = randomOrthogonal(keyOf(100 + seed), moved);
    for (let i = 0; i < moved; i++) {
      for (let j = 0; j < moved; j++) M[i * n + j] = inner[i * moved + j];
    }
    const transposed = Float64Array.from(Q, (_, at) => Q[at % n * n + Math.floor(at / n)]);
    const turned = multiply(multiply(Q, M, n, n, n), transposed, n, n, n);
    const directions = reflectionsOf(turned, n);
    const rest = turned.map((value, at) => value - Number(at % (n + 1) === 0));
    const rank = singularValues(rest, n, n).filter((s) => s > 1e-9).length;
    assert.equal(directions.length, rank, `${n}, ${moved}`);
    for (const v of directions) near([v.reduce((sum, x) => sum + x * x, 0)], [1]);
    near(product(directions, n), turned);
  }
});

Deno.test("one reflection of several columns is I - 2 v v'", () => {
  const A = Float64Array.of(1, 2, 3, 4, 5, 6); // [2, 3]
  reflect(A, Float64Array.of(0.6, 0.8));
  // v' A = (3.8, 5.2, 6.6)
  near(A, [1 - 4.56, 2 - 6.24, 3 - 7.92, 4 - 6.08, 5 - 8.32, 6 - 10.56]);
});

Deno.test("the identity takes none, and what is no orthogonal matrix is refused", () => {
  assert.deepEqual(reflectionsOf(identity(3), 3), []);
  assert.deepEqual(product([], 2), identity(2));
  assert.throws(() => reflectionsOf(Float64Array.of(1, 1, 0, 1), 2), /rows 0 and 0 .* product 2/);
  assert.throws(
    () => reflectionsOf(Float64Array.of(1, 0, 0.5, Math.sqrt(0.75)), 2),
    /rows 0 and 1/,
  );
});
