/** @file The normal quantile against the distribution function, by its series and its continued fraction. */
import assert from "node:assert/strict";
import { normalQuantile } from "../../lib/random/normal.ts";

const density = (x: number) => Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);

/** P(N(0, 1) <= -x) for x > 0. */
function lowerTail(x: number): number {
  if (x < 3) {
    // Abramowitz & Stegun 26.2.11
    let [term, sum] = [x, x];
    for (let k = 3; term > 1e-18 * sum; k += 2) sum += term *= x * x / k;
    return 0.5 - density(x) * sum;
  }
  // 26.2.14, from its far end
  let fraction = x;
  for (let k = 300; k >= 1; k--) fraction = x + k / fraction;
  return density(x) / fraction;
}

Deno.test("normal quantiles invert the distribution function, from the centre to the far tail", () => {
  // The pieces of the approximation meet at 1.4395 and at 6.66.
  const points = [1e-3, 0.1, 0.7, 1.2, 1.43, 1.44, 1.5, 2, 2.9, 3.1, 4, 5, 6, 6.5, 6.65, 6.67, 7];
  for (const x of [...points, 8, 9.5, 12, 17, 25, 37]) {
    assert.ok(Math.abs(normalQuantile(lowerTail(x)) / -x - 1) < 1e-12, `${x}`);
  }
});

Deno.test("normal quantiles are odd about one half", () => {
  assert.equal(normalQuantile(0.5), 0);
  for (const power of [2, 3, 4, 5, 6, 10, 20, 40, 50]) {
    const p = 2 ** -power; // 1 - p is exact
    assert.ok(normalQuantile(p) < 0);
    assert.equal(normalQuantile(1 - p), -normalQuantile(p));
  }
});

Deno.test("outside of (0, 1) there is no finite quantile", () => {
  for (const p of [-1, 0, 1, 2, NaN]) assert.ok(!Number.isFinite(normalQuantile(p)), `${p}`);
});
