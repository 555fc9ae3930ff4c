/** @file The same on ETTh1, which papers report and no package ships: it is downloaded, or found in a mirror. */
import type { Grid } from "../../graph.ts";
import type { ExperimentMeta } from "../../results.ts";
import { meta as all } from "./leaderboard.ts";
import { cellRuns, timeRun } from "./shared/cells.ts";
import { shown } from "./shared/shown.ts";
import { seriesCase, taskCases } from "./shared/tasks.ts";
export { summarize } from "./leaderboard.ts";

export const meta: ExperimentMeta = {
  id: "leaderboard-etth1",
  title: "Every sequence layer on ETTh1",
  question: "How far does each sequence layer get on ETTh1, at equal parameters?",
  hypothesis: all.hypothesis.replace("on every task", "on ETTh1"),
  method:
    "Forecasting as on the leaderboard, with the same stacks and training: the next 96 hours of ETTh1 from the last 96, in patches of " +
    "8; from repeating the last value (gap closed 0) to least squares on the training windows (1), the best known: more than 1 is " +
    "possible.\n\n" +
    "ETTh1 is downloaded and verified, or found in a mirror that `DEEP_LINEAR_MIRROR` names; so this is no part of the profiles " +
    "that need packages only.",
  from: "standard",
};

/** Tags: task, layer, seed, result. */
export const grid: Grid = (g, profile) => {
  const { entries, seeds } = shown(profile);
  const series = seriesCase("etth1", { lookback: 96, horizon: 96, patch: 8 });
  const of = { ...taskCases(profile).forecasting, ...series };
  return g.table(
    entries.flatMap((entry) => [...cellRuns(g, entry, of, seeds), timeRun(g, entry, of)]),
  );
};
