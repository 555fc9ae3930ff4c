/** @file What makes forecasts of long files quick, by counts; `deno task bench forecast` has the seconds. */
import assert from "node:assert/strict";
import { keyOf, normals } from "../../../lib/random/random.ts";
import { linearForecaster } from "../../../lib/tasks/forecasting/linear_map.ts";
import { score } from "../../../lib/tasks/forecasting/metrics.ts";
import { makeProblem } from "../../../lib/tasks/forecasting/problem.ts";

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

Deno.test("scoring takes as few transforms as there are, each filled with origins", async () => {
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
