/** @file Equivalence against scipy's two t tests, by its interval, and by how often it shows what is not so. */
import assert from "node:assert/strict";
import { equivalence } from "../../lib/analysis/equivalence.ts";
import { tTail } from "../../lib/analysis/intervals.ts";
import { keyOf, normals } from "../../lib/random/random.ts";

const values = [-0.07, 0.12, 0.05, -0.2, 0.03, 0.09, -0.11, 0.02];

Deno.test("upper tails of t equal scipy's", () => {
  const expected: [number, number, number][] = [
    [0, 3, 0.5],
    [1.5, 1, 0.18716704181099886],
    [2.5, 4, 0.03338327240599407],
    [-1.2, 7, 0.8654140315863967],
    [4, 19, 0.0003830961686143225],
  ];
  for (const [t, degrees, p] of expected) assert.ok(Math.abs(tTail(t, degrees) - p) < 1e-14);
  assert.equal(tTail(Infinity, 5), 0);
  for (const bad of [0, 1.5, NaN]) assert.throws(() => tTail(1, bad), /degrees of freedom/);
  assert.throws(() => tTail(NaN, 3), /t = NaN/);
});

Deno.test("p is the larger of scipy's two one-sided t tests, and agrees with the 90 % interval", () => {
  const { p, interval } = equivalence(values, 0.15);
  assert.ok(Math.abs(p - 0.003951235738193742) < 1e-12);
  assert.ok(Math.abs(interval.low! + 0.08155120133224142) < 1e-12);
  assert.ok(Math.abs(interval.high! - 0.06405120133224138) < 1e-12);
  const end = Math.max(-interval.low!, interval.high!);
  assert.ok(equivalence(values, end + 1e-9).p <= 0.05);
  assert.ok(equivalence(values, end - 1e-9).p > 0.05);
  assert.equal(equivalence(values.map((v) => -v), 0.15).p, p);
});

Deno.test("one value, and values that do not spread", () => {
  assert.equal(equivalence([0], 0.15).p, 1);
  assert.equal(equivalence([0.1, 0.1, 0.1], 0.15).p, 0);
  assert.equal(equivalence([0.2, 0.2, 0.2], 0.15).p, 1);
  assert.equal(equivalence([0.15, 0.15], 0.15).p, 1);
  for (const bad of [0, -1, NaN]) assert.throws(() => equivalence(values, bad), /margin/);
});

Deno.test("a control that contains 0 with a wide interval shows nothing: -7 [-31, 17] points of five systems", () => {
  // Mean -7 and the spread at which the 95 % interval of five is 24 on either side.
  const spread = 24 / 2.7764451052 * Math.sqrt(5) / Math.sqrt(2.5);
  const five = [-2, -1, 0, 1, 2].map((k) => (-7 + k * spread) / 100);
  const { p, power } = equivalence(five, 0.15);
  assert.ok(p > 0.2, `${p}`);
  assert.ok(power < 0.2, `${power}`);
});

Deno.test("with a spread of 19.3 points twenty systems show equivalence within 15 in nine of ten cases", () => {
  // .912 by 200,000 simulations in numpy. At a difference of exactly the margin it is shown in 5 %.
  const n = 20;
  const [shown, wrongly, claimed] = [0, 0.15].map((mean) => {
    let count = 0;
    let power = 0;
    for (let k = 0; k < 4000; k++) {
      const found = equivalence(normals(keyOf(k), n).map((z) => mean + 0.193 * z), 0.15);
      if (found.p <= 0.05) count++;
      power += found.power / 4000;
    }
    return [count / 4000, power];
  }).flat().filter((_, i) => i !== 3) as [number, number, number];
  console.log(`equivalence, n = 20, spread 19.3: power ${shown}, said beforehand ${wrongly}`);
  assert.ok(Math.abs(shown - 0.912) < 0.015, `${shown}`);
  assert.ok(Math.abs(wrongly - 0.912) < 0.03, `its own estimate ${wrongly}`);
  assert.ok(claimed < 0.06, `${claimed}`);
});
