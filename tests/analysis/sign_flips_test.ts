/** @file The sign-flip test against all flips one by one, against scipy, and against Wilcoxon's, which is the same test of ranks. */
import assert from "node:assert/strict";
import { fewestFor, signFlips } from "../../lib/analysis/sign_flips.ts";
import { fold, keyOf, normals, uniforms } from "../../lib/random/random.ts";

const signFlipP = (values: readonly number[]) => signFlips(values).above;

/** Every flip, one by one. */
function plain(values: readonly number[]): number {
  const sum = (flip: number) =>
    values.reduce((all, value, i) => all + (flip >> i & 1 ? -value : value), 0);
  const all = values.reduce((total, value) => total + Math.abs(value), 0);
  let count = 0;
  for (let flip = 0; flip < 2 ** values.length; flip++) {
    if (sum(flip) >= sum(0) - 1e-12 * all) count++;
  }
  return count / 2 ** values.length;
}

Deno.test("p is the share of sign flips with so large a mean: all flips one by one, sizes 1 to 12", () => {
  for (let n = 1; n <= 12; n++) {
    for (let seed = 0; seed < 4; seed++) {
      const values = Array.from(normals(keyOf(100 * n + seed), n), (z) => z + 0.3 * seed);
      const below = plain(values.map((v) => -v));
      assert.deepEqual(signFlips(values), { above: plain(values), below }, `${n}, seed ${seed}`);
    }
  }
  // Zeros and ties: every flip of a zero is a tie.
  for (const values of [[0], [0, 0, 0], [1, 0, 0], [1, -1], [2, -1, -1], [0.1, 0.2, -0.3, 0.1]]) {
    assert.equal(signFlipP(values), plain(values), values.join());
  }
  assert.equal(signFlipP([1, 1, 1, 1, 1]), 1 / 32);
  assert.equal(signFlipP([-1, -1, -1, -1, -1]), 1);
});

Deno.test("p equals scipy's permutation test of samples, and its exact Wilcoxon test on signed ranks", () => {
  // scipy 1.17: permutation_test(permutation_type="samples", alternative="greater", n_resamples=inf)
  assert.equal(signFlipP([0.8, -0.3, 1.2, 0.1, 0.9, -0.05, 0.4]), 0.046875);
  // scipy 1.17: wilcoxon(alternative="greater", mode="exact"), of signed whole numbers, which are their ranks
  assert.equal(signFlipP([1, 2, -3, 4, 5, 6, -7, 8, 9, 10, 11, -12]), 0.101806640625);
  const twenty = [1, -2, 3, 4, -5, 6, 7, 8, 9, -10, 11, 12, -13, 14, 15, 16, 17, -18, 19, 20];
  assert.equal(signFlipP(twenty), 0.016384124755859375);
  const thirds = (n: number) => Array.from({ length: n }, (_, i) => (i + 1) % 3 ? i + 1 : -i - 1);
  assert.ok(Math.abs(signFlipP(thirds(36)) - 0.06136009439069312) < 1e-15);
});

Deno.test("beyond 40 values flips are drawn: near the exact p, the same at every call", () => {
  const fifty = Array.from({ length: 50 }, (_, i) => (i + 1) % 3 ? i + 1 : -i - 1);
  const p = signFlipP(fifty);
  // wilcoxon of scipy; the standard error of 99,999 draws is .00036.
  assert.ok(Math.abs(p - 0.01308348408559823) < 4 * 0.00036, `${p}`);
  // Those of more values, which are kept, begin like those of fewer.
  assert.equal(signFlipP(new Array(60).fill(1)), 1 / 100_000);
  assert.equal(signFlipP(fifty), p);
  assert.equal(signFlipP(new Array(41).fill(1)), 1 / 100_000); // the observed one counts
});

Deno.test("a drawn flip turns the signs of values whose number of its draw is below a half", () => {
  const values = Array.from({ length: 41 }, (_, i) => Math.sin(i) + 0.2);
  const observed = values.reduce((a, b) => a + b);
  let count = 1;
  for (let draw = 0; draw < 99_999; draw++) {
    const numbers = uniforms(fold(keyOf(0), draw), values.length);
    const sum = values.reduce((sum, v, i) => sum + (numbers[i] < 0.5 ? -1 : 1) * Math.abs(v), 0);
    if (sum >= observed) count++;
  }
  assert.equal(signFlipP(values), count / 100_000);
});

Deno.test("p does not depend on units or order, and what is no number is refused", () => {
  const values = [0.3, -0.1, 0.25, 0.4, -0.05, 0.2];
  const p = signFlipP(values);
  for (const scale of [1e-9, 1e9]) assert.equal(signFlipP(values.map((v) => v * scale)), p);
  assert.equal(signFlipP(values.toReversed()), p);
  assert.throws(() => signFlipP([]), /no values/);
  for (const bad of [NaN, Infinity]) assert.throws(() => signFlipP([1, bad]), /value 1 of 2/);
});

Deno.test("six values are the fewest that can be significant at .025; three tests at once need seven", () => {
  assert.equal(fewestFor(0.025), 6);
  assert.ok(signFlipP(new Array(6).fill(1)) <= 0.025 && signFlipP(new Array(5).fill(1)) > 0.025);
  assert.equal(fewestFor(0.025, 3), 7);
  assert.equal(fewestFor(0.5), 1);
});
