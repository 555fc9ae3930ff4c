/** @file Linear recurrences by themselves against a Transformer of the same size, on filtering. */
import type { Hypothesis } from "../../../lib/analysis/judge.ts";
import type { Grid } from "../../graph.ts";
import type { ExperimentMeta, Summary } from "../../results.ts";
import type { Runs } from "../../table/runs.ts";
import { type TableColumn, tableOf } from "../../table/table.ts";
import { cellOf, differenceCell, type Values } from "../../table/values.ts";
import { percent, plotOver, systemCount } from "../../table/verdict.ts";
import { effectOf, openRatio } from "../../table/effects.ts";
import { verdictOf } from "../../table/judged.ts";
import { boardOf, type BoardRow } from "./shared/board.ts";
import { cellRuns } from "./shared/cells.ts";
import { entryOf } from "./shared/entries.ts";
import { taskCases } from "./shared/tasks.ts";

export const meta: ExperimentMeta = {
  id: "linear-filters",
  earlier: { outcome: "supported", on: "six systems", commit: "5a987b3" },
  title: "Linear recurrences against a Transformer of their size",
  question: "At equal parameters and tokens, does what is linear filter a linear system better?",
  hypothesis:
    "The Kalman filter is a linear recurrence, so a linear recurrence (LRU, dense), alone between embedding and head, leaves less " +
    "of the gap open than a Transformer with as many parameters that has seen as many tokens.",
  method:
    "The filtering cells of the leaderboard on more systems: lambda .92, 64 states, 2 channels, 128 observations, the learning rate " +
    "of each model found on a system that is not reported. The bare recurrences have the state size at which they come nearest to " +
    "the parameters of the Transformer.",
  from: "standard",
};

const reference = "softmax-attention";
const linear = ["bare-lru", "bare-dense-recurrence"];

/** Stated before the runs. */
const stated: Hypothesis = {
  unit: "system",
  seeds: [0, 1, 2, 3, 4, 5, 6, 7],
  clauses: linear.map((id) => ({
    what: `open fraction of the Transformer over that of the ${entryOf(id).label}`,
    metric: "open fraction",
    scale: "factor",
  })),
};

/** Tags: task, layer, seed, result. */
export const grid: Grid = (g, profile) => {
  const { filtering } = taskCases(profile);
  const systems = stated.seeds.slice(0, profile.pick({ smoke: 1, standard: stated.seeds.length }));
  return g.table(
    [reference, ...linear].flatMap((id) => cellRuns(g, entryOf(id), filtering, systems)),
  );
};

const openOf = ({ open }: BoardRow) => open.filtering;
const gapOf = ({ gaps }: BoardRow): Values => gaps.filtering!;

/** The table: one row for each model. */
export function summarize(runs: Runs): Summary {
  const { rows, seeds } = boardOf(runs);
  const rowOf = (id: string) => rows.find((row) => row.id === id)!;
  const transformer = rowOf(reference);
  const columns: TableColumn<BoardRow>[] = [
    { id: "layer", label: "layer", format: "text", of: ({ label }) => label },
    {
      id: "gap_closed",
      label: "gap closed",
      format: "percent",
      better: "higher",
      of: (row) => cellOf(gapOf(row)),
    },
    {
      id: "difference",
      label: "minus Transformer",
      format: "percent",
      note: "Of the gap closed, paired by system.",
      of: (row) => row === transformer ? undefined : differenceCell(gapOf(row), gapOf(transformer)),
    },
    {
      id: "parameters",
      label: "parameters",
      format: "integer",
      note: "Between embedding and head.",
      of: ({ inside }) => cellOf(inside),
    },
    { id: "memory", label: "state", format: "integer", of: ({ memory }) => cellOf(memory!) },
    {
      id: "learning_rate",
      label: "learning rate",
      note: "Found by successive halving.",
      of: ({ rates }) => cellOf(rates.filtering!),
    },
  ];
  const closed = (row: BoardRow) => `${row.label} ${percent(mean(gapOf(row)))}`;
  return {
    ...tableOf(rows, columns),
    verdict: verdictOf(
      stated,
      linear.map((id) => effectOf(openRatio(openOf(transformer), openOf(rowOf(id))))),
    ),
    findings: [
      `Gap closed on filtering at equal parameters: ${rows.map(closed).join(", ")} (${
        systemCount(seeds)
      }).`,
    ],
    plots: [
      plotOver(seeds, {
        id: "gap-closed",
        title: "Gap closed on filtering at equal parameters",
        caption: "",
        x: { column: "layer", label: "layer", scale: "band" },
        y: { column: "gap_closed", label: "gap closed" },
        rules: [{ y: 1, label: "Kalman filter" }],
      }),
    ],
  };
}

const mean = ({ values }: Values) => values.reduce((sum, x) => sum + x, 0) / values.length;
