/** @file The table of linear forecasters by depth, and the rule that judges it: the same for every series. */
import type { Summary } from "../../../results.ts";
import type { Term } from "../../../terms.ts";
import type { Run, Runs } from "../../../table/runs.ts";
import { onlyIf, type TableColumn, tableOf } from "../../../table/table.ts";
import { around } from "../../../table/values.ts";
import { closedForms } from "./forecasting.ts";

export const question = "What does depth add to a forecaster that stays linear?";

export const hypothesis =
  "Nothing once it has converged: whatever its depth, a linear network whose widths leave " +
  "every matrix in reach computes one matrix, and lands on the least-squares forecaster.";

export const method =
  "Windows of `lookback` rows predict the next `horizon` rows, one map shared by all channels; " +
  "values are standardised with training statistics; every stride-1 window of the test rows is scored. " +
  "**OLS** is ridge regression (1e-5) in closed form in float64, **OLS-IN** the same with instance " +
  "normalisation. **deep-linear-N** is a product of N matrices of width min(lookback, horizon), from a " +
  "balanced initialisation, trained by full-batch Adam on the exact training loss and collapsed in " +
  "float64 to one matrix. `excess` is its training loss over that of OLS: convergence is judged there, " +
  "because an unfinished fit can pass a test-set check by luck.\n\n" +
  "Intervals are 95 % by batch means: the test period is cut into consecutive blocks of `horizon` " +
  "forecast origins. One initialisation each; a converged network does not depend on it.";

const rule =
  "Networks count as converged when their training loss exceeds that of OLS by at most " +
  "0.1 %. Supported if every converged network's test MSE lies within .001 of OLS, refuted if any does " +
  "not, undecided if none has converged.";
/** Excess training loss over least squares at which a network counts as converged. */
const converged = 1e-3;
/** Largest difference of test errors that counts as none. */
const same = 1e-3;

/** What the stage `forecast` leaves. */
interface Scores {
  test: { mse: number; mae: number; windows: number };
  /** Squared errors of consecutive blocks of the test period. */
  blocks: number[];
  fit: { excess?: number };
}

interface ForecasterRow {
  run: Run;
  scores: Scores;
  ols: { run: Run; scores: Scores };
}

const columns: TableColumn<ForecasterRow>[] = [
  {
    id: "setting",
    label: "setting",
    format: "text",
    of: ({ run: { tags } }) => `${tags.dataset}, ${tags.lookback} to ${tags.horizon}`,
  },
  { id: "lookback", label: "lookback", of: ({ run }) => Number(run.tags.lookback) },
  { id: "horizon", label: "horizon", of: ({ run }) => Number(run.tags.horizon) },
  {
    id: "model",
    label: "model",
    format: "text",
    of: ({ run: { tags } }) => "depth" in tags ? `${tags.model}-${tags.depth}` : `${tags.model}`,
  },
  {
    id: "mse",
    label: "MSE",
    format: "fixed3",
    better: "lower",
    note: "On standardised values, mean over windows, horizon and channels.",
    of: ({ run, scores }) => ({
      ...around(scores.test.mse, scores.blocks),
      n: scores.test.windows,
      runs: [run.name],
      terms: errorTerms(1, { run, scores }),
    }),
  },
  {
    id: "mae",
    label: "MAE",
    format: "fixed3",
    better: "lower",
    of: ({ run, scores: { test } }) => ({ value: test.mae, n: test.windows, runs: [run.name] }),
  },
  onlyIf(({ run }) => run.tags.model !== "ols", {
    id: "over_ols",
    label: "MSE - OLS",
    format: "fixed3",
    note: "Difference of test MSE from OLS, with its paired interval over blocks.",
    of: (row) => {
      const { run, scores: { blocks }, ols } = row;
      const paired = blocks.map((block, i) => block - ols.scores.blocks[i]);
      const terms = [...errorTerms(1, row), ...errorTerms(-1, ols)];
      return { ...around(overOls(row), paired), runs: [run.name, ols.run.name], terms };
    },
  }),
  {
    id: "excess",
    label: "excess training loss",
    note: "Training loss over that of OLS.",
    of: ({ run, scores: { fit } }) =>
      fit.excess === undefined ? undefined : { value: fit.excess, runs: [run.name] },
  },
];

/** The test error of a forecaster, and its blocks for the interval. */
function errorTerms(
  coefficient: number,
  { run: { name }, scores: { test, blocks } }: ForecasterRow["ols"],
): Term[] {
  const error = { coefficient, metric: "MSE", runs: [name], values: [test.mse] };
  if (blocks.length < 2) return [error];
  return [error, {
    ...{ coefficient, metric: "MSE of a block", spread: true },
    ...{ runs: blocks.map(() => name), values: blocks, parts: blocks.map((_, part) => part) },
  }];
}

const overOls = ({ scores, ols }: ForecasterRow) => scores.test.mse - ols.scores.test.mse;

/** The table: one row for each series, lookback, horizon and forecaster, the simplest first. */
export function summarize(runs: Runs): Summary {
  const scored = (run: Run) => ({ run, scores: run.json("scores.json") as Scores });
  const settings = runs.tagsOf<string>("dataset").flatMap((dataset) =>
    runs.where({ dataset }).tagsOf("lookback").flatMap((lookback) =>
      runs.where({ dataset, lookback }).tagsOf("horizon")
        .map((horizon) => runs.where({ dataset, lookback, horizon }))
    )
  );
  const rows = settings.flatMap((setting): ForecasterRow[] => {
    const ols = scored(setting.where({ model: "ols" }).one());
    const models = Object.keys(closedForms).map((model) => setting.where({ model }).one());
    const networks = setting.tagsOf("depth").map((depth) => setting.where({ depth }).one());
    return [...models, ...networks].map((run) => ({ ...scored(run), ols }));
  });
  const networks = rows.filter(({ scores }) => scores.fit.excess !== undefined);
  const finished = networks.filter(({ scores }) => scores.fit.excess! <= converged);
  const worst = finished.reduce((max, row) => Math.max(max, Math.abs(overOls(row))), 0);
  const deepest = Math.max(...networks.map(({ run }) => Number(run.tags.depth)));
  const best = settings.filter((setting) => {
    const [ols, ...naive] = ["ols", "repeat-last", "seasonal-naive"]
      .map((model) => scored(setting.where({ model }).one()).scores.test.mse);
    return ols < Math.min(...naive);
  });
  return {
    ...tableOf(rows, columns),
    verdict: {
      outcome: finished.length === 0 ? "undecided" : worst <= same ? "supported" : "refuted",
      rule,
      reason:
        `${finished.length} of ${networks.length} networks converged; the largest difference of their ` +
        `test MSE from OLS is ${worst.toPrecision(2)}.`,
    },
    findings: [
      `${finished.length} of ${networks.length} deep linear networks (up to ${deepest} layers) ` +
      "reached the training loss of least squares within 0.1 %; their test MSE then differs from " +
      `it by at most ${worst.toPrecision(2)}.`,
      `Least squares beats both naive forecasts in ${best.length} of ${settings.length} settings.`,
    ],
    plots: [{
      id: "mse",
      title: "Test MSE by forecaster",
      caption: "Bars are 95 % intervals by batch means over the test period.",
      x: { column: "setting", label: "dataset, lookback to horizon", scale: "band" },
      y: { column: "mse", label: "MSE" },
      series: "model",
      marks: ["dot", "interval"],
    }],
  };
}
