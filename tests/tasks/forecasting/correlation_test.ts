/** @file A linear map applied to all windows of a channel: by the transform and directly as one window at a time gives it. */
import assert from "node:assert/strict";
import { keyOf, normals } from "../../../lib/random/random.ts";
import type { LinearMap } from "../../../lib/tasks/forecasting/forecaster.ts";
import {
  linearForecaster,
  SPREAD_EPSILON,
  windowSpread,
} from "../../../lib/tasks/forecasting/linear_map.ts";
import { relativeError } from "./fixtures.ts";

Deno.test("linear map: one window at a time and all at once give the same forecasts", () => {
  // Direct below lookback 24, one transform block, several blocks, an odd horizon, horizon 1, a lookback of more than
  // a block; without the spread, too.
  const cases: [number, number, number][] = [
    [1, 1, 50],
    [7, 3, 63],
    [23, 2, 40],
    [24, 5, 100],
    [63, 1, 9000],
    [63, 4, 4034],
    [63, 2, 4035],
    [1500, 3, 20],
    [4200, 1, 3],
  ];
  cases.forEach(([lookback, horizon, count], example) => {
    const x = normals(keyOf(3), lookback + count + 4);
    const map: LinearMap = {
      lookback,
      horizon,
      weights: normals(keyOf(4), lookback * horizon),
      intercept: normals(keyOf(5), horizon),
      spread: example % 2 ? normals(keyOf(6), horizon) : undefined,
    };
    const first = lookback + 3;
    const out = new Float64Array(horizon * count);
    const forecaster = linearForecaster(map);
    assert.deepEqual([forecaster.lookback, forecaster.horizon], [lookback, horizon]);
    // A second call reuses what the first prepared, and the output's old values count for nothing.
    forecaster.predict(x.map((v) => 1 - v), first, count, out);
    forecaster.predict(x, first, count, out);
    const expected = new Float64Array(horizon * count);
    for (let i = 0; i < count; i++) {
      const window = x.subarray(first + i - lookback, first + i);
      const mean = window.reduce((a, b) => a + b) / lookback;
      const variance = window.reduce((a, b) => a + (b - mean) ** 2, 0) / lookback;
      for (let h = 0; h < horizon; h++) {
        let y = map.intercept[h] + (map.spread?.[h] ?? 0) * Math.sqrt(variance + SPREAD_EPSILON);
        for (let l = 0; l < lookback; l++) y += map.weights[l * horizon + h] * window[l];
        expected[h * count + i] = y;
      }
    }
    assert.ok(relativeError(out, expected) < 1e-12, `${lookback} to ${horizon}, ${count} windows`);
  });
});

Deno.test("linear map: weights or intercepts of another size are refused", () => {
  const made = (weights: number, intercepts: number) => () =>
    linearForecaster({
      lookback: 2,
      horizon: 3,
      weights: new Float64Array(weights),
      intercept: new Float64Array(intercepts),
    });
  assert.doesNotThrow(made(6, 3));
  assert.throws(made(5, 3), /a map from 2 to 3 has 5 weights and 3 intercepts/);
  assert.throws(made(6, 2), /6 weights and 2 intercepts/);
});

Deno.test("spread: the deviation of the rows before each origin, kept from zero where they are constant", () => {
  const x = Float64Array.of(9, 4, 4, 4, 1, 7, 1);
  // Windows 4 4 4, 4 4 1 and 4 1 7.
  const spread = windowSpread(x, 4, 3, 3);
  assert.equal(SPREAD_EPSILON, 1e-5);
  [0, 2, 6].forEach((variance, i) =>
    assert.ok(Math.abs(spread[i] - Math.sqrt(variance + 1e-5)) < 1e-15)
  );
  assert.deepEqual([...windowSpread(x, 2, 2, 1)], [Math.sqrt(1e-5), Math.sqrt(1e-5)]);
});
