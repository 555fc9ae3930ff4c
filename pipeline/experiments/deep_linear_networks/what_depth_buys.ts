/** @file Does the depth of a linear network that is stopped early regularise better than ridge regression or a low rank? */
import type { Grid } from "../../graph.ts";
import type { ExperimentMeta, Summary } from "../../results.ts";
import type { Runs } from "../../table/runs.ts";
import { onlyIf, type TableColumn, tableOf } from "../../table/table.ts";
import { cellOf } from "../../table/values.ts";
import { percent } from "../../table/verdict.ts";
import { pathRuns } from "./shared/path_runs.ts";
import {
  comparisonOf,
  fewestSets,
  judgeComparisons,
  methodsOf,
  type PathRow,
  rule,
  twinGain,
} from "./shared/path_verdict.ts";

export const meta: ExperimentMeta = {
  id: "what-depth-buys",
  title: "What depth buys: paths of regularisation",
  question:
    "All linear networks reach the same map in the end. Is the way of a deep one worth leaving early?",
  hypothesis:
    "A network of 2, 4 or 16 matrices, started small and stopped where the validation rows say, forecasts better than ridge " +
    "regression, reduced-rank regression and one matrix stopped early.",
  method:
    "Every method is a path of linear maps of the window, fitted to all training windows, one map for all channels; the point of least " +
    "error on the validation rows is scored on the test rows. **ridge**: 31 ridges, a third of a decade apart. **reduced rank**: all ranks " +
    "of the least-squares map (Izenman 1975). **depth N**: N matrices from a balanced start whose singular values are .01 or .1, gradient " +
    "descent with momentum on the exact training loss at a share of the largest stable rate. Of the depths, and of the other methods, " +
    "the one with the least validation error is compared: `gain` is the test error of the best other method minus that of the best deep one, " +
    "over the former, paired over blocks of `horizon` forecast origins. The **twin** is a made series of two damped oscillations under " +
    "noise, whose best map has rank 4 at most: where depth should help if it finds low ranks. Of the weather in Jena the code " +
    "-9999 is filled.",
  from: "quick",
};

/** Tags: set, horizon, method, and of the twin seed. */
export const grid: Grid = (g, profile) => {
  const descent = { starts: [0.01, 0.1], momentum: 0.98, share: 0.5, every: 50, steps: 4000 };
  const twin = {
    ...{ rows: 300, columns: 8, modes: 2, noise: 1, lookback: 64, horizon: 24 },
    descent: { starts: [0.01, 0.1], momentum: 0.95, share: 0.1, every: 10, steps: 2000 },
  };
  return g.table(pathRuns(
    g,
    profile.pick({
      smoke: {
        sets: ["seattle-weather"],
        ...{ lookback: 30, horizons: [7], depths: [1, 4] },
        descent: { ...descent, steps: 500 },
        twin: { ...twin, seeds: [0], descent: { ...twin.descent, steps: 200 } },
      },
      standard: {
        sets: ["etth1", "etth2", "ettm1", "weather-filled", "exchange"],
        ...{ lookback: 336, horizons: [24, 96], depths: [1, 2, 4, 16], descent },
        twin: { ...twin, seeds: [10, 11, 12, 13, 14, 15, 16, 17, 18, 19] },
      },
    }),
  ));
};

const columns: TableColumn<PathRow>[] = [
  { id: "set", label: "series", format: "text", of: ({ set }) => set },
  { id: "horizon", label: "horizon", format: "integer", of: ({ horizon }) => horizon },
  { id: "method", label: "method", format: "text", of: ({ method }) => method },
  {
    id: "mse",
    label: "MSE",
    format: "fixed3",
    better: "lower",
    note: "On the test rows, standardised; of the twin the mean over its seeds.",
    of: ({ mse }) => cellOf(mse),
  },
  {
    id: "validation",
    label: "validation",
    format: "fixed3",
    better: "lower",
    note: "The same on the validation rows, by which each path was left.",
    of: ({ validation }) => cellOf(validation),
  },
  onlyIf(({ chosen }) => chosen !== undefined, {
    id: "chosen",
    label: "left at",
    note: "The ridge over the mean eigenvalue of the windows' covariance, the rank, or the step.",
    of: ({ chosen }) => cellOf(chosen!),
  }),
  onlyIf(({ edge }) => edge !== undefined, {
    id: "edge",
    label: "at an end",
    note: "1 where the path was left at an end of it: more of it might do better.",
    of: ({ edge }) => cellOf(edge!),
  }),
  onlyIf(({ gain }) => gain !== undefined, {
    id: "gain",
    label: "gain",
    format: "percent",
    better: "higher",
    note:
      "In the row of the best depth of a series: over the best other method, both by validation. Of the twin: of each seed's best depth over its ridge.",
    of: ({ gain }) => gain!,
  }),
];

/** The table: one row for each series, horizon and method. */
export function summarize(runs: Runs): Summary {
  const settings = runs.tagsOf<string>("set").flatMap((set) =>
    runs.where({ set }).tagsOf("horizon").map((horizon) => runs.where({ set, horizon }))
  );
  const isTwin = (setting: Runs) => [...setting].some(({ tags }) => "seed" in tags);
  const comparisons = settings.filter((setting) => !isTwin(setting)).map(comparisonOf);
  const twin = settings.find(isTwin)!;
  const control = twinGain(twin);
  const gains = new Map(comparisons.map((comparison) => [comparison.deep.name, comparison.cell]));
  const rows = settings.flatMap((setting) =>
    methodsOf(setting).map((row): PathRow => ({
      ...row,
      gain: isTwin(setting)
        ? row.method === "ridge" ? cellOf(control) : undefined
        : gains.get(row.mse.runs[0]),
    }))
  );
  const { verdict, won, none } = judgeComparisons(comparisons, control);
  const best = comparisons.reduce((a, b) => a.interval.mean >= b.interval.mean ? a : b);
  return {
    ...tableOf(rows, columns),
    verdict: { rule, ...verdict },
    findings: [
      `Depth that is stopped early is better than the best shallow path on ${won} of ${
        new Set(comparisons.map(({ set }) => set)).size
      } series at all horizons (${fewestSets} are needed), and gains less than half a percent on ${none}; its largest gain is ${
        percent(best.interval.mean)
      } (${best.set}, horizon ${best.horizon}).`,
    ],
    plots: [{
      id: "mse",
      title: "Test MSE of regularisation paths",
      caption: "Each left where the validation rows say.",
      facet: "horizon",
      x: { column: "set", label: "series", scale: "band" },
      y: { column: "mse", label: "MSE" },
      series: "method",
      marks: ["dot"],
    }],
  };
}
