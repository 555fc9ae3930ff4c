/** @file The same on ETTh1, which papers report and no package ships: it is downloaded, or found in a mirror. */
import type { Grid } from "../../graph.ts";
import type { ExperimentMeta } from "../../results.ts";
import { hypothesis, method, question } from "./shared/depth_table.ts";
import { forecastRuns } from "./shared/forecasting.ts";
export { summarize } from "./shared/depth_table.ts";

export const meta: ExperimentMeta = {
  id: "depth-scaling-etth1",
  title: "Depth scaling of linear forecasters on ETTh1",
  question,
  hypothesis,
  method: method + "\n\n" +
    "ETTh1 is downloaded and verified, or found in a mirror that `DEEP_LINEAR_MIRROR` names; so this is no part of the profiles " +
    "that need packages only.",
  from: "standard",
};

export const grid: Grid = (g) =>
  g.table([96, 192, 336, 720].flatMap((horizon) =>
    forecastRuns(g, {
      dataset: "etth1",
      lookback: 336,
      horizon,
      // What fifty layers take grows steeply with the horizon.
      depths: horizon === 96 ? [1, 10, 50] : [1, 10],
      steps: horizon > 192 ? 4000 : 3000,
    })
  ));
