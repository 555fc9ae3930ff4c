/** @file Windows about their level against the same windows shifted one by one; the searched ridge and reduced rank against all maps. */
import assert from "node:assert/strict";
import { EigenvalueDecomposition, Matrix, solve } from "ml-matrix";
import { forecastingTask } from "../../../lib/tasks/forecasting/forecasting.ts";
import { levelled, withLevel } from "../../../lib/tasks/forecasting/level.ts";
import { centre, windowMoments } from "../../../lib/tasks/forecasting/moments.ts";
import { makeProblem, type Problem } from "../../../lib/tasks/forecasting/problem.ts";
import * as reducedRank from "../../../lib/tasks/forecasting/references/reduced_rank.ts";
import * as searched from "../../../lib/tasks/forecasting/references/ridge_searched.ts";
import { reference as floor } from "../../../lib/tasks/forecasting/references/scaled_seasonal_naive.ts";
import * as ols from "../../../lib/tasks/forecasting/references/ols.ts";
import { randomSeries, relativeError, windows } from "./fixtures.ts";

const mean = (x: readonly number[]) => x.reduce((a, b) => a + b, 0) / x.length;
const problemOf = (lookback: number, horizon: number, rows = 120, columns = 2): Problem =>
  makeProblem(randomSeries(rows, columns, 3), { lookback, horizon, split: "70/10/20", season: 5 });

/** Windows about the mean of the last rows of their lookback. */
const shifted = (all: number[][], lookback: number, rows: number) =>
  all.map((window) => {
    const level = mean(window.slice(lookback - rows, lookback));
    return window.map((value) => value - level);
  });

Deno.test("covariances about a level are those of windows that are shifted one by one", () => {
  for (const [lookback, horizon, rows] of [[5, 3, 2], [5, 2, 5], [4, 3, 1], [1, 1, 1], [1, 4, 1]]) {
    const { channels, split } = problemOf(lookback, horizon);
    const found = levelled(centre(windowMoments(channels, split.train, lookback, horizon)), rows);
    const all = shifted(windows(channels, split.train, lookback + horizon), lookback, rows);
    const means = all[0].map((_, a) => mean(all.map((window) => window[a])));
    const covariance = (a: number, b: number) =>
      mean(all.map((window) => (window[a] - means[a]) * (window[b] - means[b])));
    const G = found.G.map((_, i) => covariance(Math.floor(i / lookback), i % lookback));
    const C = found.C.map((_, i) => covariance(Math.floor(i / horizon), lookback + i % horizon));
    const energy = Array.from(
      { length: horizon },
      (_, h) => covariance(lookback + h, lookback + h),
    );
    const name = `${lookback} to ${horizon}, level of ${rows}`;
    const close = (a: ArrayLike<number>, b: ArrayLike<number>) =>
      Array.from(a).forEach((value, i) => assert.ok(Math.abs(value - b[i]) < 1e-10, name));
    close(found.G, G);
    close(found.C, C);
    close([found.energy], [energy.reduce((a, b) => a + b)]);
    close(found.meanX, means.slice(0, lookback));
    close(found.meanY, means.slice(lookback));
    assert.equal(found.count, all.length);
  }
});

Deno.test("weights with their level follow every shift of a window, and are those of what is left of it", () => {
  const [lookback, horizon, rows] = [4, 2, 3];
  const weights = Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8);
  const whole = withLevel(weights, lookback, horizon, rows);
  const x = [3, -1, 4, 1];
  const level = mean(x.slice(1));
  for (let h = 0; h < horizon; h++) {
    const column = [0, 1, 2, 3].map((a) => whole[a * horizon + h]);
    assert.ok(Math.abs(column.reduce((a, b) => a + b) - 1) < 1e-12);
    const want = level +
      x.reduce((sum, value, a) => sum + weights[a * horizon + h] * (value - level), 0);
    assert.ok(Math.abs(column.reduce((sum, w, a) => sum + w * x[a], 0) - want) < 1e-12);
  }
  for (const wrong of [0, 5, 1.5, NaN]) {
    assert.throws(
      () => withLevel(weights, lookback, horizon, wrong),
      /from 1 to the lookback of 4/,
    );
  }
});

/** Ridge on windows about their level, in loops: forecasts of rows x. */
function denseRidge(
  { channels, horizon }: Problem,
  range: [number, number],
  { lookback, ridge, rows, skip = 0 }: {
    lookback: number;
    ridge: number;
    rows: number;
    skip?: number;
  },
) {
  const all = windows(channels, [range[0] + skip, range[1]], lookback + horizon);
  const about = shifted(all, lookback, rows);
  const means = about[0].map((_, a) => mean(about.map((window) => window[a])));
  const F = new Matrix(about.map((w) => w.slice(0, lookback).map((v, a) => v - means[a])));
  const Y = new Matrix(about.map((w) => w.slice(lookback).map((v, h) => v - means[lookback + h])));
  const A = F.transpose().mmul(F).add(Matrix.eye(lookback).mul(ridge));
  const W = solve(A, F.transpose().mmul(Y));
  return (x: number[]) => {
    const level = mean(x.slice(lookback - rows));
    const row = new Matrix([x.map((value, a) => value - level - means[a])]);
    return row.mmul(W).to1DArray().map((value, h) => value + level + means[lookback + h]);
  };
}

Deno.test("the searched ridge is the best on folds that follow what it is fitted on, fitted again to the training rows", () => {
  const horizon = 3;
  const problem = problemOf(4, horizon, 240);
  const candidates = {
    lookbacks: [1, 4, 7],
    levels: ["mean", "last"] as ("mean" | "last")[],
    ridges: [0.1, 50, 1e4],
  };
  const before = problem.split.validation[1];
  const ends = [0.5, 0.75, 1].map((share) => Math.floor(share * before));
  const errors = candidates.lookbacks.flatMap((lookback) =>
    candidates.levels.flatMap((level) =>
      candidates.ridges.map((ridge) => {
        const rows = level === "last" ? 1 : lookback;
        let error = 0;
        for (const k of [0, 1]) {
          // All candidates are fitted and judged on the same targets: those that the longest lookback has.
          const skip = 7 - lookback;
          const fitted = denseRidge(problem, [0, ends[k]], { lookback, ridge, rows, skip });
          const judged = windows(
            problem.channels,
            [ends[k] - lookback, ends[k + 1]],
            lookback + horizon,
          );
          error += mean(judged.map((window) => {
            const forecast = fitted(window.slice(0, lookback));
            return mean(forecast.map((value, h) => (value - window[lookback + h]) ** 2));
          }));
        }
        return { lookback, level, ridge, error };
      })
    )
  );
  const [best, second] = errors.toSorted((a, b) => a.error - b.error);
  assert.ok(second.error / best.error > 1 + 1e-6);
  const { error: _, ...choice } = best;
  assert.deepEqual(searched.search(problem, candidates), choice);
  const { forecaster, metrics } = searched.fit(problem, candidates);
  const rows = best.level === "last" ? 1 : best.lookback;
  assert.deepEqual(
    [metrics.lookback, metrics.levelRows, metrics.ridge],
    [best.lookback, rows, best.ridge],
  );
  const want = denseRidge(problem, problem.split.train, { ...best, rows });
  const out = new Float64Array(horizon);
  const origin = problem.split.test[0];
  void forecaster.predict(problem.channels[1], origin, 1, out);
  const x = [...problem.channels[1].subarray(origin - best.lookback, origin)];
  assert.ok(relativeError(out, Float64Array.from(want(x))) < 1e-8);
});

Deno.test("where the best candidates are the last ones they are found, too", () => {
  const problem = problemOf(4, 2, 240);
  const only = { lookbacks: [5], levels: ["mean" as const], ridges: [2] };
  assert.deepEqual(searched.search(problem, only), { lookback: 5, level: "mean", ridge: 2 });
  const large = { lookbacks: [5], levels: ["mean" as const], ridges: [1e9, 1] };
  assert.equal(searched.search(problem, large).ridge, 1);
});

Deno.test("reduced rank is least squares on the leading components of its forecasts, the rank chosen on validation", () => {
  for (const [lookback, horizon] of [[5, 4], [3, 6]]) {
    const problem = problemOf(lookback, horizon, 240);
    const { channels, split } = problem;
    const all = windows(channels, split.train, lookback + horizon);
    const means = all[0].map((_, a) => mean(all.map((window) => window[a])));
    const X = new Matrix(all.map((w) => w.slice(0, lookback).map((v, a) => v - means[a])));
    const Y = new Matrix(all.map((w) => w.slice(lookback).map((v, h) => v - means[lookback + h])));
    const W = solve(
      X.transpose().mmul(X).add(Matrix.eye(lookback).mul(1e-5)),
      X.transpose().mmul(Y),
    );
    const fitted = X.mmul(W);
    const { eigenvectorMatrix: V } = new EigenvalueDecomposition(fitted.transpose().mmul(fitted), {
      assumeSymmetric: true, // ascending
    });
    const judged = windows(
      channels,
      [split.validation[0] - lookback, split.validation[1]],
      lookback + horizon,
    );
    const mapOf = (rank: number) => {
      const kept = V.subMatrix(0, horizon - 1, horizon - rank, horizon - 1);
      return W.mmul(kept).mmul(kept.transpose());
    };
    const forecast = (map: Matrix, x: number[]) =>
      new Matrix([x.map((value, a) => value - means[a])]).mmul(map).to1DArray()
        .map((value, h) => value + means[lookback + h]);
    const errorOf = (rank: number) =>
      mean(
        judged.map((w) =>
          mean(
            forecast(mapOf(rank), w.slice(0, lookback)).map((v, h) => (v - w[lookback + h]) ** 2),
          )
        ),
      );
    const ranks = [1, 2, 3, 99];
    const [best] = [1, 2, 3, Math.min(lookback, horizon)].toSorted((a, b) =>
      errorOf(a) - errorOf(b)
    );
    const { forecaster, metrics } = reducedRank.fit(problem, { ranks });
    assert.equal(metrics.rank, best);
    for (const rank of [1, 2]) {
      const one = reducedRank.fit(problem, { ranks: [rank] });
      const out = new Float64Array(horizon);
      void one.forecaster.predict(channels[0], 100, 1, out);
      const want = forecast(mapOf(rank), [...channels[0].subarray(100 - lookback, 100)]);
      assert.ok(relativeError(out, Float64Array.from(want)) < 1e-6);
      assert.ok(one.metrics.trainingLoss > ols.fit(problem).metrics.trainingLoss);
    }
    assert.equal(forecaster.lookback, lookback);
  }
});

Deno.test("a full rank is least squares", () => {
  const problem = problemOf(5, 3);
  const { trainingLoss, rank } = reducedRank.fit(problem, { ranks: [64] }).metrics;
  assert.equal(rank, 3);
  assert.ok(Math.abs(trainingLoss / ols.fit(problem).metrics.trainingLoss - 1) < 1e-9);
});

Deno.test("the floor of MASE says by what it is divided: the seasonal error of the training rows, by channel", async () => {
  const problem = problemOf(4, 3);
  const task = forecastingTask(problem, { loss: "windows", basis: "dct" });
  const { details } = await floor.score(task, 0, {}, {});
  const { scale, season, test } = details as {
    scale: number[];
    season: number;
    test: { mse: number };
  };
  assert.equal(season, 5);
  assert.ok(test.mse > 0);
  problem.channels.forEach((channel, c) => {
    const rows = [...channel.subarray(0, problem.split.train[1])];
    const want = mean(rows.slice(5).map((value, i) => Math.abs(value - rows[i])));
    assert.ok(Math.abs(scale[c] - want) < 1e-12);
  });
});

Deno.test("options of the references are checked", () => {
  const task = forecastingTask(problemOf(4, 3), { loss: "windows", basis: "dct" });
  assert.throws(() => searched.reference.score(task, 0, {}, {}, {}), /ridge_searched.*lookbacks/);
  assert.throws(() => reducedRank.reference.score(task, 0, {}, {}, { ranks: [] }), /reduced_rank/);
});
