/**
 * @file Does depth help a network without nonlinearities to forecast? On series that packages ship. (deep-linear-networks,
 * experiment 1.1)
 */
import type { Grid } from "../../graph.ts";
import type { ExperimentMeta } from "../../results.ts";
import { hypothesis, method, question } from "./shared/depth_table.ts";
import { forecastRuns, type Windows } from "./shared/forecasting.ts";
export { summarize } from "./shared/depth_table.ts";

export const meta: ExperimentMeta = {
  id: "depth-scaling",
  title: "Depth scaling of linear forecasters",
  question,
  hypothesis,
  method,
};

export const grid: Grid = (g, profile) => {
  const deep = { lookback: 60, depths: [1, 10, 50], steps: 1500 };
  const windows = profile.pick<Windows[]>({
    smoke: [{
      ...{ dataset: "seattle-weather", lookback: 30, horizon: 7 },
      ...{ depths: [1, 3], steps: 200 },
    }],
    quick: [
      { dataset: "seattle-weather", horizon: 14, ...deep },
      { dataset: "sp500-daily", horizon: 20, ...deep },
    ],
  });
  return g.table(windows.flatMap((windows) => forecastRuns(g, windows)));
};
