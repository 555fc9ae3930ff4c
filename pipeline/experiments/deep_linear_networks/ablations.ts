/** @file What of a deep linear network matters to its forecast, when each is left at its best on validation: width, start, residual, optimiser? */
import { equivalence } from "../../../lib/analysis/equivalence.ts";
import { meanInterval } from "../../../lib/analysis/intervals.ts";
import { controlLevel, level } from "../../../lib/analysis/judge.ts";
import type { Grid } from "../../graph.ts";
import type { ExperimentMeta, Summary, Verdict } from "../../results.ts";
import { seriesOf } from "../../series.ts";
import { blockDifference, blockEffect, type Blocks, logged } from "../../table/blocks.ts";
import type { Run, Runs } from "../../table/runs.ts";
import { onlyIf, type TableColumn, tableOf } from "../../table/table.ts";
import { percent } from "../../table/verdict.ts";

/** Depth of all of them. */
const depth = 16;
const base = "balanced, width 96";
/** What differs from the base, which has width 96, a balanced start and momentum. */
const variants: Record<string, Record<string, unknown>> = {
  [base]: {},
  "width 24": { width: 24 },
  "width 48": { width: 48 },
  "width 192, orthogonal": { width: 192, initialiser: "orthogonal" },
  "orthogonal": { initialiser: "orthogonal" },
  "Xavier": { initialiser: "xavier" },
  "residual (identity)": { initialiser: "identity" },
  "Adam": { optimiser: "adam", share: 0.5 },
};
/** A factor of test errors within which they count as equal. */
const margin = Math.log(1.01);

export const meta: ExperimentMeta = {
  id: "deep-ablations",
  title: "Ablations of a deep linear forecaster",
  question:
    "Does width, a residual, the initialisation or the optimiser matter to what a deep linear network forecasts?",
  hypothesis:
    "Stopped early on validation, a network of 16 matrices has the same test error, within 1 %, whatever its width (from 24 on), " +
    "its start and its optimiser.",
  method:
    "ETTh1, 336 rows predict 96; 16 matrices, full-batch descent on the exact training loss, the map of least validation error scored on " +
    "the test rows. The base starts balanced, all singular values of the product .1 (or .01, by validation), and moves by gradient descent " +
    "with momentum .98 at half the largest stable rate; Adam at .5 / (width * depth). Every row changes one thing (a width above " +
    "96 cannot start balanced and starts orthogonal). A residual network x + Vx with small V is the same function, with the same " +
    "gradients, as one whose square layers start at the identity, so that start is the ablation of the residual. One initialisation " +
    "each: intervals are over blocks of the test period.",
  from: "standard",
};

/** Tags: variant. */
export const grid: Grid = (g) => {
  const { task, download } = seriesOf("etth1", { lookback: 336, horizon: 96 });
  const data = download(g, { dataset: "etth1", result: "download" });
  const common = { task, depth, initialisation: 0, momentum: 0.98, share: 0.5 };
  const path = { starts: [0.01, 0.1], every: 50, steps: 3000 };
  return g.table(
    Object.entries(variants).map(([variant, own]) => {
      const tags = { variant };
      return { tags, job: g.job("early_stop", { ...common, ...path, ...own }, { data }, tags) };
    }),
  );
};

interface Scores {
  test: { mse: number };
  blocks: number[];
  fit: { validation: number; start: number; step: number; edge: number; trainingLoss: number };
}

interface AblationRow {
  run: Run;
  scores: Scores;
  /** Of the base. */
  other: Blocks;
  blocks: Blocks;
}

const value = (pick: (scores: Scores) => number) => ({ run, scores }: AblationRow) => ({
  value: pick(scores),
  runs: [run.name],
});

const columns: TableColumn<AblationRow>[] = [
  { id: "variant", label: "variant", format: "text", of: ({ run }) => String(run.tags.variant) },
  {
    id: "mse",
    label: "MSE",
    format: "fixed3",
    better: "lower",
    note: "On the test rows.",
    of: value(({ test }) => test.mse),
  },
  onlyIf(({ blocks, other }) => blocks.run !== other.run, {
    id: "log_ratio",
    label: "log of the error over the base's",
    note: "Mean over blocks of the test period with its 95 % interval; .01 is 1 %.",
    of: ({ blocks, other }) => blockDifference(blocks, other),
  }),
  {
    id: "validation",
    label: "validation",
    better: "lower",
    of: value(({ fit }) => fit.validation),
  },
  { id: "training_loss", label: "training loss", of: value(({ fit }) => fit.trainingLoss) },
  {
    id: "start",
    label: "start",
    note: "Factor of the product.",
    of: value(({ fit }) => fit.start),
  },
  { id: "step", label: "left at step", format: "integer", of: value(({ fit }) => fit.step) },
  {
    id: "edge",
    label: "at its end",
    note: "1 where the path was still improving at its end: the variant was slow, not worse.",
    of: value(({ fit }) => fit.edge),
  },
];

/** The table: one row for each variant, the base first. */
export function summarize(runs: Runs): Summary {
  const blocksOf = (run: Run): Blocks =>
    logged({
      run: run.name,
      metric: "MSE of a block",
      values: (run.json("scores.json") as Scores).blocks,
    });
  const other = blocksOf(runs.where({ variant: base }).one());
  const rows = [...runs].map((run): AblationRow => ({
    ...{ run, scores: run.json("scores.json") as Scores },
    ...{ other, blocks: blocksOf(run) },
  }));
  const compared = rows.filter(({ run }) => run.tags.variant !== base).map((row) => ({
    variant: String(row.run.tags.variant),
    values: blockEffect(row.blocks, other).values,
    unfinished: row.scores.fit.edge === 1,
  }));
  const slow = compared.filter(({ unfinished }) => unfinished);
  return {
    ...tableOf(rows, columns),
    verdict: verdictOf(compared),
    findings: [
      `Of ${compared.length} changes to a deep linear network ${
        compared.filter(({ values }) => isEqual(values)).length
      } leave its test error within 1 %; ${slow.length} were still improving when their steps ended.`,
    ],
    plots: [{
      id: "log-ratio",
      title: "Test error over that of the base",
      caption: "Bars are 95 % intervals over blocks; the rules are 1 % either way.",
      x: { column: "variant", label: "variant", scale: "band" },
      y: { column: "log_ratio", label: "log ratio" },
      marks: ["dot", "interval"],
      rules: [{ y: margin, label: "1 % more" }, { y: -margin, label: "1 % less" }],
    }],
  };
}

const isEqual = (values: readonly number[]) =>
  equivalence(values, margin, controlLevel).p <= controlLevel;

function verdictOf(compared: { variant: string; values: readonly number[] }[]): Verdict {
  // Bonferroni over all variants: an interval this wide excludes the margin by chance in 5 % of experiments at most.
  const wide = 1 - 2 * level / compared.length;
  const differs = compared.filter(({ values }) => {
    const { low, high } = meanInterval(values, wide);
    return low! > margin || high! < -margin;
  });
  const equal = compared.filter(({ values }) => isEqual(values));
  const said = compared.map(({ variant, values }) =>
    `${variant} ${percent(Math.expm1(meanInterval(values).mean))}`
  );
  return {
    outcome: equal.length === compared.length
      ? "supported"
      : differs.length > 0
      ? "refuted"
      : "undecided",
    rule:
      `Supported if for every variant the ratio of its test error to the base's, paired over blocks of the horizon, is shown to lie ` +
      `within 1 % by equivalence at ${controlLevel}; refuted if for one the interval at ${
        percent(1 - 2 * level)
      }, widened for ${compared.length} variants, lies beyond 1 %; undecided otherwise.`,
    reason: `Change of the test error: ${
      said.join("; ")
    }; ${equal.length} of ${compared.length} shown equal, ${
      differs.length ? differs.map(({ variant }) => variant).join(", ") : "none"
    } shown different.`,
  };
}
