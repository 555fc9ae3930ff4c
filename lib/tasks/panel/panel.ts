/**
 * @file Forecasting a panel: several series, one model for all of them, scored from few origins by errors relative to the seasonal
 * naive forecast. The tasks of fev-bench (arXiv 2509.26468) and the M4 competition are of this form. The gap closed is the skill
 * score, 1 - MASE / MASE of the seasonal naive forecast.
 */
import * as z from "zod";
import type { Arrays, JaxArray } from "../../engine/arrays.ts";
import { asLinearWindowModel, type LinearWindowModel, type Model } from "../../models/model.ts";
import { once } from "../../once.ts";
import { readOptions } from "../../options.ts";
import type { Tensor, Tree } from "../../tensor/tensor.ts";
import { gramBatch, gramLoss } from "../forecasting/gram.ts";
import { trainingLoss } from "../forecasting/moments.ts";
import { solveLeastSquares } from "../forecasting/references/ols.ts";
import { dctMatrix, rotate, unrotate } from "../forecasting/window_basis.ts";
import { gapClosed } from "../gap_closed.ts";
import type { About, TaskData, TaskModule } from "../task.ts";
import { linearPanelForecaster, pooledWindows } from "./linear.ts";
import type { PanelTask } from "./panel_task.ts";
import { repeating } from "./repeating.ts";
import { scorePanel } from "./scores.ts";
import type { Panel, PanelSeries } from "./series.ts";

const about: About = {
  name: "panel forecasting",
  floor: { name: "repeating the last season", known: "exact" },
  optimum: { name: "a forecast without errors", known: "certified bound" },
};

const schema = () =>
  z.strictObject({
    season: z.number().int().min(1),
    horizon: z.number().int().min(1),
    /** Forecasts of each series, the last of which ends with it. */
    windows: z.number().int().min(1).default(1),
    /** Rows that trained models look back on. */
    lookback: z.number().int().min(1),
    /** Of quantiles. */
    levels: z.array(z.number().gt(0).lt(1)).default([]),
  });

/** A task on series that are read already. */
export function panelTask(panel: Panel, lookback: number): PanelTask {
  const rotation = once(() => dctMatrix(lookback));
  const windows = once(() => pooledWindows(panel, lookback));
  const covariances = () => windows().levelled;
  const lowest = once(() =>
    Math.max(trainingLoss(covariances(), solveLeastSquares(covariances())), 1e-12)
  );
  const floor = once(async () => {
    // The naive forecast needs no quantiles for its MASE.
    const points = { ...panel, levels: [] };
    return (await scorePanel(points, repeating(points, points.season))).mase;
  });
  const weightsOf = (model: LinearWindowModel, params: Tree<Tensor>) =>
    unrotate(model.collapse(params), rotation(), lookback, panel.horizon);
  const excessOf = (weights: Float64Array) => trainingLoss(covariances(), weights) / lowest() - 1;
  const task: PanelTask = {
    panel,
    lookback,
    signature: { kind: "window", lookback, horizon: panel.horizon, channels: 1 },
    constantBatch: true,
    tokens: () => panel.series.reduce((sum, { values }) => sum + values.length, 0),
    source(_seed, _batch, model) {
      asLinear(model);
      const constant = gramBatch(rotate(covariances(), rotation()));
      return () => constant;
    },
    loss(model: Model, params: Arrays, batch: Arrays): JaxArray {
      return gramLoss(
        asLinear(model).matrix(params),
        batch as { gram: JaxArray; cross: JaxArray; energy: JaxArray },
      );
    },
    excess: (model, params) => excessOf(weightsOf(asLinear(model), params)),
    fitOf({ model, params }) {
      const weights = weightsOf(asLinear(model), params);
      return {
        forecaster: linearPanelForecaster(panel, windows(), weights),
        metrics: { lookback, excess: excessOf(weights) },
      };
    },
    async evaluateForecaster(forecaster, fit) {
      const scores = await scorePanel(panel, forecaster);
      const losses = { loss: scores.mase, floor: await floor(), optimum: 0 };
      return { ...losses, gapClosed: gapClosed(losses), details: { ...scores, fit } };
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
    "panel: it trains models that are one matrix of a window, on all windows at once; choose deep_linear",
  );

/** The series of stage `panel`. */
function seriesOf({ tensors = {} }: TaskData): PanelSeries[] {
  const series = Object.entries(tensors).map(([name, { data }]): PanelSeries => ({
    name,
    values: Float64Array.from(data),
  }));
  if (series.length === 0) throw new Error("panel: the input `data` has no series");
  for (const { name, values } of series) {
    const bad = values.findIndex((value) => !Number.isFinite(value));
    if (bad < 0) continue;
    throw new Error(`panel: series ${name} has the value ${values[bad]} at row ${bad + 1}.`);
  }
  return series;
}

/** Forecasting several series. */
export const task: TaskModule<PanelTask> = {
  about,
  protocol: (options) => readOptions("panel protocol", z.strictObject({}), options),
  configure(options, data = {}) {
    const { lookback, ...rest } = readOptions("panel", schema(), options);
    return panelTask({ series: seriesOf(data), ...rest }, lookback);
  },
};
