/** @file The power of growth, of laws whose power is known. */
import assert from "node:assert/strict";
import { growthExponent } from "../../lib/analysis/growth_exponent.ts";

const at = [1, 2, 4, 8, 16, 32];
const close = (a: number, b: number, bound: number) =>
  assert.ok(Math.abs(a - b) <= bound, `${a} ${b}`);

Deno.test("the exponent of a power law with and without a fixed part, whatever the scale", () => {
  for (const power of [0.5, 1, 1.5, 2, 3]) {
    for (const fixed of [0, 0.3, 20]) {
      for (const scale of [1, 1e-6]) {
        const points = at.map((n) => [n, scale * (fixed + n ** power)] as const);
        const found = growthExponent(points);
        close(found.exponent, power, 1e-4);
        close(found.fixed / scale, fixed, 1e-2);
        if (fixed === 0) close(found.slope, power, 1e-12);
        else assert.ok(found.slope < power - 0.02, `${found.slope}`);
      }
    }
  }
});

Deno.test("neither part is below zero: a law steeper than its points is a power of them alone", () => {
  // n^2 - n / 2: a fit with a negative part would have another power.
  const { exponent, fixed } = growthExponent(at.map((n) => [n, n ** 2 - n / 2] as const));
  assert.equal(fixed, 0);
  assert.ok(exponent > 2 && exponent < 2.3, `${exponent}`);
  // What falls does not grow.
  const falling = growthExponent(at.map((n) => [n, 1 / n] as const));
  close(falling.slope, -1, 1e-12);
  // A constant c alone: of least sum (1 - c n)^2.
  close(falling.fixed, 63 / 1365, 1e-12);
});

Deno.test("errors count as shares of the values: the largest do not decide alone", () => {
  // 10 % more at 1 moves the exponent as much as 10 % more anywhere; in plain squares it would not.
  const moved = (which: number) =>
    growthExponent(at.map((n) => [n, (1 + n) * (n === which ? 1.1 : 1)] as const)).exponent;
  assert.ok(Math.abs(moved(1) - 1) > 0.02);
});

Deno.test("numbers that cannot be are refused", () => {
  assert.throws(() => growthExponent([[1, 2], [1, 3]]), /one n/);
  assert.throws(() => growthExponent([[1, 2], [2, 0]]), /: 0; expected finite numbers above 0/);
  assert.throws(() => growthExponent([[1, 2], [2, NaN]]), /NaN/);
});
