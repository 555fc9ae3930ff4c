/** @file Training a deep linear network: step by step against Adam in float64 loops, and what each option decides. */
import assert from "node:assert/strict";
import * as deepLinear from "../../../lib/tasks/forecasting/references/deep_linear.ts";
import * as ols from "../../../lib/tasks/forecasting/references/ols.ts";
import { makeProblem, type Problem } from "../../../lib/tasks/forecasting/problem.ts";
import { dctMatrix } from "../../../lib/tasks/forecasting/window_basis.ts";
import { init } from "../../../lib/models/deep_linear.ts";
import { keyOf } from "../../../lib/random/random.ts";
import { naiveScore, randomSeries, relativeError } from "./fixtures.ts";
import {
  centredWindows,
  layersOf,
  lossOf,
  type Rows,
  times,
  train,
  transposed,
} from "./naive_training.ts";

const [lookback, horizon] = [5, 3];

/** Two columns whose training rows start at row 2, so that a forgotten start is noticed. */
function problemOf(): Problem {
  const problem = makeProblem(randomSeries(90, 2), { lookback, horizon, split: "70/10/20" });
  problem.split.train[0] = 2;
  return problem;
}

/** Rows of the orthonormal cosine basis of a window. */
const basisRows = (basis: string): Rows | undefined => {
  const T = [...dctMatrix(lookback)];
  return basis === "dct"
    ? Array.from({ length: lookback }, (_, k) => T.slice(k * lookback, (k + 1) * lookback))
    : undefined;
};

/** Warm-up of 100 steps, half a cosine down to zero. */
const schedule = (peak: number, steps: number) => (step: number) =>
  peak * Math.min((step + 1) / 100, 1) * (1 + Math.cos(Math.PI * step / steps)) / 2;

Deno.test("training: every step is Adam's, through warm-up, decay and steps that fill no run", async () => {
  // Peaks, steps that are a multiple of five and not, the basis, a bottleneck, one layer.
  const cases = [
    { depth: 3, basis: "dct", steps: 127, learningRate: 0.05, scale: 0.5, seed: 4, width: 2 },
    { depth: 1, basis: "window", steps: 103, learningRate: 0.1, scale: 0.25, seed: 0 },
    { depth: 2, basis: "dct", steps: 8, learningRate: 0.5, scale: 1, seed: 1 },
  ] as const;
  for (const options of cases) {
    const { depth, basis, steps, learningRate, scale, seed } = options;
    const problem = problemOf();
    const width = "width" in options ? options.width : undefined;
    const layers = layersOf(init(keyOf(seed), { lookback, horizon, depth, width }, scale));
    const T = basisRows(basis);
    const data = centredWindows(problem, T);
    const M = train(data, layers, steps, schedule(learningRate, steps));
    const W = T ? times(transposed(T), M) : M;
    const { tensors, metrics } = await deepLinear.fit(problem, options);
    const error = relativeError(tensors!.weights.data, W.flat());
    assert.ok(error < 2e-4, `depth ${depth}, ${basis}: ${error}`);
    assert.ok(Math.abs(metrics.trainingLoss / lossOf(data, M) - 1) < 1e-3);
    assert.equal(metrics.steps, steps);
    assert.equal(metrics.learningRate, learningRate);
  }
});

Deno.test("training: the gradient is that of the mean squared error, as values far below Adam's epsilon show", async () => {
  const problem = problemOf();
  problem.channels = problem.channels.map((channel) => channel.map((value) => 1e-5 * value));
  const options = { depth: 2, steps: 20, learningRate: 0.5, basis: "window" } as const;
  const layers = layersOf(init(keyOf(0), { lookback, horizon, depth: 2 }));
  const before = layers.reduce(times).flat();
  const W = train(centredWindows(problem), layers, 20, schedule(0.5, 20)).flat();
  const { tensors } = await deepLinear.fit(problem, options);
  const moved = tensors!.weights.data.map((value, k) => value - before[k]);
  const error = relativeError(moved, W.map((value, k) => value - before[k]));
  assert.ok(error < 1e-3, `${error}`);
});

Deno.test("training: the loss it reports is that of its forecasts on the training windows", async () => {
  const problem = problemOf();
  const options = { depth: 2, steps: 30, learningRate: 0.05 };
  const { forecaster, tensors, metrics, curves } = await deepLinear.fit(problem, options);
  const [from, to] = problem.split.train;
  const { mse } = naiveScore(problem, forecaster, [from + lookback, to]);
  assert.ok(Math.abs(metrics.trainingLoss / mse - 1) < 1e-9);
  const best = ols.fit(problem).metrics.trainingLoss;
  assert.ok(Math.abs(metrics.excess - (mse / best - 1)) < 1e-9);
  assert.deepEqual(curves!.excess.at(-1), { step: 30, value: metrics.excess });
  // What it says of its weights is what it forecasts with.
  const { weights, intercept } = tensors!;
  assert.deepEqual([weights.shape, intercept.shape], [[lookback, horizon], [horizon]]);
  const out = new Float64Array(horizon);
  const x = problem.channels[1];
  forecaster.predict(x, 40, 1, out);
  out.forEach((value, h) => {
    let expected = intercept.data[h];
    for (let l = 0; l < lookback; l++) {
      expected += weights.data[l * horizon + h] * x[40 - lookback + l];
    }
    assert.ok(Math.abs(value - expected) < 1e-12);
  });
});

Deno.test("training: the curve starts at the balanced start, shrunk to a quarter unless asked", async () => {
  const problem = problemOf();
  const best = ols.fit(problem).metrics.trainingLoss;
  const T = basisRows("dct")!;
  for (const scale of [undefined, 0.25, 0.75]) {
    const M = layersOf(init(keyOf(0), { lookback, horizon, depth: 2 }, scale)).reduce(times);
    const loss = lossOf(centredWindows(problem, T), M);
    const { curves } = await deepLinear.fit(problem, { depth: 2, scale, steps: 1 });
    assert.deepEqual(curves!.excess.map(({ step }) => step), [0, 1]);
    assert.ok(Math.abs(curves!.excess[0].value - (loss / best - 1)) < 1e-6);
  }
});

Deno.test("training: seed 0 and the cosine basis unless asked otherwise, and each option decides", async () => {
  const problem = problemOf();
  const tensors = async (options: Omit<deepLinear.DeepLinearOptions, "depth">) =>
    (await deepLinear.fit(problem, { depth: 2, steps: 2, ...options })).tensors;
  const plain = await tensors({});
  assert.deepEqual(await tensors({ seed: 0, basis: "dct" }), plain);
  assert.notDeepEqual(await tensors({ seed: 1 }), plain);
  assert.notDeepEqual(await tensors({ basis: "window" }), plain);
  assert.notDeepEqual(await tensors({ learningRate: 0.01 }), plain);
  await assert.rejects(tensors({ engine: "none" as "ort" }), "an engine that there is not");
});

Deno.test("training: the rate is 4 over width and depth, but at most 0.03, the width the narrower side", async () => {
  const wide = makeProblem(randomSeries(310, 1), { lookback: 31, horizon: 30, split: "70/10/20" });
  const metrics = async (depth: number, width?: number) =>
    (await deepLinear.fit(wide, { depth, width, steps: 1 })).metrics;
  const five = await metrics(5);
  assert.equal(five.width, 30);
  assert.ok(Math.abs(five.learningRate - 4 / (30 * 5)) < 1e-15);
  assert.equal((await metrics(4)).learningRate, 0.03);
  const narrow = await metrics(5, 20);
  assert.deepEqual([narrow.width, narrow.learningRate], [20, 0.03]);
});

Deno.test("training: 1,500 steps unless asked otherwise, all of them without a tolerance", async () => {
  const problem = makeProblem(randomSeries(60, 1), {
    lookback: 1,
    horizon: 1,
    split: "70/10/20",
  });
  const { metrics, curves } = await deepLinear.fit(problem, { depth: 1 });
  assert.equal(metrics.steps, 1500);
  assert.deepEqual(
    curves!.excess.map(({ step }) => step),
    Array.from(Array(16), (_, k) => 100 * k),
  );
  // Least squares is reached long before, and rounding may even leave less than it.
  assert.ok(Math.abs(curves!.excess[14].value) < 1e-6);
});

Deno.test("training: it stops at the first measurement within the tolerance, and tells of each", async () => {
  const problem = problemOf();
  const told: [number, number][] = [];
  const onProgress = (step: number, excess: number) => void told.push([step, excess]);
  const options = { depth: 2, steps: 2000, learningRate: 0.004, onProgress };
  const { metrics, curves } = await deepLinear.fit(problem, { ...options, tolerance: 0.02 });
  assert.deepEqual(told, curves!.excess.map(({ step, value }) => [step, value]));
  assert.deepEqual(told.map(([step]) => step), told.map((_, k) => 100 * k));
  assert.ok(told.length > 2 && metrics.steps < 2000);
  assert.ok(told.slice(0, -1).every(([, excess]) => excess > 0.02));
  assert.ok(metrics.excess <= 0.02);
  // A tolerance that is just met is met.
  const start = told[0][1];
  assert.equal((await deepLinear.fit(problem, { ...options, tolerance: start })).metrics.steps, 0);
});

Deno.test("training: a signal ends it at the next measurement", async () => {
  const controller = new AbortController();
  const steps: number[] = [];
  const onProgress = (step: number) => {
    steps.push(step);
    if (step === 200) controller.abort();
  };
  await assert.rejects(
    deepLinear.fit(problemOf(), { depth: 2, steps: 900, onProgress, signal: controller.signal }),
    { name: "AbortError" },
  );
  assert.deepEqual(steps, [0, 100, 200]);
});

Deno.test("training: a series that a line continues is measured against rounding errors, not against nothing", async () => {
  const channels = [Float64Array.from({ length: 60 }, (_, t) => t)];
  const series = { file: "f", columns: ["x"], channels, rows: 60, notes: [] };
  const problem = makeProblem(series, { lookback: 2, horizon: 1, split: "70/10/20" });
  assert.ok(ols.fit(problem).metrics.trainingLoss < 1e-12);
  const { metrics } = await deepLinear.fit(problem, { depth: 1, steps: 10 });
  assert.ok(Math.abs((metrics.excess + 1) / (metrics.trainingLoss * 1e12) - 1) < 1e-9);
});

Deno.test("training: its seconds of compiling and of training are observed apart", async () => {
  const start = performance.now();
  const { observations } = await deepLinear.fit(problemOf(), { depth: 2, steps: 5 });
  const all = (performance.now() - start) / 1000;
  const { compileSeconds, trainSeconds } = observations;
  assert.deepEqual(Object.keys(observations), ["compileSeconds", "trainSeconds"]);
  assert.ok(compileSeconds > 0 && trainSeconds > 0 && compileSeconds + trainSeconds <= all);
  assert.ok(compileSeconds + trainSeconds > 1e-3);
});
