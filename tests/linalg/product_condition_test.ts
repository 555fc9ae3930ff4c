/** @file Condition numbers of products: known ones beyond float64, small ones by decomposition, and the bound that they obey. */
import assert from "node:assert/strict";
import { multiply, transpose } from "../../lib/linalg/matrix.ts";
import { randomOrthogonal } from "../../lib/linalg/orthogonal.ts";
import { logConditionOfProduct } from "../../lib/linalg/product_condition.ts";
import { singularValues } from "../../lib/linalg/svd.ts";
import { fold, keyOf, normals } from "../../lib/random/random.ts";

const close = (a: number, b: number, within = 1e-9) =>
  assert.ok(Math.abs(a - b) <= within * Math.max(1, Math.abs(b)), `${a}, ${b}`);

const drawn = (seed: number, n: number, count: number) =>
  Array.from({ length: count }, (_, i) => normals(fold(keyOf(seed), i), n * n));

const direct = (A: Float64Array, n: number) => {
  const s = singularValues(A, n, n);
  return Math.log(s[0] / s[n - 1]);
};

Deno.test("one factor and three against the decomposition of the product, last factor on the left", () => {
  for (const n of [1, 2, 5]) {
    const [A, B, C] = drawn(n, n, 3);
    close(logConditionOfProduct([A], n), direct(A, n));
    const product = multiply(C, multiply(B, A, n, n, n), n, n, n);
    close(logConditionOfProduct([A, B, C], n), direct(product, n));
  }
});

Deno.test("powers that no float64 holds: aligned factors multiply their condition numbers, inverse ones cancel them", () => {
  const n = 3;
  const Q = randomOrthogonal(keyOf(1), n);
  const powerOf = (of: (x: number) => number) => {
    const D = Float64Array.from([of(1), 0, 0, 0, of(10), 0, 0, 0, of(100)]);
    return multiply(Q, multiply(D, transpose(Q, n, n), n, n, n), n, n, n);
  };
  const A = powerOf((x) => x), inverse = powerOf((x) => 1 / x);
  close(logConditionOfProduct(Array(200).fill(A), n), 400 * Math.log(10), 1e-6);
  // The bound that is attained here is as far off as can be there.
  close(logConditionOfProduct([A, inverse], n), 0, 1e-9);
  close(logConditionOfProduct([], n), 0);
});

Deno.test("the log condition number of a product is at most the sum, whatever the factors", () => {
  for (let seed = 0; seed < 60; seed++) {
    const n = 1 + seed % 6;
    const factors = drawn(100 + seed, n, 2 + seed % 5);
    const sum = factors.reduce((all, A) => all + logConditionOfProduct([A], n), 0);
    const all = logConditionOfProduct(factors, n);
    assert.ok(all <= sum + 1e-9 && all >= -1e-9, `${n}: ${all}, ${sum}`);
  }
});

Deno.test("a factor without an inverse, or with what is no number, is named", () => {
  const [A] = drawn(1, 2, 1);
  const flat = Float64Array.from([1, 2, 2, 4]);
  assert.throws(() => logConditionOfProduct([A, flat], 2), /factor 1 .* has no inverse/);
  assert.throws(() => logConditionOfProduct([Float64Array.from([1, NaN, 0, 1])], 2), /entry NaN/);
});
