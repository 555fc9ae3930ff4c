/** @file Student t intervals against published quantiles, by hand, and by how often they cover. */
import assert from "node:assert/strict";
import { keyOf, normals } from "../../lib/random/random.ts";
import { meanInterval, pairedInterval, tQuantile } from "../../lib/analysis/intervals.ts";

Deno.test("t quantiles equal the published table (NIST/SEMATECH handbook, 1.3.6.7.2)", () => {
  // degrees: p = 0.90, 0.95, 0.975, 0.99, 0.995, 0.999
  const table: Record<number, number[]> = {
    1: [3.078, 6.314, 12.706, 31.821, 63.657, 318.309],
    2: [1.886, 2.920, 4.303, 6.965, 9.925, 22.327],
    3: [1.638, 2.353, 3.182, 4.541, 5.841, 10.215],
    4: [1.533, 2.132, 2.776, 3.747, 4.604, 7.173],
    5: [1.476, 2.015, 2.571, 3.365, 4.032, 5.893],
    9: [1.383, 1.833, 2.262, 2.821, 3.250, 4.297],
    10: [1.372, 1.812, 2.228, 2.764, 3.169, 4.144],
    30: [1.310, 1.697, 2.042, 2.457, 2.750, 3.385],
    99: [1.290, 1.660, 1.984, 2.365, 2.626, 3.175],
    100: [1.290, 1.660, 1.984, 2.364, 2.626, 3.174],
  };
  for (const [degrees, row] of Object.entries(table)) {
    [0.9, 0.95, 0.975, 0.99, 0.995, 0.999].forEach((p, i) => {
      const t = tQuantile(p, Number(degrees));
      assert.ok(Math.abs(t - row[i]) <= 0.00051, `t(${p}; ${degrees}) = ${t}, table ${row[i]}`);
      assert.equal(tQuantile(1 - p, Number(degrees)).toFixed(9), (-t).toFixed(9));
    });
  }
});

Deno.test("t quantiles equal closed forms and the normal limit to 1e-10", () => {
  for (const p of [0.5001, 0.6, 0.9, 0.975, 0.9999]) {
    const one = Math.tan(Math.PI * (p - 0.5)); // Cauchy
    const two = (2 * p - 1) * Math.sqrt(2 / (4 * p * (1 - p)));
    assert.ok(Math.abs(tQuantile(p, 1) / one - 1) < 1e-10);
    assert.ok(Math.abs(tQuantile(p, 2) / two - 1) < 1e-10);
  }
  assert.ok(Math.abs(tQuantile(0.975, 7) - 2.364624251592784) < 1e-11); // scipy.stats.t.ppf
  assert.ok(Math.abs(tQuantile(0.975, 1_000_000) - 1.959966356814107) < 1e-9); // the same
  assert.ok(Math.abs(tQuantile(0.5, 3)) < 1e-12 && Math.abs(tQuantile(0.5, 4)) < 1e-12);
});

Deno.test("an interval by hand: 1, 2, 3, 4, at the level that is asked, 95 % unless asked", () => {
  // t(0.975; 3) and t(0.9; 3) of the same table, to more digits.
  const cases: [number | undefined, number][] = [
    [undefined, 3.1824463052837078],
    [0.95, 3.1824463052837078],
    [0.8, 1.6377443536962102],
  ];
  for (const [level, t] of cases) {
    const interval = meanInterval(Float64Array.of(1, 2, 3, 4), level);
    const half = t * Math.sqrt(5 / 3 / 4);
    assert.equal(interval.mean, 2.5);
    assert.equal(interval.n, 4);
    assert.equal(interval.level, level ?? 0.95);
    assert.ok(Math.abs(interval.low! - (2.5 - half)) < 1e-11);
    assert.ok(Math.abs(interval.high! - (2.5 + half)) < 1e-11);
  }
});

Deno.test("two values: the interval is 12.7 times half their distance either way, one degree of freedom", () => {
  const { mean, low, high, n } = meanInterval([7, 3]);
  assert.deepEqual([mean, n], [5, 2]);
  assert.ok(Math.abs(high! - (5 + 2 * 12.706204736174698)) < 1e-9);
  assert.ok(Math.abs(low! - (5 - 2 * 12.706204736174698)) < 1e-9);
});

Deno.test("intervals cover the mean of normal values as often as their level says, however few the values", () => {
  const trials = 4000;
  for (const [n, level] of [[2, 0.8], [3, 0.95], [6, 0.5]]) {
    const values = normals(keyOf(n), trials * n).map((e) => 3 + 2 * e);
    let covered = 0;
    for (let k = 0; k < trials; k++) {
      const { low, high } = meanInterval(values.subarray(k * n, (k + 1) * n), level);
      if (low! <= 3 && 3 <= high!) covered++;
    }
    // Four standard errors of a share of 4,000.
    const tolerance = 4 * Math.sqrt(level * (1 - level) / trials);
    assert.ok(Math.abs(covered / trials - level) < tolerance, `${n} values: ${covered}`);
  }
});

Deno.test("a paired interval is that of the differences a - b, at the level that is asked", () => {
  const [a, b] = [[5, 1, 9, 4], [4, -1, 6, 0]];
  for (const level of [0.95, 0.8]) {
    assert.deepEqual(pairedInterval(a, b, level), meanInterval([1, 2, 3, 4], level));
  }
  assert.deepEqual(pairedInterval(a, b), meanInterval([1, 2, 3, 4], 0.95));
  assert.deepEqual(pairedInterval([1], [3]), { mean: -2, n: 1, level: 0.95 });
});

Deno.test("pairing removes what the pairs share", () => {
  const a = [10, 200, 3000, 40000, 500000];
  const difference = [1.1, 0.9, 1.0, 1.2, 0.8];
  const paired = pairedInterval(a.map((value, i) => value + difference[i]), a);
  assert.ok(Math.abs(paired.mean - 1) < 1e-9 && paired.low! > 0.8 && paired.high! < 1.2);
});

Deno.test("one value has a mean and no interval; equal values have a point", () => {
  assert.deepEqual(meanInterval([7]), { mean: 7, n: 1, level: 0.95 });
  assert.deepEqual(meanInterval([7], 0.8), { mean: 7, n: 1, level: 0.8 });
  assert.deepEqual(meanInterval([7, 7]), { mean: 7, low: 7, high: 7, n: 2, level: 0.95 });
  assert.deepEqual(meanInterval([7, 7, 7]), { mean: 7, low: 7, high: 7, n: 3, level: 0.95 });
});

Deno.test("bad input is refused with the value and what is allowed", () => {
  assert.throws(() => meanInterval([]), /no values/);
  assert.throws(() => meanInterval([1, NaN, 3]), /value 1 of 3 is NaN/);
  assert.throws(() => meanInterval([Infinity]), /value 0 of 1 is Infinity/);
  assert.throws(() => meanInterval([1, 2, -Infinity]), /value 2 of 3 is -Infinity/);
  for (const level of [95, 1, 0, -0.5, NaN]) {
    assert.throws(
      () => meanInterval([1, 2], level),
      new RegExp(`level ${level}: expected between`),
    );
    assert.throws(() => meanInterval([1], level), /level/);
    assert.throws(() => pairedInterval([1, 2], [1, 2], level), /level/);
  }
  assert.throws(() => pairedInterval([1, 2], [1]), /2 and 1 values/);
  assert.throws(() => pairedInterval([1], [1, 2]), /1 and 2 values/);
  assert.throws(() => pairedInterval([], []), /no values/);
  for (const p of [0, 1, -0.1, 1.1, NaN]) {
    assert.throws(() => tQuantile(p, 3), new RegExp(`p = ${p}: expected 0 < p < 1`));
  }
  for (const degrees of [2.5, 0, -1, NaN, Infinity]) {
    assert.throws(() => tQuantile(0.9, degrees), new RegExp(`${degrees} degrees of freedom`));
  }
});
