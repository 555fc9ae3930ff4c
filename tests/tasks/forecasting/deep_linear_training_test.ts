/** @file Training a deep linear network: step by step against Adam in float64 loops, and what each option decides. */
import assert from "node:assert/strict";
import * as ols from "../../../lib/tasks/forecasting/references/ols.ts";
import { makeProblem, type Problem } from "../../../lib/tasks/forecasting/problem.ts";
import { dctMatrix } from "../../../lib/tasks/forecasting/window_basis.ts";
import { init } from "../../../lib/models/deep_linear.ts";
import { keyOf } from "../../../lib/random/random.ts";
import type { Tensor } from "../../../lib/tensor/tensor.ts";
import { DivergenceError } from "../../../lib/train/trainer.ts";
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
import { trainLinear } from "./trained.ts";
import { nativeTfjs } from "../../engine/native_tfjs.ts";

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

/** The last measurement; while training goes on it is made in another basis, and its sums have another order. */
function assertLast(curve: readonly (readonly [number, number])[], step: number, excess: number) {
  const [at, value] = curve.at(-1)!;
  assert.equal(at, step);
  assert.ok(
    Math.abs(value - excess) <= 1e-11 * Math.max(1, Math.abs(excess)),
    `${value}, ${excess}`,
  );
}

/** A linear warm-up, then half a cosine down to zero at the last step. */
const schedule = (peak: number, steps: number, warmup: number) => (step: number) =>
  step < warmup
    ? peak * (step + 1) / warmup
    : peak * (1 + Math.cos(Math.PI * (step - warmup) / Math.max(1, steps - 1 - warmup))) / 2;

Deno.test("every step is Adam's, through warm-up, decay and steps that fill no run", async () => {
  // Steps that are a multiple of five and not, the basis, a bottleneck, one layer.
  const cases = [
    { depth: 3, basis: "dct", steps: 127, learningRate: 0.05, scale: 0.5, seed: 4, width: 2 },
    { depth: 1, basis: "window", steps: 103, learningRate: 0.1, scale: 0.25, seed: 0 },
    { depth: 2, basis: "dct", steps: 8, learningRate: 0.5, scale: 1, seed: 1 },
    { depth: 4, basis: "window", steps: 40, warmup: 10, learningRate: 0.02, scale: 1, seed: 2 },
  ] as const;
  for (const options of cases) {
    const { depth, basis, steps, learningRate, scale, seed } = options;
    const problem = problemOf();
    const width = "width" in options ? options.width : undefined;
    const warmup = "warmup" in options ? options.warmup : 100;
    const layers = layersOf(init(keyOf(seed), { lookback, horizon, depth, width }, scale));
    const T = basisRows(basis);
    const data = centredWindows(problem, T);
    const M = train(data, layers, steps, schedule(learningRate, steps, warmup));
    const trained = await trainLinear(problem, options);
    const error = relativeError(trained.matrix, M.flat());
    assert.ok(error < 2e-4, `depth ${depth}, ${basis}: ${error}`);
    assert.ok(Math.abs(trained.trainingLoss / lossOf(data, M) - 1) < 1e-3);
    assert.equal(trained.steps, steps);
    // The forecaster reads windows, not their frequencies.
    const W = T ? times(transposed(T), M) : M;
    const x = problem.channels[1];
    const means = [0, 1, 2, 3, 4, 5, 6, 7].map((a) => {
      const all = problem.channels.flatMap((channel) => [...channel.subarray(2 + a, 63 - 7 + a)]);
      return all.reduce((sum, v) => sum + v, 0) / all.length;
    });
    const out = new Float64Array(horizon);
    await trained.forecaster.predict(x, 40, 1, out);
    const want = Array.from({ length: horizon }, (_, h) =>
      means[lookback + h] +
      W.reduce((sum, row, l) => sum + row[h] * (x[40 - lookback + l] - means[l]), 0));
    assert.ok(relativeError(out, want) < 5e-4, `depth ${depth}: ${out}, ${want}`);
  }
});

Deno.test("the gradient is that of the mean squared error, as values far below Adam's epsilon show", async () => {
  const problem = problemOf();
  problem.channels = problem.channels.map((channel) => channel.map((value) => 1e-5 * value));
  const layers = layersOf(init(keyOf(0), { lookback, horizon, depth: 2 }));
  const before = layers.reduce(times).flat();
  const W = train(centredWindows(problem), layers, 20, schedule(0.5, 20, 100)).flat();
  const { matrix } = await trainLinear(problem, {
    depth: 2,
    steps: 20,
    learningRate: 0.5,
    basis: "window",
  });
  const moved = matrix.map((value, k) => value - before[k]);
  const error = relativeError(moved, W.map((value, k) => value - before[k]));
  assert.ok(error < 1e-3, `${error}`);
});

Deno.test("the loss it reports is that of its forecasts on the training windows, and the excess is over least squares", async () => {
  const problem = problemOf();
  for (const basis of ["dct", "window"] as const) {
    const options = { depth: 2, steps: 30, learningRate: 0.05, basis };
    const { forecaster, trainingLoss, excess, curve, evaluate } = await trainLinear(
      problem,
      options,
    );
    const [from, to] = problem.split.train;
    const { mse } = await naiveScore(problem, forecaster, [from + lookback, to]);
    assert.ok(Math.abs(trainingLoss / mse - 1) < 1e-9);
    const best = ols.fit(problem).metrics.trainingLoss;
    assert.ok(Math.abs(excess - (mse / best - 1)) < 1e-9);
    assertLast(curve, 30, excess);
    const { details, loss } = await evaluate();
    assert.deepEqual((details as { fit: object }).fit, { trainingLoss, excess });
    const test = await naiveScore(problem, forecaster, problem.split.test);
    assert.ok(Math.abs(loss / test.mse - 1) < 1e-12);
  }
});

Deno.test("the loss of a step is that of the parameters before it", async () => {
  const problem = problemOf();
  const losses: number[] = [];
  const options = { depth: 2, steps: 7, learningRate: 0.05, scale: 0.5, seed: 3 };
  await trainLinear(problem, { ...options, onStep: (report) => losses.push(report.losses[0]) });
  assert.equal(losses.length, 7);
  const data = centredWindows(problem, basisRows("dct"));
  const shape = { lookback, horizon, depth: 2 };
  losses.forEach((loss, steps) => {
    const layers = layersOf(init(keyOf(3), shape, 0.5));
    const want = lossOf(data, train(data, layers, steps, schedule(0.05, 7, 100)));
    assert.ok(Math.abs(loss / want - 1) < 1e-5, `step ${steps}: ${loss}, ${want}`);
  });
});

Deno.test("the curve starts at the balanced start, shrunk to a quarter unless asked", async () => {
  const problem = problemOf();
  const best = ols.fit(problem).metrics.trainingLoss;
  const T = basisRows("dct")!;
  for (const scale of [undefined, 0.25, 0.75]) {
    const M = layersOf(init(keyOf(0), { lookback, horizon, depth: 2 }, scale)).reduce(times);
    const loss = lossOf(centredWindows(problem, T), M);
    const { curve } = await trainLinear(problem, { depth: 2, scale, steps: 1 });
    assert.deepEqual(curve.map(([step]) => step), [0, 1]);
    assert.ok(Math.abs(curve[0][1] - (loss / best - 1)) < 1e-6);
  }
});

const large = makeProblem(randomSeries(400, 2), { lookback: 12, horizon: 6, split: "70/10/20" });

Deno.test("depths 1, 2 and 10 reach least squares in either basis", async () => {
  for (const [basis, steps] of [["dct", 1500], ["window", 3000]] as const) {
    for (const depth of [1, 2, 10]) {
      const learningRate = Math.min(0.03, 4 / (6 * depth));
      const { excess } = await trainLinear(large, { depth, basis, steps, learningRate });
      assert.ok(excess > -1e-9 && excess < 1e-3, `${basis} ${depth}: ${excess}`);
    }
  }
});

Deno.test("a bottleneck does not reach it, and its map has the bottleneck's rank", async () => {
  const { excess, matrix } = await trainLinear(large, { depth: 3, width: 1, steps: 500 });
  assert.ok(excess > 0.01);
  // [12, 6] of rank 1: every 2 x 2 minor vanishes.
  for (let l = 1; l < 12; l++) {
    for (let h = 1; h < 6; h++) {
      assert.ok(Math.abs(matrix[0] * matrix[l * 6 + h] - matrix[h] * matrix[l * 6]) < 1e-6);
    }
  }
});

Deno.test("the same bits twice, and other bits by another seed, basis, rate and scale", async () => {
  const options = { depth: 3, steps: 207 };
  const [a, b] = [await trainLinear(large, options), await trainLinear(large, options)];
  assert.deepEqual(a.layers, b.layers);
  assert.deepEqual(a.curve, b.curve);
  assert.deepEqual(a.curve.map(([step]) => step), [0, 100, 200, 207]);
  const few = { depth: 3, steps: 2 };
  const plain = (await trainLinear(large, few)).layers;
  const changes = [{ seed: 1 }, { basis: "window" }, { learningRate: 0.01 }, {
    scale: 0.3,
  }] as const;
  for (const change of changes) {
    assert.notDeepEqual((await trainLinear(large, { ...few, ...change })).layers, plain);
  }
});

Deno.test("it stops at the first measurement within the tolerance, and takes every step without one", async () => {
  const options = { depth: 2, steps: 2000, learningRate: 0.004 };
  const stopped = await trainLinear(problemOf(), { ...options, tolerance: 0.02 });
  const { curve, steps, excess } = stopped;
  assert.deepEqual(curve.map(([step]) => step), curve.map((_, k) => 100 * k));
  assert.ok(curve.length > 2 && steps < 2000);
  assert.ok(curve.slice(0, -1).every(([, excess]) => excess > 0.02));
  assert.ok(excess <= 0.02);
  assertLast(curve, steps, excess);
  // A tolerance that is just met is met.
  const met = await trainLinear(problemOf(), { ...options, tolerance: curve[0][1] });
  assert.equal(met.steps, 0);
});

Deno.test("divergence names step and learning rate", async () => {
  await assert.rejects(
    trainLinear(large, { depth: 50, steps: 300, learningRate: 1e6 }),
    (error: unknown) => {
      assert.ok(error instanceof DivergenceError);
      assert.match(error.message, /diverged at step \d+: loss \S+, .*learning rate \S+\. Lower/);
      return true;
    },
  );
});

Deno.test("a killed training goes on from its checkpoint to the same bits", async () => {
  const options = { depth: 3, steps: 33, warmup: 10 };
  const straight = await trainLinear(large, options);
  let saved: Record<string, Tensor> | undefined;
  const checkpoint = {
    every: 1e9,
    load: () => Promise.resolve(saved),
    save: (state: Record<string, Tensor>) => Promise.resolve(void (saved = state)),
  };
  const stop = new AbortController();
  const killed = trainLinear(large, {
    ...options,
    checkpoint,
    signal: stop.signal,
    onStep: ({ step }) => step === 16 && stop.abort(new Error("killed")),
  });
  await assert.rejects(killed, /killed/);
  assert.equal(saved!.step.data[0], 20);
  const resumed = await trainLinear(large, { ...options, checkpoint });
  assert.deepEqual(resumed.layers, straight.layers);
  assert.deepEqual(resumed.lastLosses, straight.lastLosses);
});

Deno.test("lookback 1, horizon 1 and one channel", async () => {
  const series = randomSeries(120, 1);
  const tiny = makeProblem(series, { lookback: 1, horizon: 1, split: "70/10/20" });
  const { excess } = await trainLinear(tiny, { depth: 4, steps: 1500 });
  assert.ok(Math.abs(excess) < 1e-3, `${excess}`);
});

Deno.test("a series that a line continues is measured against rounding errors, not against nothing", async () => {
  const channels = [Float64Array.from({ length: 60 }, (_, t) => t)];
  const series = { file: "f", columns: ["x"], channels, rows: 60, notes: [] };
  const problem = makeProblem(series, { lookback: 2, horizon: 1, split: "70/10/20" });
  assert.ok(ols.fit(problem).metrics.trainingLoss < 1e-12);
  const { excess, trainingLoss } = await trainLinear(problem, { depth: 1, steps: 10 });
  assert.ok(Math.abs((excess + 1) / (trainingLoss * 1e12) - 1) < 1e-9);
});

Deno.test("every engine that runs everywhere finds the same", async () => {
  const options = { depth: 3, steps: 12, warmup: 4 };
  const want = (await trainLinear(problemOf(), options)).matrix;
  for (const engine of ["jax", "tfjs", ...nativeTfjs] as const) {
    const { matrix } = await trainLinear(problemOf(), { ...options, engine });
    assert.ok(relativeError(matrix, want) < 1e-4, engine);
  }
});
