/** @file The forecasting task: its options, both of its losses, how it scores, and what is optimal and trivial in it. */
import { init as initJax, numpy as np } from "@jax-js/jax";
import assert from "node:assert/strict";
import { compile } from "../../../lib/engine/engines/ort.ts";
import { model as deepLinear } from "../../../lib/models/deep_linear.ts";
import type { LinearWindowModel, Model } from "../../../lib/models/model.ts";
import { fold, keyOf, normals } from "../../../lib/random/random.ts";
import { forecastingTask, task as module } from "../../../lib/tasks/forecasting/forecasting.ts";
import { gramBatch } from "../../../lib/tasks/forecasting/gram.ts";
import { blockMeans, score } from "../../../lib/tasks/forecasting/metrics.ts";
import { centre, windowMoments } from "../../../lib/tasks/forecasting/moments.ts";
import { makeProblem, type Problem } from "../../../lib/tasks/forecasting/problem.ts";
import * as ols from "../../../lib/tasks/forecasting/references/ols.ts";
import * as repeatLast from "../../../lib/tasks/forecasting/references/repeat_last.ts";
import { dctMatrix, rotate } from "../../../lib/tasks/forecasting/window_basis.ts";
import { drawWindows } from "../../../lib/tasks/forecasting/windows.ts";
import { type Tensor, tensor } from "../../../lib/tensor/tensor.ts";
import { runnerOf } from "../../../lib/train/runner.ts";
import { runJax } from "../../engine/oracle.ts";
import { naiveScore, randomSeries, relativeError } from "./fixtures.ts";
import { centredWindows, lossOf, type Rows, times } from "./naive_training.ts";

await initJax("wasm");

const [lookback, horizon] = [5, 3];
const seed = { instance: 0, initialisation: 0, data: 6 };

/** Two columns whose training rows start at row 2, so that a forgotten start is noticed. */
function problemOf(): Problem {
  const problem = makeProblem(randomSeries(90, 2), { lookback, horizon, split: "70/10/20" });
  problem.split.train[0] = 2;
  return problem;
}

const linearModel = (depth = 2): LinearWindowModel =>
  deepLinear.configure({ depth }, {
    signature: { kind: "window", lookback, horizon, channels: 1 },
    layers: [],
  });

/** Step h of the forecast is h + the sum of the window, squared, times w. */
const squares: Model = {
  init: () => ({ w: np.ones([]) }),
  apply(params, x) {
    const sum = np.sum(x, [1, 2]).reshape([-1, 1, 1]);
    const steps = np.array([0, 1, 2]).reshape([1, 3, 1]);
    return np.square(sum.add(steps)).mul((params as { w: np.Array }).w);
  },
};
const w = 0.01;
const squaresOf = (window: readonly number[]) =>
  [0, 1, 2].map((h) => w * (window.reduce((a, b) => a + b, 0) + h) ** 2);

const text = [
  "date,a,b",
  ...Array.from({ length: 90 }, (_, t) => {
    const [e, f] = normals(fold(keyOf(1), t), 2);
    const day = new Date(Date.UTC(2020, 0, 1 + t)).toISOString().slice(0, 10);
    return `${day},${(Math.sin(t / 3) + 0.3 * e).toFixed(6)},${(3 + f).toFixed(6)}`;
  }),
].join("\n");
const options = { dataset: "made up", split: "70/10/20", lookback, horizon };

Deno.test("options: a series is read, split and standardised as they say", () => {
  const task = module.configure(options, { text });
  assert.deepEqual(task.problem.columns, ["a", "b"]);
  assert.deepEqual(task.problem.split.train, [0, 63]);
  assert.deepEqual([task.problem.lookback, task.problem.horizon], [lookback, horizon]);
  assert.equal(task.problem.season, undefined);
  assert.deepEqual(task.signature, { kind: "window", lookback, horizon, channels: 1 });
  assert.equal(module.configure({ ...options, season: 7 }, { text }).problem.season, 7);
  const one = module.configure({ ...options, read: { columns: ["b"] } }, { text });
  assert.deepEqual(one.problem.columns, ["b"]);
  assert.deepEqual(one.problem.channels, [task.problem.channels[1]]);
});

Deno.test("options: windows are drawn unless all are asked for, by their frequencies unless by their rows", () => {
  const configured = (more: object) => module.configure({ ...options, ...more }, { text });
  assert.ok(!configured({}).constantBatch && !configured({}).excess);
  assert.ok(configured({ loss: "gram" }).constantBatch && configured({ loss: "gram" }).excess);
  const model = linearModel();
  const batch = (more: object) => configured({ loss: "gram", ...more }).source(seed, 1, model)(0);
  assert.deepEqual(batch({}), batch({ basis: "dct" }));
  assert.notDeepEqual(batch({}), batch({ basis: "window" }));
});

Deno.test("options: wrong ones are named, and a task without a file is refused", () => {
  const wrong: [object, RegExp][] = [
    [{ ...options, lookback: 0 }, /forecasting options: lookback = 0: .*>=1/],
    [{ ...options, horizon: 1.5 }, /horizon = 1\.5/],
    [{ ...options, split: "80/20" }, /split = "80\/20": .*"etth"\|"ettm"\|"70\/10\/20"/],
    [{ ...options, loss: "all" }, /loss = "all": .*"windows"\|"gram"/],
    [{ ...options, basis: "fft" }, /basis = "fft": .*"dct"\|"window"/],
    [{ ...options, season: 0 }, /season = 0/],
    [{ ...options, look_back: 3 }, /"look_back"/],
    [{ ...options, dataset: undefined }, /dataset/],
    [{ ...options, lookback: 100 }, /made up: 90 rows leave 63 for training/],
    [{ ...options, read: { columns: ["c"] } }, /made up.*"c"/s],
  ];
  for (const [given, message] of wrong) {
    assert.throws(() => module.configure(given, { text }), message);
  }
  assert.throws(() => module.configure(options), /forecasting: the input `data` is no text file/);
  assert.throws(() => module.configure(options, { tensors: {} }), /is no text file/);
  assert.throws(() => module.protocol({ rollout: {} }), /forecasting protocol.*"rollout"/);
  assert.deepEqual(module.protocol({}), {});
});

Deno.test("notes: what the reader and the problem decided, for both losses", () => {
  const constant = text.split("\n").map((line, i) => `${line},${i ? 4 : "c"}`).join("\n");
  const given = constant.replace("2020-01-05,", "2020-01-05,NA,").replace(/(NA,)[^,]*,/, "$1");
  for (const loss of ["windows", "gram"]) {
    const task = module.configure(
      { ...options, loss, dropConstant: true, read: { missing: ["NA"] } },
      { text: given },
    );
    assert.deepEqual(task.problem.columns, ["a", "b"]);
    assert.equal(task.notes?.length, 2);
    assert.match(task.notes![0], /"a"/);
    assert.match(task.notes![1], /"c" is constant/);
  }
  assert.equal(module.configure(options, { text }).notes!.length, 0);
  assert.throws(() => module.configure(options, { text: constant }), /"c": constant/);
});

Deno.test("drawn windows: the batch of a step is theirs, by the key of the data and the step", () => {
  const problem = problemOf();
  const task = forecastingTask(problem, { loss: "windows", basis: "dct" });
  assert.equal(task.tokens(4), 4 * lookback);
  const source = task.source(seed, 4, squares);
  for (const step of [0, 9]) {
    assert.deepEqual(source(step), drawWindows(problem, fold(keyOf(6), step), 4));
    assert.deepEqual(source(step), task.source({ ...seed, instance: 5 }, 4, squares)(step));
  }
  assert.notDeepEqual(source(0), source(9));
  assert.notDeepEqual(source(0), task.source({ ...seed, data: 7 }, 4, squares)(0));
});

Deno.test("drawn windows: the loss is the mean squared error over windows and horizon", () => {
  const task = forecastingTask(problemOf(), { loss: "windows", basis: "dct" });
  const { x, y } = task.source(seed, 7, squares)(3) as { x: Tensor; y: Tensor };
  const loss = (w: np.Array, x: np.Array, y: np.Array) => [task.loss(squares, { w }, { x, y })];
  const [got] = runJax(loss as never, [tensor(w), x, y]);
  let sum = 0;
  for (let i = 0; i < 7; i++) {
    squaresOf([...x.data.slice(i * lookback, (i + 1) * lookback)]).forEach((value, h) => {
      sum += (value - y.data[i * horizon + h]) ** 2 / (7 * horizon);
    });
  }
  assert.deepEqual(got.shape, []);
  assert.ok(Math.abs(got.data[0] / sum - 1) < 1e-5, `${got.data[0]}, ${sum}`);
});

Deno.test("all windows: every batch is their covariances in the basis, whatever the seed and the size", () => {
  const problem = problemOf();
  const covariances = centre(
    windowMoments(problem.channels, problem.split.train, lookback, horizon),
  );
  for (const basis of ["dct", "window"] as const) {
    const task = forecastingTask(problem, { loss: "gram", basis });
    assert.equal(task.tokens(4), 2 * 61);
    const source = task.source(seed, 4, linearModel());
    const T = basis === "dct" ? dctMatrix(lookback) : undefined;
    assert.deepEqual(source(0), gramBatch(rotate(covariances, T)));
    assert.equal(source(5), source(0));
    assert.deepEqual(task.source({ ...seed, data: 8 }, 1, linearModel())(1), source(0));
  }
});

/** A network [lookback, horizon] of one matrix, and its rows. */
function oneMatrix(): { params: { first: Tensor }; rows: Rows } {
  const data = Float32Array.from(normals(keyOf(4), lookback * horizon), (v) => 0.2 * v);
  const rows = Array.from(
    { length: lookback },
    (_, l) => [...data.slice(l * horizon, (l + 1) * horizon)],
  );
  return { params: { first: { dtype: "float32", shape: [lookback, horizon], data } }, rows };
}

/** The orthonormal cosines of a window, one a row. */
const cosines: Rows = Array.from(
  { length: lookback },
  (_, k) =>
    Array.from(
      { length: lookback },
      (_, l) => Math.sqrt((k ? 2 : 1) / lookback) * Math.cos(Math.PI * (l + 0.5) * k / lookback),
    ),
);

Deno.test("all windows: loss and excess are those of the matrix on every training window, in either basis", () => {
  const problem = problemOf();
  const best = ols.fit(problem).metrics.trainingLoss;
  const { params, rows } = oneMatrix();
  const losses = [];
  for (const basis of ["dct", "window"] as const) {
    const task = forecastingTask(problem, { loss: "gram", basis });
    const model = linearModel(1);
    const { gram, cross, energy } = task.source(seed, 1, model)(0) as Record<string, Tensor>;
    const loss = (first: np.Array, gram: np.Array, cross: np.Array, energy: np.Array) => [
      task.loss(model, { first }, { gram, cross, energy }),
    ];
    const [got] = runJax(loss as never, [params.first, gram, cross, energy]);
    const want = lossOf(centredWindows(problem, basis === "dct" ? cosines : undefined), rows);
    assert.ok(Math.abs(got.data[0] / want - 1) < 1e-5);
    assert.ok(Math.abs((task.excess!(model, params) + 1) / (want / best) - 1) < 1e-9);
    losses.push(want);
  }
  assert.ok(Math.abs(losses[0] / losses[1] - 1) > 1e-3);
});

Deno.test("all windows: the least squares solution has no excess, and the basis changes nothing about it", () => {
  const problem = problemOf();
  const { weights } = ols.fit(problem).tensors!;
  const rows: Rows = Array.from(
    { length: lookback },
    (_, l) => [...weights.data.slice(l * horizon, (l + 1) * horizon)],
  );
  for (const basis of ["dct", "window"] as const) {
    const M = basis === "dct" ? times(cosines, rows) : rows;
    const first: Tensor = {
      dtype: "float64",
      shape: [lookback, horizon],
      data: Float64Array.from(M.flat()),
    };
    const task = forecastingTask(problem, { loss: "gram", basis });
    const excess = task.excess!(linearModel(1), { first });
    assert.ok(Math.abs(excess) < 1e-9, `${basis}: ${excess}`);
  }
});

Deno.test("all windows: a model that is no matrix is refused wherever it is used", async () => {
  const task = forecastingTask(problemOf(), { loss: "gram", basis: "dct" });
  const message = /TypeError: forecasting: loss "gram" needs .*deep_linear.*use loss "windows"/;
  assert.throws(() => task.source(seed, 1, squares), message);
  assert.throws(() => task.loss(squares, {}, {}), message);
  assert.throws(() => task.excess!(squares, {}), message);
  const runner = runnerOf(squares, { w: tensor(w) }, { batch: 4, compile });
  await assert.rejects(task.evaluate(runner, 0, {}, {}), message);
});

interface Details {
  test: { mse: number; mae: number; windows: number; channels: unknown[] };
  validation?: { mse: number; mae: number };
  blocks: number[];
  columns: string[];
  fit: Record<string, number>;
}

Deno.test("evaluation: a model of windows is scored on its outputs, one window at a time", async () => {
  const problem = problemOf();
  const task = forecastingTask(problem, { loss: "windows", basis: "dct" });
  const runner = runnerOf(squares, { w: tensor(w) }, { batch: 4, compile });
  const { details, ...scalars } = await task.evaluate(runner, 0, {}, {});
  const byHand = {
    lookback,
    horizon,
    predict(channel: Float64Array, first: number, count: number, out: Float64Array) {
      for (let i = 0; i < count; i++) {
        const window = channel.slice(first + i - lookback, first + i);
        squaresOf([...window]).forEach((value, h) => out[h * count + i] = value);
      }
    },
  };
  const { test, validation, blocks, columns, fit } = details as Details;
  for (const [got, range] of [[test, "test"], [validation!, "validation"]] as const) {
    const want = await naiveScore(problem, byHand, problem.split[range]);
    assert.ok(Math.abs(got.mse / want.mse - 1) < 1e-5, range);
    assert.ok(Math.abs(got.mae / want.mae - 1) < 1e-5, range);
  }
  assert.equal(test.windows, 18 - horizon + 1);
  assert.equal(test.channels.length, 2);
  assert.deepEqual(columns, ["c0", "c1"]);
  assert.deepEqual(fit, {});
  // Windows whose targets do not overlap much: means over as many origins as the horizon has rows.
  const { squaredErrors } = await score(problem, byHand, problem.split.test);
  assert.ok(relativeError(blocks, blockMeans(squaredErrors, horizon)) < 1e-5);
  assert.equal(scalars.loss, test.mse);
});

Deno.test("evaluation: 0 is repeating the last value and 1 is least squares, on the same test windows", async () => {
  const problem = makeProblem(randomSeries(300, 2), { lookback, horizon, split: "70/10/20" });
  const task = forecastingTask(problem, { loss: "windows", basis: "dct" });
  const [last, best] = [repeatLast.fit(problem), ols.fit(problem)];
  const floor = await naiveScore(problem, last.forecaster, problem.split.test);
  const optimum = await naiveScore(problem, best.forecaster, problem.split.test);
  assert.ok(optimum.mse < floor.mse);
  const halfway = (out: Float64Array, a: Float64Array, b: Float64Array) =>
    out.forEach((_, k) => out[k] = (a[k] + b[k]) / 2);
  const between = {
    lookback,
    horizon,
    async predict(channel: Float64Array, first: number, count: number, out: Float64Array) {
      const [a, b] = [out.slice(), out.slice()];
      await last.forecaster.predict(channel, first, count, a);
      await best.forecaster.predict(channel, first, count, b);
      halfway(out, a, b);
    },
  };
  for (const forecaster of [last.forecaster, best.forecaster, between]) {
    const evaluation = await task.evaluateForecaster(forecaster, { a: 1 });
    const { mse } = await naiveScore(problem, forecaster, problem.split.test);
    const want = [mse, floor.mse, optimum.mse, (floor.mse - mse) / (floor.mse - optimum.mse)];
    const { loss, floor: bottom, optimum: top, gapClosed, details } = evaluation;
    [loss, bottom, top, gapClosed].forEach((value, i) =>
      assert.ok(Math.abs(value - want[i]) < 1e-12, `${i}: ${value}, ${want[i]}`)
    );
    assert.deepEqual((details as Details).fit, { a: 1 });
  }
  assert.equal(module.about.floor.known, "exact");
  assert.equal(module.about.optimum.known, "best known");
});

Deno.test("evaluation: without rows before it the validation is left out", async () => {
  const problem = problemOf();
  const task = forecastingTask(problem, { loss: "windows", basis: "dct" });
  const far = { ...repeatLast.fit(problem).forecaster, lookback: 64 };
  assert.equal(((await task.evaluateForecaster(far, {})).details as Details).validation, undefined);
});

Deno.test("evaluation: a matrix is scored by itself with the best intercept, on the windows themselves", async () => {
  const problem = problemOf();
  const { params, rows } = oneMatrix();
  for (const basis of ["dct", "window"] as const) {
    const task = forecastingTask(problem, { loss: "gram", basis });
    const model = linearModel(1);
    const apply = () => assert.fail("a matrix needs no program");
    const runner = { ...runnerOf(model, params, { batch: 4, compile }), apply };
    const { forecaster, metrics } = task.fitOf(runner);
    const [from, to] = problem.split.train;
    const { mse } = await naiveScore(problem, forecaster, [from + lookback, to]);
    const want = lossOf(centredWindows(problem, basis === "dct" ? cosines : undefined), rows);
    assert.ok(Math.abs(mse / want - 1) < 1e-9, basis);
    assert.ok(Math.abs(metrics.trainingLoss / want - 1) < 1e-9);
    const excess = await task.excess!(model, params);
    assert.ok(Math.abs(metrics.excess - excess) <= 1e-12 * excess);
    const { loss, details } = await task.evaluate(runner, 0, {}, {});
    const test = await naiveScore(problem, forecaster, problem.split.test);
    assert.ok(Math.abs(loss / test.mse - 1) < 1e-12);
    assert.deepEqual((details as Details).fit, metrics);
  }
});
