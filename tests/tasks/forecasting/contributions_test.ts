/** @file Contributions sum to the forecast, and each is what its input changes in it. */
import assert from "node:assert/strict";
import { keyOf, normals } from "../../../lib/random/random.ts";
import { contributionsOf, mapOf, sumOf } from "../../../lib/tasks/forecasting/contributions.ts";
import type { LinearMap } from "../../../lib/tasks/forecasting/forecaster.ts";
import { linearForecaster } from "../../../lib/tasks/forecasting/linear_map.ts";
import { makeProblem } from "../../../lib/tasks/forecasting/problem.ts";
import * as ols from "../../../lib/tasks/forecasting/references/ols.ts";
import * as repeatLast from "../../../lib/tasks/forecasting/references/repeat_last.ts";
import * as seasonalNaive from "../../../lib/tasks/forecasting/references/seasonal_naive.ts";
import { randomSeries, relativeError } from "./fixtures.ts";

const [lookback, horizon] = [7, 3];
const mapWith = (spread: boolean): LinearMap => ({
  lookback,
  horizon,
  weights: normals(keyOf(1), lookback * horizon),
  intercept: normals(keyOf(2), horizon),
  ...(spread && { spread: normals(keyOf(3), horizon) }),
});
const units = { mean: 50, deviation: 4 };
const window = normals(keyOf(5), lookback);

Deno.test("contributions: with what the window's deviation adds they sum to the forecast in units of the file", () => {
  for (const spread of [false, true]) {
    const map = mapWith(spread);
    const parts = contributionsOf(map, window, units);
    const out = new Float64Array(horizon);
    linearForecaster(map).predict(window, lookback, 1, out);
    assert.ok(relativeError(sumOf(parts), out.map((v) => 50 + 4 * v)) < 1e-14);
    assert.equal(parts.deviation === undefined, !spread);
    assert.deepEqual([...parts.baseline], [...map.intercept].map((v) => 50 + 4 * v));
  }
});

Deno.test("contributions: an input at the training mean adds nothing, and its part is what leaving it there changes", () => {
  const map = mapWith(false);
  const { inputs } = contributionsOf(map, window, units);
  const forecastOf = (x: Float64Array) => {
    const out = new Float64Array(horizon);
    linearForecaster(map).predict(x, lookback, 1, out);
    return out.map((v) => 50 + 4 * v);
  };
  const whole = forecastOf(window);
  for (let l = 0; l < lookback; l++) {
    const without = forecastOf(window.with(l, 0) as Float64Array<ArrayBuffer>);
    for (let h = 0; h < horizon; h++) {
      assert.ok(Math.abs(whole[h] - without[h] - inputs[l * horizon + h]) < 1e-12, `${l}, ${h}`);
    }
  }
});

Deno.test("the map of a fit: its own, or the answers of a naive forecaster to single ones", async () => {
  const problem = makeProblem(randomSeries(80, 1), {
    ...{ lookback: 4, horizon: 5, split: "70/10/20" as const, season: 3 },
  });
  const fit = ols.fit(problem);
  assert.equal(await mapOf(fit), fit.map);
  assert.deepEqual(await mapOf(repeatLast.fit(problem)), {
    ...{ lookback: 1, horizon: 5, weights: Float64Array.of(1, 1, 1, 1, 1) },
    intercept: new Float64Array(5),
  });
  const { weights, lookback } = await mapOf(seasonalNaive.fit(problem));
  assert.equal(lookback, 3);
  assert.deepEqual([...weights], [
    ...[1, 0, 0, 1, 0],
    ...[0, 1, 0, 0, 1],
    ...[0, 0, 1, 0, 0],
  ]);
});
