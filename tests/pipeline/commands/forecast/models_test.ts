/** @file The candidates of the forecast table: which, in which order, and what fitting one again means. */
import assert from "node:assert/strict";
import type { Forecaster } from "../../../../lib/tasks/forecasting/forecaster.ts";
import * as ols from "../../../../lib/tasks/forecasting/references/ols.ts";
import { makeProblem, type Problem } from "../../../../lib/tasks/forecasting/problem.ts";
import { fitDeepLinear } from "../../../../pipeline/commands/forecast/deep_linear.ts";
import { evaluateAll } from "../../../../pipeline/commands/forecast/models.ts";
import { randomSeries } from "../../../tasks/forecasting/fixtures.ts";

const problemOf = (season?: number): Problem =>
  makeProblem(randomSeries(80, 1), { lookback: 4, horizon: 2, split: "70/10/20", season });

Deno.test("candidates: the naive ones, the closed forms, then networks by the depths asked for", async () => {
  const heard: string[] = [];
  const candidates = await evaluateAll(problemOf(3), [2, 1], (line) => heard.push(line));
  const ids = ["repeat-last", "seasonal-naive", "ols", "ols-in", "deep-linear-2", "deep-linear-1"];
  assert.deepEqual(candidates.map(({ id }) => id), ids);
  assert.deepEqual([...new Set(heard)].filter((line) => !line.includes("step")), ids.slice(0, 4));
  assert.ok(heard.includes("deep-linear-2, step 100"));
  const few = await evaluateAll(problemOf(), [], () => {});
  assert.deepEqual(few.map(({ id }) => id), ["repeat-last", "ols", "ols-in"]);
});

Deno.test("candidates: each is the model of its name", async () => {
  const problem = problemOf(3);
  const candidates = await evaluateAll(problem, [2], () => {});
  const predict = (id: string) => {
    const { fit } = candidates.find((c) => c.id === id)!;
    const out = new Float64Array(2);
    fit.forecaster.predict(problem.channels[0], 70, 1, out);
    return [...out];
  };
  const x = problem.channels[0];
  assert.deepEqual(predict("repeat-last"), [x[69], x[69]]);
  assert.deepEqual(predict("seasonal-naive"), [x[67], x[68]]);
  const tensors = (id: string) => candidates.find((c) => c.id === id)!.fit.tensors;
  assert.deepEqual(tensors("ols"), ols.fit(problem).tensors);
  assert.deepEqual(Object.keys(tensors("ols-in")!), ["weights", "spread"]);
  // As good as least squares on the training windows, and hence nearly the same map.
  const { metrics } = candidates.find((c) => c.id === "deep-linear-2")!.fit;
  assert.ok(metrics.excess > 0 && metrics.excess <= 2.5e-4, `excess ${metrics.excess}`);
  const least = ols.fit(problem).metrics.trainingLoss;
  assert.ok(Math.abs(metrics.trainingLoss / least - 1 - metrics.excess) < 1e-12);
  predict("ols").forEach((value, h) => {
    const deep = predict("deep-linear-2")[h];
    assert.ok(Math.abs(deep - value) < 0.02, `step ${h}: ${deep}, ${value}`);
  });
  assert.notDeepEqual(predict("deep-linear-2"), predict("ols"));
});

Deno.test("candidates: fitting again takes the same options to other rows", async () => {
  const problem = problemOf();
  const whole = { ...problem, split: { ...problem.split, train: [0, 80] as [number, number] } };
  const candidates = await evaluateAll(problem, [2], () => {});
  const beyond = ({ forecaster }: { forecaster: Forecaster }) => {
    const out = new Float64Array(2);
    forecaster.predict(problem.channels[0], 80, 1, out);
    return [...out];
  };
  const again = async (id: string) =>
    beyond(await candidates.find((c) => c.id === id)!.refit(whole));
  assert.deepEqual(await again("ols"), beyond(ols.fit(whole)));
  assert.notDeepEqual(await again("ols"), beyond(ols.fit(problem)));
  assert.deepEqual(await again("deep-linear-2"), beyond(await fitDeepLinear(whole, 2, () => {})));
});
