/**
 * @file Forecasting: the next `horizon` rows of a real series from the last `lookback`, every channel by itself, on the splits
 * of the long-horizon literature. Training draws windows, or, for models that are one matrix, uses all of them at once (gram.ts).
 */
import { numpy as np } from "@jax-js/jax";
import * as z from "zod";
import { readSeries } from "../../data/series.ts";
import type { Arrays, JaxArray } from "../../engine/arrays.ts";
import { asLinearWindowModel, type LinearWindowModel, type Model } from "../../models/model.ts";
import { once } from "../../once.ts";
import { readOptions } from "../../options.ts";
import { fold, keyOf } from "../../random/random.ts";
import type { Tensor, Tree } from "../../tensor/tensor.ts";
import { gapClosed } from "../gap_closed.ts";
import type { About, TaskModule } from "../task.ts";
import { evaluate } from "./evaluate.ts";
import type { Fit, Forecaster } from "./forecaster.ts";
import { gramBatch, gramLoss } from "./gram.ts";
import { linearForecaster } from "./linear_map.ts";
import { blockMeans } from "./metrics.ts";
import { centre, trainingLoss, trainingMoments } from "./moments.ts";
import { makeProblem, type Problem } from "./problem.ts";
import * as ols from "./references/ols.ts";
import * as repeatLast from "./references/repeat_last.ts";
import type { ForecastingTask, Training } from "./forecasting_task.ts";
import { dctMatrix, rotate, unrotate } from "./window_basis.ts";
import { drawWindows, windowForecaster } from "./windows.ts";

const about: About = {
  name: "forecasting",
  floor: { name: "repeating the last value", known: "exact" },
  optimum: { name: "least squares on the training windows", known: "best known" },
};

const schema = () =>
  z.strictObject({
    /** Name of the series, for messages. */
    dataset: z.string(),
    /** How the file is read; see lib/data/series.ts. */
    read: z.record(z.string(), z.unknown()).default({}),
    split: z.enum(["etth", "ettm", "70/10/20"]),
    season: z.number().int().positive().optional(),
    dropConstant: z.boolean().default(false),
    lookback: z.number().int().min(1),
    horizon: z.number().int().min(1),
    loss: z.enum(["windows", "gram"]).default("windows"),
    basis: z.enum(["dct", "window"]).default("dct"),
  });

/** A task on a problem that is read already. */
export function forecastingTask(problem: Problem, { loss, basis }: Training): ForecastingTask {
  const { lookback, horizon, channels, split } = problem;
  const rotation = loss === "gram" && basis === "dct" ? dctMatrix(lookback) : undefined;
  const covariances = once(() => centre(trainingMoments(problem)));
  // A series that least squares fits exactly has a loss of rounding errors, of either sign.
  const lowest = once(() =>
    Math.max(trainingLoss(covariances(), ols.solveLeastSquares(covariances())), 1e-12)
  );
  const testError = async (forecaster: Forecaster) =>
    (await evaluate(problem, forecaster)).test.mse;
  const ends = once(() =>
    Promise.all([repeatLast.fit(problem), ols.fit(problem)].map((f) => testError(f.forecaster)))
  );
  /** Weights [lookback, horizon] of the window itself. */
  const weightsOf = (model: LinearWindowModel, params: Tree<Tensor>) =>
    unrotate(model.collapse(params), rotation, lookback, horizon);
  const rotated = once(() => rotate(covariances(), rotation));
  const excessOf = (loss: number) => loss / lowest() - 1;
  // A rotation changes no loss: what is measured every few steps needs no way back.
  const excess = (model: Model, params: Tree<Tensor>) =>
    excessOf(trainingLoss(rotated(), asLinear(model).collapse(params)));

  const task: ForecastingTask = {
    problem,
    signature: { kind: "window", lookback, horizon, channels: 1 },
    constantBatch: loss === "gram",
    tokens: (batch) =>
      loss === "gram" ? channels.length * (split.train[1] - split.train[0]) : batch * lookback,
    source({ data }, batch, model) {
      if (loss === "gram") {
        asLinear(model);
        const constant = gramBatch(rotated());
        return () => constant;
      }
      const key = keyOf(data);
      return (step) => drawWindows(problem, fold(key, step), batch);
    },
    loss(model: Model, params: Arrays, batch: Arrays): JaxArray {
      if (loss === "gram") {
        const M = asLinear(model).matrix(params);
        return gramLoss(M, batch as { gram: JaxArray; cross: JaxArray; energy: JaxArray });
      }
      const { x, y } = batch as { x: JaxArray; y: JaxArray };
      const error = model.apply(params, x).sub(y);
      return np.mean(error.ref.mul(error));
    },
    ...(loss === "gram" ? { excess } : {}),
    fitOf({ model, params, apply }): Fit {
      if (loss === "windows") {
        return { forecaster: windowForecaster(lookback, horizon, apply), metrics: {} };
      }
      const weights = weightsOf(asLinear(model), params);
      const map = ols.withIntercept(covariances(), weights);
      const end = trainingLoss(covariances(), weights);
      return {
        forecaster: linearForecaster(map),
        map,
        metrics: { trainingLoss: end, excess: excessOf(end) },
      };
    },
    async evaluateForecaster(forecaster, fit) {
      const { test, validation } = await evaluate(problem, forecaster);
      const [floor, optimum] = await ends();
      const losses = { loss: test.mse, floor, optimum };
      return {
        ...losses,
        gapClosed: gapClosed(losses),
        details: {
          test: { mse: test.mse, mae: test.mae, windows: test.windows, channels: test.channels },
          validation: validation && { mse: validation.mse, mae: validation.mae },
          blocks: blockMeans(test.squaredErrors, horizon),
          columns: problem.columns,
          fit,
        },
      };
    },
    async evaluate(runner) {
      const { forecaster, metrics } = task.fitOf(runner);
      return await task.evaluateForecaster(forecaster, metrics);
    },
  };
  return task;
}

const asLinear = (model: Model) =>
  asLinearWindowModel(
    model,
    'forecasting: loss "gram" needs a model that is one matrix of a window (deep_linear); use loss "windows" for others',
  );

/** Forecasting one series. */
export const task: TaskModule<ForecastingTask> = {
  about,
  protocol: (options) => readOptions("forecasting protocol", z.strictObject({}), options),
  configure(options, data) {
    const { dataset, read, loss, basis, ...rest } = readOptions("forecasting", schema(), options);
    if (data?.text === undefined) throw new Error("forecasting: the input `data` is no text file");
    const series = readSeries(data.text, dataset, read);
    const made = forecastingTask(makeProblem(series, rest), { loss, basis });
    return { ...made, notes: [...series.notes, ...made.problem.notes] };
  },
};
