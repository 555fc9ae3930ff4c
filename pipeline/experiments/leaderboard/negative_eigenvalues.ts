/** @file Every layer whose transitions can be let into [-1, 1], with and without: the cells of the leaderboard, pair by pair. */
import type { Hypothesis } from "../../../lib/analysis/judge.ts";
import type { Grid } from "../../graph.ts";
import type { ExperimentMeta, Summary } from "../../results.ts";
import { plainEffect } from "../../table/effects.ts";
import { verdictOf } from "../../table/judged.ts";
import type { Runs } from "../../table/runs.ts";
import { type TableColumn, tableOf } from "../../table/table.ts";
import { cellOf, differenceCell, mean, minus, type Values } from "../../table/values.ts";
import { cellRuns } from "./shared/cells.ts";
import { entries, type Entry } from "./shared/entries.ts";
import { shown } from "./shared/shown.ts";
import { taskCase, taskIds } from "./shared/tasks.ts";
export { tied } from "./shared/tasks.ts";

const suffix = "-negative";

interface Pair {
  /** Its transitions lie in [0, 1]. */
  base: Entry;
  /** The same layer with transitions in [-1, 1]. */
  negative: Entry;
}

const pairs = entries.flatMap((base): Pair[] => {
  const negative = entries.find(({ id }) => id === base.id + suffix);
  return negative ? [{ base, negative }] : [];
});

const [gain, loss] = [0.05, -0.05];
/** Stated while the cells were being run, before a score of any pair but DeltaNet's had been looked at. */
const stated: Hypothesis = {
  unit: "pair",
  seeds: pairs.map((_, i) => i),
  clauses: ["parity", "filtering", "forecasting", "recall"].map((task) => ({
    what: `gap closed on ${task} with [-1, 1] minus without`,
    ...{ metric: "gap closed", scale: "points" as const },
    margin: task === "parity" ? gain : loss,
  })),
};

export const meta: ExperimentMeta = {
  id: "negative-eigenvalues",
  title: "Every layer with and without negative eigenvalues",
  question: "What do transitions in [-1, 1] add to a layer, and what do they cost?",
  hypothesis:
    `Over ${pairs.length} layers, letting transitions into [-1, 1] closes more than ${
      100 * gain
    } points more of the gap on parity in the mean, ` +
    `and less than ${-100 * loss} points less on filtering, forecasting and recall.`,
  method:
    "The cells of the [leaderboard](leaderboard.md) of all layers that stand there twice: as published, with the factors, gates or steps of their transition in [0, 1], and with the " +
    "same numbers stretched to [-1, 1] (Grazzi et al., arXiv 2411.12537, for DeltaNet and Mamba; of most others we know no published one). Both have the same parameters, " +
    "data and steps; each has its own learning rate. A row is a layer, paired by seed. Judged is the mean over layers: what is said holds for these layers at this size, not for " +
    "each. The group S3 is shown, not judged: a sign alone does not follow it.",
  from: "standard",
};

/** Tags: task, layer, seed, result. */
export const grid: Grid = (g, profile) => {
  const { seeds } = shown(profile);
  return g.table(
    pairs.flatMap(({ base, negative }) =>
      taskIds.flatMap((task) =>
        [base, negative].flatMap((entry) =>
          cellRuns(g, entry, taskCase(profile, task), seeds)
            .filter(({ tags }) => tags.result === "score")
        )
      )
    ),
  );
};

/** Gaps closed by one layer, of each seed. */
interface PairRow {
  label: string;
  gaps: Record<string, { without: Values; within: Values }>;
}

const columns: TableColumn<PairRow>[] = [
  { id: "layer", label: "layer", format: "text", of: ({ label }) => label },
  ...taskIds.flatMap((task): TableColumn<PairRow>[] => [
    {
      ...{ id: `without_${task}`, label: `${task}, [0, 1]`, format: "percent" },
      ...{ better: "higher", note: "Gap closed." },
      of: ({ gaps }) => cellOf(gaps[task].without),
    },
    {
      ...{ id: `within_${task}`, label: `${task}, [-1, 1]`, format: "percent" },
      ...{ better: "higher", note: "Gap closed." },
      of: ({ gaps }) => cellOf(gaps[task].within),
    },
    {
      ...{ id: `difference_${task}`, label: `${task}, difference`, format: "percent" },
      ...{ better: "higher", note: "Of the two, paired by seed." },
      of: ({ gaps }) => differenceCell(gaps[task].within, gaps[task].without),
    },
  ]),
];

/** Of every pair the mean over seeds of what [-1, 1] adds on a task. */
function addedOn(task: string, rows: readonly PairRow[]): Values {
  const each = rows.map(({ gaps }) => gaps[task]);
  const [{ within: first }] = each;
  const terms = first.values.flatMap((_, seed) =>
    (["within", "without"] as const).map((side) => ({
      coefficient: (side === "within" ? 1 : -1) / first.values.length,
      metric: "gapClosed",
      runs: each.map((of) => of[side].runs[seed]),
      values: each.map((of) => of[side].values[seed]),
    }))
  );
  return {
    tag: "pair",
    at: rows.map((_, i) => i),
    values: each.map(({ within, without }) => mean(minus(within, without))),
    runs: [...new Set(terms.flatMap(({ runs }) => runs))],
    terms,
  };
}

/** The table: one row for each pair. */
export function summarize(runs: Runs): Summary {
  const gapsOf = (layer: string, task: string) =>
    runs.where({ layer, task })
      .each("seed", ({ scalars }) => scalars.gapClosed, "gapClosed");
  const rows = pairs.map(({ base, negative }): PairRow => ({
    label: base.label.replace(", factors in [0, 1]", ""),
    gaps: Object.fromEntries(taskIds.map((task) => [
      task,
      { without: gapsOf(base.id, task), within: gapsOf(negative.id, task) },
    ])),
  }));
  const added = new Map(taskIds.map((task) => [task as string, addedOn(task, rows)]));
  const said = [...added].map(([task, { values }]) => {
    const average = values.reduce((a, b) => a + b, 0) / values.length;
    const more = values.filter((value) => value > gain).length;
    return `${task} ${(100 * average).toFixed(1)} points (above ${100 * gain} in ${more})`;
  });
  return {
    ...tableOf(rows, columns),
    verdict: verdictOf(
      stated,
      ["parity", "filtering", "forecasting", "recall"].map((task) => plainEffect(added.get(task)!)),
    ),
    findings: [`What [-1, 1] adds in the mean over ${rows.length} layers: ${said.join(", ")}.`],
    plots: ["parity", "automaton"].map((task) => ({
      id: `added-${task}`,
      title: `What [-1, 1] adds on ${task}`,
      caption: "Gap closed with less without, paired by seed; bars are 95 % intervals over seeds.",
      x: { column: "layer", label: "layer", scale: "band" as const },
      y: { column: `difference_${task}`, label: "difference in gap closed" },
      marks: ["dot" as const, "interval" as const],
      rules: [{ y: 0, label: "no difference" }],
    })),
  };
}
