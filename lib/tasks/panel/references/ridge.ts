/**
 * @file Closed-form ridge regression of all series at once, fitted on what precedes the first origin, and used as it is at every
 * later one. Lookback and ridge are chosen one whole test period earlier, where the test rows cannot be seen.
 */
import * as z from "zod";
import { trainingLoss } from "../../forecasting/moments.ts";
import { solveLeastSquares } from "../../forecasting/references/ols.ts";
import type { ReferenceModule } from "../../task.ts";
import type { PanelFit } from "../forecaster.ts";
import { linearPanelForecaster, pooledWindows } from "../linear.ts";
import { panelReference, type PanelTask } from "../panel_task.ts";
import { scorePanel } from "../scores.ts";
import { earlier, type Panel } from "../series.ts";

const schema = () =>
  z.strictObject({
    /** Candidates; that of the task by default. */
    lookbacks: z.array(z.number().int().min(1)).min(1).optional(),
    /** Candidates, in windows of standardised values: what is added to the diagonal of the sum of x x'. */
    ridges: z.array(z.number().positive()).min(1).default([1e-5]),
  });

/** The map for one lookback and one ridge. */
export function fitRidge(panel: Panel, lookback: number, ridge: number): PanelFit {
  const windows = pooledWindows(panel, lookback);
  const weights = solveLeastSquares(windows.levelled, ridge);
  return {
    forecaster: linearPanelForecaster(panel, windows, weights),
    metrics: { lookback, ridge, trainingLoss: trainingLoss(windows.levelled, weights) },
  };
}

/** The candidate with the lowest MASE, the first of equals. */
async function chosen(
  panel: Panel,
  lookbacks: readonly number[],
  ridges: readonly number[],
): Promise<{ lookback: number; ridge: number; mase?: number }> {
  if (lookbacks.length * ridges.length === 1) return { lookback: lookbacks[0], ridge: ridges[0] };
  const past = { ...earlier(panel), levels: [] };
  let best = { lookback: lookbacks[0], ridge: ridges[0], mase: Infinity };
  for (const lookback of lookbacks) {
    const windows = pooledWindows(past, lookback);
    for (const ridge of ridges) {
      const weights = solveLeastSquares(windows.levelled, ridge);
      const { mase } = await scorePanel(past, linearPanelForecaster(past, windows, weights));
      if (mase < best.mase) best = { lookback, ridge, mase };
    }
  }
  return best;
}

/** What a job names. Options: `lookbacks` and `ridges`, of which the best is chosen where there are several. */
export const reference: ReferenceModule<PanelTask> = panelReference(
  "ridge",
  schema,
  async ({ panel, lookback: own }, { lookbacks = [own], ridges }) => {
    const { lookback, ridge, mase } = await chosen(panel, lookbacks, ridges);
    const { forecaster, metrics } = fitRidge(panel, lookback, ridge);
    if (mase === undefined) return { forecaster, metrics };
    return { forecaster, metrics: { ...metrics, validationMase: mase } };
  },
);
