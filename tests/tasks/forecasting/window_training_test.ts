/** @file Models trained on drawn windows: a recurrent network on what no linear map can forecast, a linear map by both losses. */
import { init as initJax } from "@jax-js/jax";
import assert from "node:assert/strict";
import { compile } from "../../../lib/engine/engines/ort.ts";
import type { Series } from "../../../lib/data/series.ts";
import { model as deepLinear } from "../../../lib/models/deep_linear.ts";
import type { Model } from "../../../lib/models/model.ts";
import { fold, keyOf } from "../../../lib/random/random.ts";
import { forecastingTask } from "../../../lib/tasks/forecasting/forecasting.ts";
import type { ForecastingTask } from "../../../lib/tasks/forecasting/forecasting_task.ts";
import { makeProblem } from "../../../lib/tasks/forecasting/problem.ts";
import { drawWindows } from "../../../lib/tasks/forecasting/windows.ts";
import type { Tensor, Tree } from "../../../lib/tensor/tensor.ts";
import { unstack } from "../../../lib/tensor/trees.ts";
import { learning } from "../../../lib/train/learning.ts";
import { runnerOf } from "../../../lib/train/runner.ts";
import { train, type TrainOptions } from "../../../lib/train/trainer.ts";
import { stackOf } from "../../models/stacks.ts";
import { randomSeries } from "./fixtures.ts";

await initJax("wasm");

const seed = { instance: 0, initialisation: 1, data: 6 };
const windowsOf = (series: Series, lookback: number, horizon: number) =>
  forecastingTask(makeProblem(series, { lookback, horizon, split: "70/10/20" }), {
    loss: "windows",
    basis: "dct",
  });

function trained(
  task: ForecastingTask,
  model: Model,
  batch: number,
  steps: number,
  options: Partial<TrainOptions> & { peak?: number; seeds?: (typeof seed)[] } = {},
) {
  const { peak = 0.01, seeds = [seed], ...others } = options;
  const { nextBatch, compileStep } = learning(task, model, seeds, batch);
  const schedule = { peak, steps, warmup: 10 };
  return train((example) => compileStep(example, { compile }), nextBatch, { schedule, ...others });
}

const recurrent = (task: ForecastingTask, options: object) =>
  stackOf([["gru"]], { width: 8, ...options }, task.signature);

Deno.test("a step's loss is the mean squared error of the model's outputs on the windows of that step", async () => {
  const task = windowsOf(randomSeries(120, 2), 6, 3);
  const batch = 5;
  for (const options of [{ patch: 2 }, { patch: 3, norm: "none", block: "bare" }]) {
    const model = recurrent(task, options);
    const before: Tree<Tensor>[] = [];
    const losses: number[] = [];
    await trained(task, model, batch, 4, {
      onStep: (report) => losses.push(report.losses[0]),
      measure: { every: 1, run: (params) => (before.push(params), false) },
    });
    for (const [step, loss] of losses.entries()) {
      const { x, y } = drawWindows(task.problem, fold(keyOf(6), step), batch);
      const { shape, data } = await runnerOf(model, before[step], { batch, compile }).apply(x);
      assert.deepEqual(shape, [batch, 3, 1]);
      const sum = Array.from(data).reduce((sum, value, i) => sum + (value - y.data[i]) ** 2, 0);
      const want = sum / (batch * 3);
      assert.ok(Math.abs(loss / want - 1) < 1e-5, `step ${step}: ${loss}, ${want}`);
    }
    assert.equal(new Set(losses).size, 4);
  }
});

Deno.test("a recurrent network learns the logistic map, which no linear map of a window can forecast", async () => {
  let x = 0.3;
  const channel = Float64Array.from({ length: 600 }, () => x = 3.9 * x * (1 - x));
  const series = { file: "f", columns: ["x"], channels: [channel], rows: 600, notes: [] };
  const task = windowsOf(series, 2, 1);
  const model = recurrent(task, { norm: "none" });
  const { params } = await trained(task, model, 64, 400);
  const { loss, floor, optimum, gapClosed } = await task.evaluate(
    runnerOf(model, params, { batch: 64, compile }),
    0,
    {},
    {},
  );
  assert.ok(optimum > 0.3, `least squares ${optimum}`);
  assert.ok(loss < 0.05 * optimum, `${loss}`);
  assert.ok(floor > optimum && gapClosed > 1);
});

Deno.test("a linear map trained on drawn windows goes where the one of all windows goes", async () => {
  const task = windowsOf(randomSeries(500, 2), 5, 2);
  const model = deepLinear.configure({ depth: 2 }, { signature: task.signature, layers: [] });
  const { params } = await trained(task, model, 256, 600, { peak: 0.02 });
  const { loss, optimum, gapClosed } = await task.evaluate(
    runnerOf(model, params, { batch: 100, compile }),
    0,
    {},
    {},
  );
  // What is left is the noise of the batches, and an intercept that the network does not have.
  assert.ok(Math.abs(loss / optimum - 1) < 0.03, `${loss}, ${optimum}`);
  assert.ok(Math.abs(gapClosed - 1) < 0.05, `${gapClosed}`);
});

Deno.test("seeds are trained together on windows of their own, as alone, and to the same bits twice", async () => {
  const task = windowsOf(randomSeries(120, 2), 6, 3);
  const model = recurrent(task, { patch: 2 });
  const seeds = [seed, { instance: 0, initialisation: 2, data: 9 }];
  const together = await trained(task, model, 4, 6, { seeds });
  assert.deepEqual((await trained(task, model, 4, 6, { seeds })).params, together.params);
  for (const [i, own] of seeds.entries()) {
    const alone = await trained(task, model, 4, 6, { seeds: [own] });
    assert.ok(Math.abs(together.lastLosses[i] / alone.lastLosses[0] - 1) < 1e-3);
    const runners = [unstack(together.params, i), alone.params].map((params) =>
      runnerOf(model, params, { batch: 8, compile })
    );
    const [a, b] = await Promise.all(runners.map((runner) => task.evaluate(runner, 0, {}, {})));
    assert.ok(Math.abs(a.loss / b.loss - 1) < 1e-3);
  }
});
