/** @file Scores at any scale of the file, what counts as constant, and values that no score survives. */
import assert from "node:assert/strict";
import type { Series } from "../../../lib/data/series.ts";
import { evaluate } from "../../../lib/tasks/forecasting/evaluate.ts";
import { forecastBeyond } from "../../../lib/tasks/forecasting/forecast.ts";
import { findOutliers } from "../../../lib/tasks/forecasting/outliers.ts";
import { makeProblem } from "../../../lib/tasks/forecasting/problem.ts";
import * as ols from "../../../lib/tasks/forecasting/references/ols.ts";
import * as olsIn from "../../../lib/tasks/forecasting/references/ols_in.ts";
import * as repeatLast from "../../../lib/tasks/forecasting/references/repeat_last.ts";
import { isConstant, standardise } from "../../../lib/tasks/forecasting/standardise.ts";
import { randomSeries } from "./fixtures.ts";

const options = { lookback: 4, horizon: 3, split: "70/10/20" as const };

function seriesOf(...channels: ArrayLike<number>[]): Series {
  return {
    file: "f.csv",
    columns: channels.map((_, c) => `c${c}`),
    channels: channels.map((values) => Float64Array.from(values)),
    rows: channels[0].length,
    notes: [],
  };
}

/** Two columns around 3 that wander. */
const plain = seriesOf(...randomSeries(120, 2).channels.map((x) => x.map((value) => value + 3)));
const times = (factor: number) =>
  seriesOf(...plain.channels.map((x) => x.map((value) => value * factor)));

/** Scores and forecasts of every closed form. */
async function results(series: Series) {
  const problem = makeProblem(series, options);
  const tested = [];
  for (const { fit } of [repeatLast, ols, olsIn]) {
    const { forecaster } = fit(problem);
    const { test, validation } = await evaluate(problem, forecaster);
    const { point, intervals: [{ low, high }] } = await forecastBeyond(
      ...[series, problem, forecaster, forecaster, [0.8]] as const,
    );
    const beyond = { point, low, high };
    tested.push({ mse: test.mse, mae: test.mae, validation: validation!.mse, beyond });
  }
  return { problem, tested };
}

Deno.test("scale: times a power of two, every score keeps its bits and forecasts are in the new unit", async () => {
  const want = await results(plain);
  for (const exponent of [-660, -530, -498, -1, 10, 498, 530, 660, 1000]) {
    const factor = 2 ** exponent;
    const { problem, tested } = await results(times(factor));
    assert.deepEqual(problem.channels, want.problem.channels, `${exponent}`);
    assert.deepEqual(problem.deviation, want.problem.deviation.map((value) => value * factor));
    assert.deepEqual(problem.mean, want.problem.mean.map((value) => value * factor));
    tested.forEach(({ beyond, ...scores }, k) => {
      const { beyond: unscaled, ...unscaledScores } = want.tested[k];
      assert.deepEqual(scores, unscaledScores, `${exponent}`);
      for (const key of ["point", "low", "high"] as const) {
        const scaled = unscaled[key].map((x) => x.map((value) => value * factor));
        assert.deepEqual(beyond[key], scaled, `${exponent} ${key}`);
      }
    });
  }
});

Deno.test("scale: from 1e-300 to 1e300 scores differ by the rounding of the input alone", async () => {
  const want = await results(plain);
  for (const factor of [1e-300, 1e-200, 1e-160, 1e-150, 1e150, 1e153, 1e200, 1e300]) {
    const { tested } = await results(times(factor));
    tested.forEach((scores, k) => {
      for (const key of ["mse", "mae", "validation"] as const) {
        const ratio = scores[key] / want.tested[k][key];
        assert.ok(Math.abs(ratio - 1) < 1e-11, `${factor} ${key}: ratio ${ratio}`);
      }
    });
  }
});

Deno.test("scale: an ordinary channel is standardised to the bits of the plain formulas", () => {
  for (const x of [...plain.channels, ...randomSeries(75, 3).channels]) {
    const end = 50;
    const train = x.subarray(0, end);
    const mean = train.reduce((sum, value) => sum + value, 0) / end;
    const deviation = Math.sqrt(train.reduce((sum, v) => sum + (v - mean) ** 2, 0) / end);
    const made = standardise(x, [0, end]);
    assert.deepEqual([made.mean, made.deviation], [mean, deviation]);
    assert.deepEqual(made.standardised, x.map((value) => (value - mean) / deviation));
  }
});

Deno.test("standardise: a level a trillion times the deviation does not leave its rounding in the mean", () => {
  const n = 100_000;
  const level = 2 ** 40;
  // Of multiples of a power of two, moments about the level are exact.
  const steps = Float64Array.from({ length: n }, (_, t) => (t * 7919 % 1024 - 300) / 2 ** 12);
  const mean = steps.reduce((sum, value) => sum + value, 0) / n;
  const deviation = Math.sqrt(steps.reduce((sum, value) => sum + (value - mean) ** 2, 0) / n);
  const made = standardise(steps.map((value) => level + value), [0, n]);
  // Doubles at this level are 2^-12 apart.
  assert.ok(Math.abs(made.mean - level - mean) <= 2 ** -13, `${made.mean - level}, ${mean}`);
  assert.ok(Math.abs(made.deviation / deviation - 1) < 1e-5);
  const centre = made.standardised.reduce((sum, value) => sum + value, 0) / n;
  assert.ok(Math.abs(centre) <= 2 ** -13 / deviation, `${centre}`);
});

Deno.test("constant: rounding is, at any level; what moves by more than that is not", () => {
  const constant = (...values: number[]) => isConstant(Float64Array.from(values));
  assert.ok(constant(0.3, 0.1 + 0.2, 0.3));
  assert.ok(constant(7));
  assert.ok(constant(0, -0, 0));
  for (const level of [1, -1, 1e-300, 1e300, -3e15, 1.6e9, 1 / 3]) {
    const sum = Array(10).fill(level / 10).reduce((a, b) => a + b, 0);
    assert.ok(constant(level, sum, level / 49 * 49, level * 1.1 / 1.1));
    assert.ok(!constant(level, level * (1 + 1e-13)), `${level}`);
  }
  assert.ok(!constant(0, 5e-300));
  assert.ok(!constant(-1.7e308, 1.7e308));
  assert.ok(!constant(1600000010.346, 1600000010.347));
  assert.ok(!constant(1e15, 1e15 + 5), "whole numbers that count");
  assert.ok(constant(5e-324, 1e-323), "a unit in the last place of the smallest numbers");
});

Deno.test("near-constant: refused or left out like a constant, and no rounding is averaged into a score", async () => {
  const noise = plain.channels[0].map((_, t) => t % 3 === 0 ? 0.1 + 0.2 : 0.3);
  const series = seriesOf(plain.channels[0], noise);
  assert.throws(
    () => makeProblem(series, options),
    /f\.csv, column "c1": constant \(0\.3 to 0\.30000000000000004, which is rounding\) over the 84 .*--drop-constant/,
  );
  const dropped = makeProblem(series, { ...options, dropConstant: true });
  assert.deepEqual(dropped.columns, ["c0"]);
  const [a, b] = [dropped, makeProblem(seriesOf(plain.channels[0]), options)];
  const mse = async (problem: typeof a) =>
    (await evaluate(problem, ols.fit(problem).forecaster)).test.mse;
  assert.equal(await mse(a), await mse(b));
});

Deno.test("spikes: one beside which the others vanish is refused with its place, in every part of the split", () => {
  const hour = 3_600_000;
  for (const row of [0, 40, 83, 90, 119]) {
    for (const spike of [1e200, -1e30, 9.969209968386869e36, 1.7e308]) {
      const series = seriesOf(plain.channels[0], plain.channels[1]);
      series.channels[1][row] = spike;
      assert.throws(() => makeProblem(series, options), (error: Error) => {
        assert.match(error.message, /^f\.csv, column "c1": the value /);
        assert.ok(error.message.includes(`the value ${spike} at data row ${row + 1} is `));
        assert.ok(error.message.includes(`--missing ${spike}`));
        return true;
      });
      series.dates = Float64Array.from({ length: 120 }, (_, t) => t * hour);
      const date = new Date(row * hour).toISOString().slice(0, 19) + "Z";
      assert.throws(
        () => makeProblem(series, options),
        (error: Error) => error.message.includes(`data row ${row + 1} (${date})`),
      );
    }
  }
});

Deno.test("spikes: milder ones are noted with their place, and scored", async () => {
  const series = seriesOf(...plain.channels);
  series.channels[0][100] = -9999;
  series.channels[0][110] = -9998;
  const problem = makeProblem(series, options);
  assert.equal(problem.notes.length, 1);
  assert.match(
    problem.notes[0],
    /column "c0": the value -9999 at data row 101 is \d+ times as far .*and 1 more like it.*--missing -9999/,
  );
  const { test } = await evaluate(problem, repeatLast.fit(problem).forecaster);
  assert.ok(Number.isFinite(test.mse) && test.mse > 1e5);
});

Deno.test("spikes: rain, heavy tails, switches and rounded zeros are none", () => {
  const n = 400;
  const kinds: Record<string, (t: number) => number> = {
    "rain on one day of ten": (t) => t % 10 === 0 ? 1 + t % 7 * 20 : 0,
    "a machine that is on a third of the time": (t) => t % 3 === 0 ? 1e6 + t : t % 7 * 1e-3,
    "energies over ten decades": (t) => 10 ** (t * 37 % 100 / 10),
    "zeros with rounding between pulses": (t) => t % 50 === 0 ? 10 : (t % 3 - 1) * 5.6e-17,
    "exponential growth": (t) => 2 ** (t / 10),
    "a wave": (t) => Math.sin(t),
  };
  for (const [name, value] of Object.entries(kinds)) {
    const found = findOutliers(Float64Array.from({ length: n }, (_, t) => value(t)));
    assert.notEqual(found?.kind, "vanishing", name);
    if (!name.startsWith("zeros")) assert.equal(found, undefined, name);
  }
  assert.equal(findOutliers(new Float64Array(5).fill(2)), undefined);
  assert.equal(findOutliers(Float64Array.of(1)), undefined);
});

Deno.test("a value that the deviation of the training rows cannot measure is refused with its place", () => {
  // Most training rows are zero, and the rest next to nothing: no spike among what is not zero.
  const x = Float64Array.from({ length: 120 }, (_, t) => t < 84 ? (t % 40 === 1 ? 1e-150 : 0) : t);
  assert.throws(
    () => makeProblem(seriesOf(x), options),
    /f\.csv, column "c0": the value 84 at data row 85 is \de\d+ standard deviations .*logarithm/,
  );
});
