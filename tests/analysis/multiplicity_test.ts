/** @file Holm and Benjamini-Hochberg against what was published with them, and against scipy. */
import assert from "node:assert/strict";
import { benjaminiHochberg, holm } from "../../lib/analysis/multiplicity.ts";

// Benjamini and Hochberg 1995, section 3.3: 15 tests of a thrombolysis trial.
const published = [
  ...[0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459],
  ...[0.324, 0.4262, 0.5719, 0.6528, 0.759, 1],
];
const rejected = (ps: number[]) => ps.filter((p) => p <= 0.05).length;

Deno.test("of the fifteen tests of Benjamini and Hochberg's paper theirs rejects four, Holm's three", () => {
  assert.equal(rejected(benjaminiHochberg(published)), 4);
  assert.equal(rejected(holm(published)), 3);
  // Adjusted by hand: 15/4 of the fourth; 12 times the fourth by Holm.
  assert.ok(Math.abs(benjaminiHochberg(published)[3] - 0.0095 * 15 / 4) < 1e-15);
  assert.ok(Math.abs(holm(published)[3] - 0.0095 * 12) < 1e-15);
});

Deno.test("adjusted p values stand in the order of the tests: by hand, and by scipy", () => {
  const ps = [0.01, 0.04, 0.03, 0.005, 0.2];
  const near = (found: number[], expected: number[]) =>
    found.forEach((p, i) => assert.ok(Math.abs(p - expected[i]) < 1e-12, `${found}`));
  near(benjaminiHochberg(ps), [0.025, 0.05, 0.05, 0.025, 0.2]); // scipy.stats.false_discovery_control
  near(holm(ps), [0.04, 0.09, 0.09, 0.025, 0.2]); // .01 * 4, then .03 * 3 carries .04 * 2
  near(holm([0.5, 0.6]), [1, 1]);
  assert.deepEqual([holm([]), benjaminiHochberg([])], [[], []]);
  assert.deepEqual([holm([0.03]), benjaminiHochberg([0.03])], [[0.03], [0.03]]);
  // A tie is no place of its own.
  near(benjaminiHochberg([0.02, 0.02]), [0.02, 0.02]);
  for (const bad of [NaN, -0.1, 1.1]) {
    assert.throws(() => holm([0.5, bad]), /p 1 of 2/);
    assert.throws(() => benjaminiHochberg([bad]), /p 0 of 1/);
  }
});
