/**
 * @file The models of the forecast table, in its order, fitted and scored.
 */
import { evaluate, type Evaluation } from "../../../lib/tasks/forecasting/evaluate.ts";
import type { Forecaster, ForecastModel } from "../../../lib/tasks/forecasting/forecaster.ts";
import * as ols from "../../../lib/tasks/forecasting/references/ols.ts";
import * as olsIn from "../../../lib/tasks/forecasting/references/ols_in.ts";
import * as repeatLast from "../../../lib/tasks/forecasting/references/repeat_last.ts";
import * as seasonalNaive from "../../../lib/tasks/forecasting/references/seasonal_naive.ts";
import type { Problem } from "../../../lib/tasks/forecasting/problem.ts";

/** A model of the table. */
export interface Candidate {
  id: string;
  evaluation: Evaluation;
  /** Fits the same model to other training rows. */
  refit(whole: Problem): Promise<{ forecaster: Forecaster }>;
}

/** Fits and scores every model; `progress` hears which one is being fitted. */
export async function evaluateAll(
  problem: Problem,
  depths: number[],
  progress: (line: string) => void,
): Promise<Candidate[]> {
  const candidates: Candidate[] = [];
  const add = async <O>(id: string, model: ForecastModel<O>, options: O) => {
    progress(id);
    const evaluation = await evaluate(problem, model, options);
    candidates.push({
      id,
      evaluation,
      refit: async (whole) => await model.fit(whole, options),
    });
  };
  await add("repeat-last", repeatLast, {});
  if (problem.season !== undefined) await add("seasonal-naive", seasonalNaive, {});
  await add("ols", ols, {});
  await add("ols-in", olsIn, {});
  if (depths.length > 0) {
    // Loaded only now: the closed forms need neither the engine nor its permissions.
    const deepLinear = await import("../../../lib/tasks/forecasting/references/deep_linear.ts");
    for (const depth of depths) {
      const id = `deep-linear-${depth}`;
      const onProgress = (step: number) => progress(`${id}, step ${step}`);
      await add(id, deepLinear, { depth, tolerance: 1e-4, onProgress });
    }
  }
  return candidates;
}
