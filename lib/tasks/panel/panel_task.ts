/** @file The panel task as its references know it. */
import { type OptionsSchema, readOptions } from "../../options.ts";
import type { Evaluation, ReferenceModule, Runner, Task } from "../task.ts";
import type { PanelFit, PanelForecaster } from "./forecaster.ts";
import type { Panel } from "./series.ts";

/** Forecasting several series from the same origins: what references need to know of it beyond the contract. */
export interface PanelTask extends Task {
  /** What is forecast, and from which origins. */
  readonly panel: Panel;
  /** Rows that trained models look back on; references may choose others. */
  readonly lookback: number;
  /** Scores of a forecaster as an evaluation. @param fit numbers that its fit determined. */
  evaluateForecaster(forecaster: PanelForecaster, fit: PanelFit["metrics"]): Promise<Evaluation>;
  /** A trained model as a forecaster. */
  fitOf(runner: Runner): PanelFit;
}

/**
 * A forecaster that is fitted without an engine, as a reference of the task.
 * @param name for messages @param schema of its options
 */
export function panelReference<Options>(
  name: string,
  schema: () => OptionsSchema<Options>,
  fit: (task: PanelTask, options: Options) => PanelFit | Promise<PanelFit>,
): ReferenceModule<PanelTask> {
  return {
    async score(task, _instance, _data, _protocol, options = {}) {
      const { forecaster, metrics } = await fit(task, readOptions(name, schema(), options));
      return await task.evaluateForecaster(forecaster, metrics);
    },
  };
}
