/** @file Deep linear networks trained as jobs train them: the task, the trainer, and what they find. */
import { init as initJax } from "@jax-js/jax";
import { compileOn, type EngineName, type Tensor } from "../../../lib/engine/mod.ts";
import { type DeepLinear, model as deepLinear } from "../../../lib/models/deep_linear.ts";
import { forecastingTask } from "../../../lib/tasks/forecasting/forecasting.ts";
import type { Training } from "../../../lib/tasks/forecasting/forecasting_task.ts";
import type { Problem } from "../../../lib/tasks/forecasting/problem.ts";
import { learning } from "../../../lib/train/learning.ts";
import { runnerOf } from "../../../lib/train/runner.ts";
import { train, type TrainOptions } from "../../../lib/train/trainer.ts";

export interface LinearOptions extends Pick<TrainOptions, "signal" | "onStep" | "checkpoint"> {
  readonly depth: number;
  readonly steps: number;
  readonly learningRate?: number;
  /** Steps of warm-up; before a cosine to zero. */
  readonly warmup?: number;
  readonly width?: number;
  readonly scale?: number;
  readonly seed?: number;
  readonly basis?: Training["basis"];
  readonly tolerance?: number;
  readonly engine?: EngineName;
}

/** By all training windows at once, measured every 100 steps. */
export async function trainLinear(problem: Problem, options: LinearOptions) {
  await initJax("wasm");
  const { depth, width, scale, steps, seed = 0, basis = "dct", tolerance = -Infinity } = options;
  const task = forecastingTask(problem, { loss: "gram", basis });
  const { signature } = task;
  const model = deepLinear.configure({ depth, width, scale }, { signature, layers: [] });
  const seeds = [{ instance: 0, initialisation: seed, data: 0 }];
  const { nextBatch, compileStep } = learning(task, model, seeds, 1);
  const curve: [step: number, excess: number][] = [];
  const { engine = "ort", learningRate: peak = 0.03, warmup = 100, ...others } = options;
  const compile = compileOn(engine);
  const result = await train((example) => compileStep(example, { compile }), nextBatch, {
    ...others,
    schedule: { peak, steps, warmup, floor: 0 },
    measure: {
      every: 100,
      run(params, step) {
        const excess = task.excess!(model, params);
        curve.push([step, excess]);
        return excess <= tolerance;
      },
    },
  });
  const runner = runnerOf(model, result.params, { batch: 64, compile });
  const { forecaster, metrics } = task.fitOf(runner);
  return {
    ...result,
    layers: result.params as DeepLinear<Tensor>,
    /** Of the window in the basis of the task, [lookback, horizon]. */
    matrix: model.collapse(result.params),
    forecaster,
    curve,
    trainingLoss: metrics.trainingLoss,
    excess: metrics.excess,
    evaluate: () => task.evaluate(runner, 0, {}, {}),
  };
}
