import assert from "node:assert/strict";
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
  assert.equal(Math.abs(tQuantile(0.5, 3)) < 1e-12, true);
});

Deno.test("an interval by hand: 1, 2, 3, 4", () => {
  const { mean, low, high, n } = meanInterval([1, 2, 3, 4]);
  const half = 3.1824463052837078 * Math.sqrt(5 / 3 / 4);
  assert.equal(mean, 2.5);
  assert.equal(n, 4);
  assert.ok(Math.abs(low! - (2.5 - half)) < 1e-12 && Math.abs(high! - (2.5 + half)) < 1e-12);
});

Deno.test("pairing removes what the pairs share", () => {
  const a = [10, 200, 3000, 40000, 500000];
  const difference = [1.1, 0.9, 1.0, 1.2, 0.8];
  const paired = pairedInterval(a.map((value, i) => value + difference[i]), a);
  assert.ok(Math.abs(paired.mean - 1) < 1e-9 && paired.low! > 0.8 && paired.high! < 1.2);
});

Deno.test("one value has a mean and no interval; equal values have a point", () => {
  assert.deepEqual(meanInterval([7]), { mean: 7, n: 1, level: 0.95 });
  assert.deepEqual(meanInterval([7, 7, 7]), { mean: 7, low: 7, high: 7, n: 3, level: 0.95 });
});

Deno.test("bad input is refused with the value and what is allowed", () => {
  assert.throws(() => meanInterval([]), /no values/);
  assert.throws(() => meanInterval([1, NaN, 3]), /value 1 of 3 is NaN/);
  assert.throws(() => meanInterval([1, 2], 95), /level 95/);
  assert.throws(() => pairedInterval([1, 2], [1]), /2 and 1 values/);
  assert.throws(() => tQuantile(1, 3), /p = 1/);
  assert.throws(() => tQuantile(0.9, 2.5), /2.5 degrees/);
});
