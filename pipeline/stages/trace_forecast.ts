/** @file Stage that takes the forecasts of a network that is one matrix apart: what every value of the window adds to them. */
import { z } from "zod";
import type { LinearWindowModel } from "../../lib/models/model.ts";
import { contributionsOf, sumOf } from "../../lib/tasks/forecasting/contributions.ts";
import type { ForecastingTask } from "../../lib/tasks/forecasting/forecasting_task.ts";
import { freshParameters } from "../../lib/train/host.ts";
import { runnerOf } from "../../lib/train/runner.ts";
import { unflatten } from "../../lib/tensor/trees.ts";
import { modelOf, partModules, type Parts, partsFields, taskOf } from "../parts.ts";
import type { StageContext, StageResult } from "../stage.ts";

export interface Params extends Parts {
  /** Step ahead that is shown, from 1. */
  step: number;
  /** Windows on which sums are compared with the network. */
  windows: number;
}

export const usesEngine = true;

export function params() {
  return z.strictObject({
    ...partsFields(),
    step: z.number().int().min(1).default(1),
    windows: z.number().int().min(1).default(256),
  });
}

export function modules(params: Params) {
  return partModules(params);
}

/**
 * Inputs: `model` (of train) and `data`. Leaves `scores.json`: of the first forecast of the test rows, of the first column, what every
 * value adds (in units of the column, see {@linkcode Trace}); and the scalars `windows` and `largestDifference`, of the sums from
 * what the network itself computes layer by layer, over windows and steps, in standard deviations of the training rows.
 * @throws {Error} for a model that is no matrix of the window, and a step beyond the horizon.
 */
export async function run(ctx: StageContext<Params>): Promise<StageResult> {
  const { step, windows } = ctx.params;
  const { task: made } = await taskOf(ctx, ctx.inputs.data);
  const task = made as ForecastingTask;
  const { problem } = task;
  const { lookback, horizon, channels: [channel], mean: [mean], deviation: [deviation] } = problem;
  if (step > horizon) {
    throw new Error(
      `trace_forecast: step ${step} of a horizon of ${horizon}; choose 1 to ${horizon}`,
    );
  }
  const model = modelOf(ctx, task);
  if (!("collapse" in model)) {
    throw new Error(
      "trace_forecast: the model is no matrix of a window; choose one that is linear",
    );
  }
  const params = unflatten(
    await freshParameters(model, 0),
    await ctx.inputs.model.tensors("model-0.safetensors"),
  );
  const weights = (model as LinearWindowModel).collapse(params);
  const runner = runnerOf(model, params, { compile: ctx.compile, batch: 64 });
  try {
    const { forecaster } = task.fitOf(runner);
    // What is forecast from a window of zeros.
    const intercept = new Float64Array(horizon);
    await forecaster.predict(new Float64Array(lookback), lookback, 1, intercept);
    const [first, end] = problem.split.test;
    const count = Math.min(windows, end - first - horizon + 1);
    const data = new Float32Array(count * lookback);
    for (let i = 0; i < count; i++) {
      data.set(channel.subarray(first + i - lookback, first + i), i * lookback);
    }
    const y = await runner.apply({ dtype: "float32", shape: [count, lookback, 1], data });
    const map = { lookback, horizon, weights, intercept };
    let largestDifference = 0;
    for (let i = 0; i < count; i++) {
      const window = channel.subarray(first + i - lookback, first + i);
      const sums = sumOf(contributionsOf(map, window, { mean: 0, deviation: 1 }));
      for (const [h, sum] of sums.entries()) {
        const difference = sum - intercept[h] - y.data[i * horizon + h];
        largestDifference = Math.max(largestDifference, Math.abs(difference));
      }
    }
    const window = channel.subarray(first - lookback, first);
    const { baseline, inputs } = contributionsOf(map, window, { mean, deviation });
    const trace: Trace = {
      column: problem.columns[0],
      step,
      level: baseline[step - 1],
      forecast: mean + deviation * (y.data[step - 1] + intercept[step - 1]),
      rows: Array.from(window, (value, s) => ({
        back: lookback - s,
        value: mean + deviation * value,
        weight: weights[s * horizon + step - 1],
        contribution: inputs[s * horizon + step - 1],
      })).reverse(),
    };
    return {
      files: { "scores.json": { json: trace } },
      scalars: { windows: count, largestDifference },
    };
  } finally {
    await runner.close();
  }
}

/** One forecast, taken apart; values in units of the column. */
export interface Trace {
  readonly column: string;
  /** Step ahead, from 1. */
  readonly step: number;
  /** The forecast where every value of the window is the training mean. */
  readonly level: number;
  /** What the network computes, layer by layer. */
  readonly forecast: number;
  /** Of every value of the window, the newest first. */
  readonly rows: readonly {
    /** Rows before the first one that is forecast, from 1. */
    readonly back: number;
    readonly value: number;
    /** What a unit more of the value adds. */
    readonly weight: number;
    /** weight (value - training mean): with `level` they sum to the forecast. */
    readonly contribution: number;
  }[];
}
