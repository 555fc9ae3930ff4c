/** @file Log ratios of open fractions by hand, at the optimum, and beside ratios of means. */
import assert from "node:assert/strict";
import {
  atOptimum,
  detectable,
  logContrast,
  openFractions,
} from "../../lib/analysis/open_fraction.ts";
import { keyOf, normals } from "../../lib/random/random.ts";

const gap = [0.009, 0.0005, 0.0065, 0.0007, 0.0014];
/** What is left open of each gap. */
const open = (...fractions: number[]) => ({ gap, excess: fractions.map((f, i) => f * gap[i]) });
const near = (a: number, b: number, what = "") =>
  assert.ok(Math.abs(a - b) < 1e-12, `${what} ${a} ${b}`);

Deno.test("a contrast is the log of the ratio of open fractions, system by system", () => {
  const [worse, better] = [open(0.4, 0.5, 0.6, 0.8, 1.2), open(0.2, 0.5, 0.3, 0.1, 0.4)];
  const { values, optimal } = logContrast([{ coefficient: 1, of: worse }, {
    coefficient: -1,
    of: better,
  }]);
  [2, 1, 2, 8, 3].forEach((factor, i) => near(values[i], Math.log(factor)));
  assert.equal(optimal, 0);
  // What patches gain at one setting over what they gain at another.
  const four = logContrast([1, -1, -1, 1].map((coefficient, i) => ({
    coefficient,
    of: [worse, better, better, open(0.1, 0.1, 0.1, 0.1, 0.1)][i],
  })));
  near(four.values[0], Math.log(0.4 / 0.2 / 0.2 * 0.1));
  near(four.values[3], Math.log(0.8 / 0.1 / 0.1 * 0.1));
  // The gap of a shared system cancels.
  const scaled = logContrast([worse, better].map(({ gap, excess }, i) => ({
    coefficient: i ? -1 : 1,
    of: { excess, gap: gap.map((g) => 1000 * g) },
  })));
  scaled.values.forEach((value, i) => near(value, values[i]));
});

Deno.test("a run at the optimum, or below it by the noise of measured losses, counts as a millionth, and is counted", () => {
  const of = { gap: [1, 1, 2, 1, 1], excess: [0, -0.01, 2e-9, 1e-5, 1] };
  assert.deepEqual(openFractions(of), [atOptimum, atOptimum, atOptimum, 1e-5, 1]);
  const { values, optimal } = logContrast([{ coefficient: -1, of }]);
  assert.equal(optimal, 3);
  near(values[1], Math.log(1e6));
  // Two at the optimum are equal there.
  assert.equal(logContrast([{ coefficient: 1, of }, { coefficient: -1, of }]).values[0], 0);
  // A model that is worse than the trivial predictor leaves more than everything open.
  assert.deepEqual(openFractions({ gap: [1], excess: [3] }), [3]);
});

Deno.test("nothing to learn and diverged runs are refused, never a number", () => {
  for (const bad of [0, -1e-9, NaN, Infinity]) {
    assert.throws(() => openFractions({ gap: [1, bad], excess: [1, 1] }), /system 1 of 2 .* gap/);
  }
  for (const bad of [NaN, Infinity]) {
    assert.throws(() => openFractions({ gap: [1], excess: [bad] }), /diverged/);
  }
  assert.throws(() => openFractions({ gap: [], excess: [] }), /at least one/);
  assert.throws(() => openFractions({ gap: [1], excess: [1, 2] }), /as many/);
  assert.throws(() => logContrast([]), /no terms/);
  assert.throws(
    () =>
      logContrast(
        [1, 2].map((n) => ({
          coefficient: 1,
          of: { gap: Array(n).fill(1), excess: Array(n).fill(1) },
        })),
      ),
    /no pairs/,
  );
});

Deno.test("the ratio of means is that of sums, where systems with large gaps rule", () => {
  const [a, b] = [open(0.9, 0.1, 0.9, 0.1, 0.1), open(0.3, 0.2, 0.3, 0.2, 0.2)];
  const { values, ratioOfMeans } = logContrast([{ coefficient: 1, of: a }, {
    coefficient: -1,
    of: b,
  }]);
  const sum = (x: number[]) => x.reduce((s, v) => s + v, 0);
  near(ratioOfMeans.mean, Math.log(sum(a.excess) / sum(b.excess)));
  assert.ok(ratioOfMeans.mean > 0 && sum(values) < 0.2);
  // Without noise between systems it is exact.
  const half = logContrast([{ coefficient: 1, of: open(0.4, 0.4, 0.4, 0.4, 0.4) }]);
  near(half.ratioOfMeans.mean, Math.log(0.4));
  near(half.ratioOfMeans.high! - half.ratioOfMeans.low!, 0);
  // Nothing is left open at all: there is no logarithm, and no interval.
  const none = logContrast([{ coefficient: 1, of: open(0, 0, 0, 0, 0) }]);
  assert.deepEqual([none.ratioOfMeans.mean, none.ratioOfMeans.low], [-Infinity, undefined]);
});

Deno.test("the interval of a ratio of means covers the ratio of expectations in 95 % of many draws", () => {
  let covered = 0;
  const draws = 2000;
  for (let k = 0; k < draws; k++) {
    const z = normals(keyOf(k), 60);
    const at = (i: number) => Array.from(z.subarray(20 * i, 20 * i + 20));
    const gap = at(0).map((x) => 2 + 0.4 * x);
    const of = (i: number, share: number) => ({
      gap,
      excess: at(i).map((x, j) => share * gap[j] * (1 + 0.3 * x)),
    });
    const { low, high } = logContrast([
      { coefficient: 1, of: of(1, 0.6) },
      { coefficient: -1, of: of(2, 0.2) },
    ]).ratioOfMeans;
    if (low! <= Math.log(3) && high! >= Math.log(3)) covered++;
  }
  assert.ok(Math.abs(covered / draws - 0.95) < 0.015, `${covered / draws}`);
});

Deno.test("what a comparison could have seen in 80 % of cases agrees with the noncentral t", () => {
  // scipy: the d at which nct.sf(t.ppf(.975, n - 1), n - 1, d sqrt(n)) is .8, in standard deviations.
  for (const [n, d] of [[6, 1.4345], [10, 0.996], [20, 0.6604]]) {
    const values = Array.from({ length: n }, (_, i) => i % 2 ? 1 : -1).map((v) =>
      v * Math.sqrt((n - 1) / n)
    );
    assert.ok(Math.abs(detectable(values) / d - 1) < 0.01, `${n}: ${detectable(values)}`);
  }
  assert.equal(detectable([3]), Infinity);
});
