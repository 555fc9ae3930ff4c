/** @file A linear map of every window, directly or by transforms of long blocks, is the sum over the window. */
import assert from "node:assert/strict";
import { fold, keyOf, normals } from "../../../lib/random/random.ts";
import { linearForecaster, windowSpread } from "../../../lib/tasks/forecasting/linear_map.ts";

const key = keyOf(11);

/** Rows before the first origin that no window reads, and must not. */
const FIRST = 17;

/** lookback, horizon, origins: few are summed directly; many, past the first block of 4096, are transformed. */
const sizes = [
  [1, 1, 1],
  [5, 3, 9000],
  [24, 1, 3],
  [24, 1, 9000],
  [25, 2, 9001],
  [63, 5, 1],
  [63, 5, 7995],
  [100, 4, 4000],
  [336, 3, 4097],
  [1100, 2, 8200],
];

for (const [lookback, horizon, count] of sizes) {
  Deno.test(`a linear map from ${lookback} to ${horizon} rows at ${count} origins`, async () => {
    const weights = normals(fold(key, lookback), lookback * horizon);
    const intercept = normals(fold(key, 2), horizon), spread = normals(fold(key, 3), horizon);
    const first = FIRST + lookback;
    const channel = normals(fold(key, 4), first + count - 1);
    channel.fill(NaN, 0, FIRST);
    const out = new Float64Array(horizon * count).fill(NaN);
    await linearForecaster({ lookback, horizon, weights, intercept, spread })
      .predict(channel, first, count, out);
    const tolerance = 1e-11 * Math.sqrt(lookback);
    for (let i = 0; i < count; i += count > 100 ? 37 : 1) {
      const window = channel.subarray(first + i - lookback, first + i);
      const mean = window.reduce((a, b) => a + b) / lookback;
      const variance = window.reduce((a, b) => a + (b - mean) ** 2, 0) / lookback;
      for (let h = 0; h < horizon; h++) {
        let sum = intercept[h] + spread[h] * Math.sqrt(variance + 1e-5);
        for (let l = 0; l < lookback; l++) sum += weights[l * horizon + h] * window[l];
        const error = Math.abs(out[h * count + i] - sum);
        assert.ok(error < tolerance, `origin ${i}, step ${h}: ${error}`);
      }
    }
    assert.ok(!out.includes(NaN), "every origin is filled");
  });
}

Deno.test("the spread of a window is the plain formula, for any number of origins, far from zero too", () => {
  const plain = normals(fold(key, 5), 40);
  for (const offset of [0, 1e6]) {
    const channel = plain.map((value) => value + offset);
    spreadsAgree(channel, offset === 0 ? 1e-15 : 1e-9);
  }
  // A jump long before the window leaves no trace in it.
  const jump = Float64Array.from({ length: 40 }, (_, i) => i < 20 ? 1e9 : 0.1);
  assert.deepEqual([...windowSpread(jump, 39, 2, 15)], [Math.sqrt(1e-5), Math.sqrt(1e-5)]);
});

function spreadsAgree(channel: Float64Array, tolerance: number) {
  for (let count = 1; count <= 9; count++) {
    for (const lookback of [1, 2, 7, 31]) {
      const first = 40 - count + 1;
      const want = Float64Array.from({ length: count }, (_, i) => {
        const window = channel.subarray(first + i - lookback, first + i);
        const mean = window.reduce((sum, value) => sum + value, 0) / lookback;
        const squares = window.reduce((sum, value) => sum + (value - mean) ** 2, 0);
        return Math.sqrt(squares / lookback + 1e-5);
      });
      const spread = windowSpread(channel, first, count, lookback);
      assert.equal(spread.length, count);
      want.forEach((value, i) =>
        assert.ok(
          Math.abs(spread[i] / value - 1) <= tolerance,
          `${count}, ${lookback}: ${spread[i]}`,
        )
      );
    }
  }
}
