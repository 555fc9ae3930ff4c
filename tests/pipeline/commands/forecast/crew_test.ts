/** @file Networks trained and maps scored by other threads: the same numbers as without, whoever makes them; and their failures are heard. */
import assert from "node:assert/strict";
import { keyOf, normals } from "../../../../lib/random/random.ts";
import { evaluate } from "../../../../lib/tasks/forecasting/evaluate.ts";
import { linearForecaster } from "../../../../lib/tasks/forecasting/linear_map.ts";
import { makeProblem, type Problem } from "../../../../lib/tasks/forecasting/problem.ts";
import { fitDeepLinear } from "../../../../pipeline/commands/forecast/deep_linear.ts";
import { Crew, threadsFor } from "../../../../pipeline/commands/forecast/crew.ts";
import { randomSeries } from "../../../tasks/forecasting/fixtures.ts";

const problem = makeProblem(randomSeries(120, 2), {
  ...{ lookback: 5, horizon: 3, split: "70/10/20" as const },
});
const mapOf = (seed: number) => ({
  ...{ lookback: 5, horizon: 3, weights: normals(keyOf(seed), 15), intercept: new Float64Array(3) },
});

Deno.test("crew: with and without threads the scores are those of `evaluate`, map by map", async () => {
  for (const threads of [0, 1, 2]) {
    const crew = new Crew(problem, threads);
    try {
      const maps = [1, 2, 3, 4].map(mapOf);
      const pending = maps.map((map) => crew.evaluate(map));
      const scored = await Promise.all(pending);
      for (const [k, { seconds, ...tested }] of scored.entries()) {
        assert.deepEqual(tested, await evaluate(problem, linearForecaster(maps[k])), `${threads}`);
        assert.ok(seconds > 0);
      }
    } finally {
      crew.close();
    }
  }
});

Deno.test("crew: one thread does all that is asked for", async () => {
  const crew = new Crew(problem, 1);
  const [a, b] = await Promise.all([crew.evaluate(mapOf(1)), crew.evaluate(mapOf(2))]);
  crew.close();
  assert.notEqual(a.test.mse, b.test.mse);
  assert.deepEqual(a.test, (await evaluate(problem, linearForecaster(mapOf(1)))).test);
});

Deno.test("crew: a map that looks back beyond validation has no score there; a wrong one fails, here and elsewhere", async () => {
  const long = { ...mapOf(1), lookback: 90, weights: normals(keyOf(1), 270) };
  const wrong = { ...mapOf(1), horizon: 5, weights: normals(keyOf(1), 25) };
  wrong.intercept = new Float64Array(5);
  for (const threads of [0, 1]) {
    const crew = new Crew(problem, threads);
    const early = crew.evaluate(long), failing = crew.evaluate(wrong);
    failing.catch(() => {});
    assert.equal((await early).validation, undefined);
    assert.equal((await early).test.windows, 22);
    await assert.rejects(failing, /the model forecasts 5 rows, not 3/);
    crew.close();
  }
});

Deno.test("crew: a network is the same whoever trains it, and so are its scores", async () => {
  const alone = await fitDeepLinear(problem, 2, () => {});
  for (const threads of [0, 1]) {
    const crew = new Crew(problem, threads);
    const steps: number[] = [];
    const scored = crew.train(2, (step) => steps.push(step)).then(
      async ({ seconds, ...trained }) => {
        assert.deepEqual(trained, { map: alone.map, metrics: alone.metrics }, `${threads}`);
        assert.ok(seconds > 0);
        return await crew.evaluate(trained.map);
      },
    );
    assert.deepEqual(
      (await scored).test,
      (await evaluate(problem, linearForecaster(alone.map!))).test,
    );
    assert.deepEqual(steps.slice(0, 2), [0, 25]);
    crew.close();
  }
});

Deno.test("crew: a training that cannot be fails where it was asked for", async () => {
  for (const threads of [0, 1]) {
    const crew = new Crew(problem, threads);
    const failing = crew.train(0, () => {});
    failing.catch(() => {});
    await assert.rejects(failing, /depth/);
    crew.close();
  }
});

Deno.test("crew: small problems take no threads, large ones as many as there are processors, at most eight", () => {
  const sized = (rows: number, columns: number) =>
    ({
      ...{ horizon: 96, channels: new Array(columns) },
      split: { validation: [0, rows], test: [rows, 3 * rows] },
    }) as unknown as Problem;
  assert.equal(threadsFor(problem), 0);
  assert.equal(threadsFor(sized(8000, 8)), 0);
  const most = Math.min(8, navigator.hardwareConcurrency);
  assert.equal(threadsFor(sized(9000, 8)), most);
});
