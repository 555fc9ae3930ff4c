/** @file Scores by other threads: the same numbers as without, whoever makes them; and their failures are heard. */
import assert from "node:assert/strict";
import { keyOf, normals } from "../../../../lib/random/random.ts";
import { evaluate } from "../../../../lib/tasks/forecasting/evaluate.ts";
import { linearForecaster } from "../../../../lib/tasks/forecasting/linear_map.ts";
import { makeProblem, type Problem } from "../../../../lib/tasks/forecasting/problem.ts";
import { Scoring, threadsFor } from "../../../../pipeline/commands/forecast/scoring.ts";
import { randomSeries } from "../../../tasks/forecasting/fixtures.ts";

const problem = makeProblem(randomSeries(120, 2), {
  ...{ lookback: 5, horizon: 3, split: "70/10/20" as const },
});
const mapOf = (seed: number) => ({
  ...{ lookback: 5, horizon: 3, weights: normals(keyOf(seed), 15), intercept: new Float64Array(3) },
});

Deno.test("scoring: with and without threads the scores are those of `evaluate`, map by map", async () => {
  for (const threads of [0, 1, 2]) {
    const scoring = new Scoring(problem, threads);
    try {
      const maps = [1, 2, 3, 4].map(mapOf);
      const pending = maps.map((map) => scoring.evaluate(map));
      await scoring.help();
      const scored = await Promise.all(pending);
      for (const [k, { seconds, ...tested }] of scored.entries()) {
        assert.deepEqual(tested, await evaluate(problem, linearForecaster(maps[k])), `${threads}`);
        assert.ok(seconds > 0);
      }
    } finally {
      scoring.close();
    }
  }
});

Deno.test("scoring: threads do the work alone where nobody helps", async () => {
  const scoring = new Scoring(problem, 1);
  const [a, b] = await Promise.all([scoring.evaluate(mapOf(1)), scoring.evaluate(mapOf(2))]);
  scoring.close();
  assert.notEqual(a.test.mse, b.test.mse);
  assert.deepEqual(a.test, (await evaluate(problem, linearForecaster(mapOf(1)))).test);
});

Deno.test("scoring: a map that looks back beyond validation has no score there; a wrong one fails, here and elsewhere", async () => {
  const long = { ...mapOf(1), lookback: 90, weights: normals(keyOf(1), 270) };
  const wrong = { ...mapOf(1), horizon: 5, weights: normals(keyOf(1), 25) };
  wrong.intercept = new Float64Array(5);
  for (const threads of [0, 1]) {
    const scoring = new Scoring(problem, threads);
    const early = scoring.evaluate(long), failing = scoring.evaluate(wrong);
    failing.catch(() => {});
    await scoring.help();
    assert.equal((await early).validation, undefined);
    assert.equal((await early).test.windows, 22);
    await assert.rejects(failing, /the model forecasts 5 rows, not 3/);
    scoring.close();
  }
});

Deno.test("scoring: small problems take no threads, large ones one less than there are processors, at most seven", () => {
  const sized = (rows: number, columns: number) =>
    ({
      ...{ horizon: 96, channels: new Array(columns) },
      split: { validation: [0, rows], test: [rows, 3 * rows] },
    }) as unknown as Problem;
  assert.equal(threadsFor(problem), 0);
  assert.equal(threadsFor(sized(8000, 8)), 0);
  const most = Math.min(7, navigator.hardwareConcurrency - 1);
  assert.equal(threadsFor(sized(9000, 8)), most);
});
