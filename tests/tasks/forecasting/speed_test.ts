/**
 * @file What makes forecasts of long files quick, by ratios on one machine and by counts: no number of seconds is asserted.
 */
import assert from "node:assert/strict";
import process from "node:process";
import { addLagProducts } from "../../../lib/linalg/lag_products.ts";
import { keyOf, normals } from "../../../lib/random/random.ts";
import { linearForecaster } from "../../../lib/tasks/forecasting/linear_map.ts";
import { score } from "../../../lib/tasks/forecasting/metrics.ts";
import { makeProblem } from "../../../lib/tasks/forecasting/problem.ts";

/** Least processor milliseconds of three runs: what else the machine does is not counted. */
async function milliseconds(work: () => unknown): Promise<number> {
  let least = Infinity;
  for (let run = 0; run < 3; run++) {
    const start = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(start);
    least = Math.min(least, (user + system) / 1000);
  }
  return least;
}

const [lookback, horizon] = [336, 24];
const map = {
  ...{ lookback, horizon, weights: normals(keyOf(1), lookback * horizon) },
  intercept: normals(keyOf(2), horizon),
};

function problemOf(rows: number) {
  const series = {
    file: "f",
    columns: ["x"],
    channels: [normals(keyOf(3), rows)],
    rows,
    notes: [],
  };
  return makeProblem(series, { lookback, horizon, split: "70/10/20" });
}

Deno.test("speed: scoring takes as few transforms as there are, each filled with origins", async () => {
  const problem = problemOf(60_000);
  const forecaster = linearForecaster(map);
  const counts: number[] = [];
  await score(problem, {
    ...forecaster,
    predict(channel, first, count, out) {
      counts.push(count);
      out.fill(0);
      assert.ok(first - lookback >= 0 && first + count <= channel.length);
    },
  }, problem.split.test);
  // A transform of 4,096 rows forecasts from all but the first 335 of them.
  assert.deepEqual(counts, [3761, 3761, 3761, 12_000 - horizon + 1 - 3 * 3761]);
});

Deno.test("speed: a map of hundreds of rows takes a fraction of its products, and three times for three times the rows", async () => {
  const forecaster = linearForecaster(map);
  const scoring = (rows: number) => {
    const problem = problemOf(rows);
    return milliseconds(() => score(problem, forecaster, problem.split.test));
  };
  await scoring(20_000); // compiled by then
  const [once, thrice] = [await scoring(40_000), await scoring(120_000)];
  assert.ok(thrice < 6 * once, `${thrice} ms, ${once} ms`);
  const x = normals(keyOf(4), 8336), out = new Float64Array(horizon * 8000);
  const direct = await milliseconds(() => {
    for (let h = 0; h < horizon; h++) {
      for (let l = 0; l < lookback; l++) {
        const w = map.weights[l * horizon + h];
        for (let i = 0; i < 8000; i++) out[h * 8000 + i] += w * x[l + i];
      }
    }
  });
  // As many windows as the direct sum has had.
  assert.ok(once < direct / 2, `${once} ms, directly ${direct} ms`);
});

Deno.test("speed: hundreds of lags of a long signal take a fraction of their products", async () => {
  const n = 40_000, lags = 432;
  const x = normals(keyOf(5), n + lags), sums = new Float64Array(lags);
  const quick = await milliseconds(() => addLagProducts(sums, x, x, n));
  const few = new Float64Array(16); // below the lags from which on the transform is used
  const direct = await milliseconds(() => addLagProducts(few, x, x, n)) * lags / 16;
  assert.ok(quick < direct / 2, `${quick} ms, directly ${direct} ms`);
});
