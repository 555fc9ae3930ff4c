/** @file The windowed Gaussian against its definition, computed anew for every row. */
import assert from "node:assert/strict";
import { nothing } from "../../lib/anomaly/detector.ts";
import { normalTail } from "../../lib/anomaly/normal_tail.ts";
import { windowedGaussian } from "../../lib/anomaly/windowed_gaussian.ts";
import { keyOf, normals } from "../../lib/random/random.ts";

/** Of one row, from the rows that NAB's window holds then. */
function defined(values: Float64Array, row: number): number {
  if (row === 0) return 0;
  // The window grows to 6,400 rows, and then moves by 100.
  const steps = Math.max(0, Math.floor((row - 6400) / 100));
  const window = values.subarray(100 * steps, Math.min(row, 6400 + 100 * steps));
  const mean = window.reduce((sum, x) => sum + x, 0) / window.length;
  const variance = window.reduce((sum, x) => sum + (x - mean) ** 2, 0) / window.length;
  return 1 - normalTail(Math.abs(values[row] - mean) / (Math.sqrt(variance) || 1e-6));
}

Deno.test("windowed Gaussian: every kind of row is scored by its own window", () => {
  const values = normals(keyOf(3), 6_750).map((x, i) => 100 + x + i / 1000);
  const scores = windowedGaussian.score(values);
  assert.equal(scores.length, values.length);
  for (const row of [0, 1, 2, 3, 500, 6398, 6399, 6400, 6450, 6499, 6500, 6501, 6599, 6600, 6749]) {
    const expected = defined(values, row);
    assert.ok(Math.abs(scores[row] - expected) < 1e-9, `${row}: ${scores[row]}, not ${expected}`);
  }
  // The window matters: the first rows would have made another score.
  assert.ok(Math.abs(scores[6600] - defined(values.subarray(100), 6500)) < 1e-9);
});

Deno.test("windowed Gaussian: a constant is no surprise, what follows it is", () => {
  const scores = windowedGaussian.score(Float64Array.of(5, 5, 5, 5.1, 5));
  assert.deepEqual([...scores.subarray(0, 4)], [0, 0.5, 0.5, 1]);
  assert.ok(scores[4] < 1);
  assert.deepEqual([...windowedGaussian.score(new Float64Array())], []);
  assert.deepEqual([...windowedGaussian.score(Float64Array.of(7))], [0]);
});

Deno.test("the detector of nothing", () => {
  assert.deepEqual([...nothing.score(Float64Array.of(1, 1e9))], [0, 0]);
});
