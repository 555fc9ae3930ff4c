/** @file What erasing adds to a memory of values by keys, at half, once and twice as many pairs as it has dimensions. */
import type { Hypothesis } from "../../../lib/analysis/judge.ts";
import type { Grid } from "../../graph.ts";
import type { ExperimentMeta, Summary } from "../../results.ts";
import type { Runs } from "../../table/runs.ts";
import { type TableColumn, tableOf } from "../../table/table.ts";
import { cellOf, differenceCell, mean, minus, type Values } from "../../table/values.ts";
import { percent, plotOver } from "../../table/verdict.ts";
import { plainEffect } from "../../table/effects.ts";
import { verdictOf } from "../../table/judged.ts";
import { cellRuns } from "./shared/cells.ts";
import type { Entry } from "./shared/entries.ts";
import { taskCases, type Training } from "./shared/tasks.ts";

const width = 32;
/** Numbers in a key of the memory. */
const keyWidth = 8;
/** Fewer symbols than on the leaderboard are known sooner; how much fits into the memory does not depend on them. */
const vocabulary = 80;

export const meta: ExperimentMeta = {
  id: "recall-capacity",
  earlier: { outcome: "undecided", on: "five seeds", commit: "5a987b3" },
  title: "Recall by the delta rule and by an additive memory",
  question: "Does taking back what was stored under a key help a memory of one size to recall?",
  hypothesis:
    "The delta rule recalls no worse than an additive memory of the same state size and with the same parameters, at half, once " +
    "and twice as many pairs as keys have dimensions.",
  method:
    `One layer, so one memory: DeltaNet with one head, keys of ${keyWidth} numbers and a short convolution, in a residual block of width ${width} ` +
    "without MLP, and the same layer without erasing (S += beta k v'): same parameters, same state. Multi-query associative recall, " +
    `64 symbols of ${vocabulary}; learning rates are found for each. Accuracy at the queries, over seeds. Trained on five times as many ` +
    "sequences as the leaderboard's cells, since a memory whose training is cut short tells when it was found, not how much it holds.",
  from: "standard",
};

const part = { heads: 1, expandKey: keyWidth / width };
const rules: Record<"delta" | "additive", Entry> = {
  delta: {
    id: "delta",
    label: "delta rule",
    width,
    layer: { name: "deltanet", options: part },
  },
  additive: {
    id: "additive",
    label: "additive memory",
    width,
    layer: { name: "deltanet", options: { ...part, erase: false } },
  },
};
const pairCounts = [keyWidth / 2, keyWidth, 2 * keyWidth];

/** Stated before the runs: no worse by more than two points. */
const stated: Hypothesis = {
  unit: "seed",
  seeds: [0, 1, 2, 3, 4, 5, 6, 7],
  clauses: pairCounts.map((pairs) => ({
    what: `accuracy of the delta rule minus that of the additive memory, ${pairs} pairs`,
    metric: "accuracy",
    scale: "points",
    margin: -0.02,
  })),
};

/** Tags: task, layer, pairs, seed, result. */
export const grid: Grid = (g, profile) => {
  const { recall } = taskCases(profile);
  const training = profile.pick<Partial<Training>>({
    smoke: {},
    // What is found late is not judged early.
    standard: { steps: 2000, rates: [2.5e-3, 5e-3, 1e-2, 2e-2], rungs: [200, 600] },
  });
  const seeds = stated.seeds.slice(0, profile.pick({ smoke: 1, standard: stated.seeds.length }));
  return g.table(pairCounts.flatMap((pairs) => {
    const sized = recall.sized({ pairs, vocabulary }, { pairs });
    const own = { ...sized, ends: {}, training: { ...sized.training, ...training } };
    return Object.values(rules).flatMap((entry) => cellRuns(g, entry, own, seeds, { pairs }));
  }));
};

interface PairsRow {
  pairs: number;
  label: string;
  accuracy: Values;
  rate: Values;
  difference?: [Values, Values];
}

/** The table: one row for each number of pairs and each rule. */
export function summarize(runs: Runs): Summary {
  const of = (pairs: number, layer: string) => {
    const own = runs.where({ pairs, layer });
    return {
      accuracy: own.where({ result: "score" }).each(
        "seed",
        ({ scalars }) => 1 - scalars.loss,
        "accuracy",
      ),
      rate: own.where({ result: "training" }).each(
        "seed",
        ({ scalars }) => scalars.learningRate,
        "learningRate",
      ),
    };
  };
  const counts = runs.tagsOf("pairs");
  const rows = counts.flatMap((pairs): PairsRow[] => {
    const [delta, additive] = [of(pairs, "delta"), of(pairs, "additive")];
    return [
      { pairs, label: rules.additive.label, ...additive },
      {
        pairs,
        label: rules.delta.label,
        ...delta,
        difference: [delta.accuracy, additive.accuracy],
      },
    ];
  });
  const columns: TableColumn<PairsRow>[] = [
    { id: "pairs", label: "pairs", of: ({ pairs }) => pairs },
    { id: "rule", label: "memory", format: "text", of: ({ label }) => label },
    {
      id: "accuracy",
      label: "accuracy",
      format: "percent",
      better: "higher",
      note: "At the queries.",
      of: ({ accuracy }) => cellOf(accuracy),
    },
    {
      id: "difference",
      label: "minus additive",
      format: "percent",
      note: "Paired by seed.",
      of: ({ difference }) => difference && differenceCell(...difference),
    },
    {
      id: "learning_rate",
      label: "learning rate",
      note: "Found by successive halving.",
      of: ({ rate }) => cellOf(rate),
    },
  ];
  const paired = rows.filter(({ difference }) => difference);
  const seeds = runs.tagsOf("seed").length;
  return {
    ...tableOf(rows, columns),
    verdict: verdictOf(
      stated,
      paired.map(({ difference }) => plainEffect(minus(...difference!))),
    ),
    findings: [
      "Accuracy of recall, delta rule against additive memory: " +
      paired.map(({ pairs, difference }) =>
        `${difference!.map((values) => percent(mean(values))).join(" against ")} at ${pairs} pairs`
      ).join(", ") + `, keys of ${keyWidth} dimensions.`,
    ],
    plots: [
      plotOver(seeds, {
        id: "accuracy",
        title: "Recall by number of pairs",
        caption: `Keys have ${keyWidth} dimensions.`,
        x: { column: "pairs", label: "pairs of key and value", scale: "band" },
        y: { column: "accuracy", label: "accuracy" },
        series: "rule",
      }, "seed"),
    ],
  };
}
