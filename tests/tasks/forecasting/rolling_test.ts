/** @file Rolling origins against loops over origins, columns and errors known by then. */
import assert from "node:assert/strict";
import { keyOf, normals } from "../../../lib/random/random.ts";
import type { Forecaster } from "../../../lib/tasks/forecasting/forecaster.ts";
import { makeProblem, type Problem } from "../../../lib/tasks/forecasting/problem.ts";
import * as repeatLast from "../../../lib/tasks/forecasting/references/repeat_last.ts";
import { mostOrigins, originsOf, rollingScores } from "../../../lib/tasks/forecasting/rolling.ts";
import { randomSeries } from "./fixtures.ts";

const problemOf = (rows: number, horizon: number, columns = 2): Problem =>
  makeProblem(randomSeries(rows, columns), { lookback: 2, horizon, split: "70/10/20" });

Deno.test("origins: evenly spaced rows of the test range, the last one among them, each once", () => {
  const problem = problemOf(100, 3); // rows 80 to 99: origins 80 to 97
  assert.equal(mostOrigins(problem), 18);
  assert.deepEqual(originsOf(problem, 1), [97]);
  assert.deepEqual(originsOf(problem, 3), [85, 91, 97]);
  assert.deepEqual(originsOf(problem, 18), Array.from({ length: 18 }, (_, i) => 80 + i));
  for (let n = 1; n <= 18; n++) assert.equal(new Set(originsOf(problem, n)).size, n);
});

/** As the definition has it: every error whose row lies before the origin, sorted at every origin. */
function byHand(problem: Problem, levels: number[], count: number, strides: [number, number]) {
  const { channels, split: { validation, test }, horizon } = problem;
  const error = (x: Float64Array, s: number, h: number) => Math.abs(x[s - 1] - x[s + h]);
  return Array.from({ length: horizon }, (_, h) => {
    let squares = 0, absolutes = 0;
    const inside = levels.map(() => 0);
    for (const x of channels) {
      for (const origin of originsOf(problem, count)) {
        const known: number[] = [];
        for (let s = validation[0]; s + horizon <= validation[1]; s += strides[0]) {
          known.push(error(x, s, h));
        }
        for (let s = test[0]; s + horizon <= test[1] && s + h < origin; s += strides[1]) {
          known.push(error(x, s, h));
        }
        known.sort((a, b) => a - b);
        const e = error(x, origin, h);
        squares += e * e;
        absolutes += e;
        levels.forEach((level, l) => {
          if (e <= known[Math.ceil((known.length + 1) * level - 1e-9) - 1]) inside[l]++;
        });
      }
    }
    const n = count * channels.length;
    return {
      ...{ step: h + 1, mse: squares / n, mae: absolutes / n },
      coverage: inside.map((k) => k / n),
    };
  });
}

Deno.test("rolling origins: scores and coverage of every step, from errors known at the origin alone", async () => {
  const cases: [number, number, number, [number, number]][] = [
    [120, 3, 7, [1, 1]],
    [120, 1, 24, [1, 1]],
    [120, 5, 1, [1, 1]],
    [21_000, 2, 9, [2, 3]], // more windows than calibrate
  ];
  for (const [rows, horizon, count, strides] of cases) {
    const problem = problemOf(rows, horizon);
    const levels = [0.5, 0.8];
    const want = byHand(problem, levels, count, strides);
    const got = await rollingScores(problem, repeatLast.fit(problem).forecaster, levels, count);
    assert.equal(got.length, horizon);
    got.forEach(({ step, mse, mae, coverage }, h) => {
      assert.equal(step, want[h].step);
      assert.ok(Math.abs(mse / want[h].mse - 1) < 1e-12 && Math.abs(mae / want[h].mae - 1) < 1e-12);
      assert.deepEqual(coverage, want[h].coverage, `${rows} rows, step ${step}`);
    });
  }
});

Deno.test("rolling origins: no coverage of a level that an origin has too few errors for, none without levels", async () => {
  const problem = problemOf(120, 2, 1); // 11 windows of validation
  const { forecaster } = repeatLast.fit(problem);
  const [first, second] = await rollingScores(problem, forecaster, [11 / 12, 0.93], 23);
  assert.equal(typeof first.coverage[0], "number");
  assert.deepEqual([first.coverage[1], second.coverage[1]], [undefined, undefined]);
  // The last origin alone has 22 or 21 more.
  const [late] = await rollingScores(problem, forecaster, [0.93], 1);
  assert.equal(typeof late.coverage[0], "number");
  const never: Forecaster = { ...forecaster };
  let calls = 0;
  never.predict = (...args) => {
    calls++;
    return forecaster.predict(...args);
  };
  const [bare] = await rollingScores(problem, never, [], 3);
  assert.deepEqual([bare.coverage, calls], [[], 3], "nothing is calibrated");
  for (const count of [0, 24, 1.5, NaN]) {
    await assert.rejects(
      rollingScores(problem, forecaster, [], count),
      /origins: the test rows have 1 to 23/,
    );
  }
});

Deno.test("rolling origins: of white noise an interval covers its level", async () => {
  const rows = 4000;
  const channels = [normals(keyOf(4), rows)];
  const series = { file: "f", columns: ["x"], channels, rows, notes: [] };
  const problem = makeProblem(series, { lookback: 1, horizon: 1, split: "70/10/20" });
  const zero: Forecaster = {
    ...{ lookback: 1, horizon: 1 },
    predict: (_channel, _first, _count, out) => void out.fill(0),
  };
  const [{ coverage, mse }] = await rollingScores(problem, zero, [0.5, 0.9], 800);
  assert.ok(Math.abs(coverage[0]! - 0.5) < 0.05 && Math.abs(coverage[1]! - 0.9) < 0.03);
  assert.ok(Math.abs(mse - 1) < 0.15);
});
