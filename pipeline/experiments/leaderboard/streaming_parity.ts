/** @file How long the sequences of training must be until a small GRU follows parity at lengths that it has never seen, and whether it then does so at all of them. */
import type { Hypothesis } from "../../../lib/analysis/judge.ts";
import type { Grid } from "../../graph.ts";
import type { Profile } from "../../profiles.ts";
import type { ExperimentMeta, Summary } from "../../results.ts";
import { plainEffect } from "../../table/effects.ts";
import { freshSeeds, verdictOf } from "../../table/judged.ts";
import type { Runs } from "../../table/runs.ts";
import { type TableColumn, tableOf } from "../../table/table.ts";
import { cellOf, mapped, mean, minus, type Values } from "../../table/values.ts";
import { percent, plotOver } from "../../table/verdict.ts";
import { cellRuns } from "./shared/cells.ts";
import type { Entry } from "./shared/entries.ts";
import type { TaskCase, Training } from "./shared/tasks.ts";

/** Longest sequences of training. */
const trainedTo = [2, 3, 4, 6, 10];
const [shortest, longest] = [trainedTo[0], trainedTo.at(-1)!];
/** Positions that are scored. */
const scored = { from: 129, length: 256 };
/** Gaps closed between these are neither a coin nor an automaton. */
const [coin, automaton] = [0.2, 0.8];
/** Lengths of training that may leave it there, and half a one. */
const most = 1.5;
const margin = 0.5;

export const meta: ExperimentMeta = {
  id: "streaming-parity",
  title: "Streaming parity, by the lengths of training",
  question:
    "Does following parity at any length come at once, as the sequences of training get longer?",
  hypothesis:
    `A GRU of 32 units closes at least ${
      100 * margin
    } points more of the gap at positions ${scored.from} to ${scored.length} when it is trained on up to ${longest} bits than on up to ${shortest}, ` +
    `and of ${trainedTo.length} lengths of training at most one leaves it between ${
      percent(coin)
    } and ${percent(automaton)}: elsewhere it either guesses or follows.`,
  method:
    `After van Rossem & Saxe (arXiv 2507.09897), who find a phase transition to generalisation at any length. One GRU without residual, norm or MLP, embedded in width 32, 1,500 steps of 32 sequences of 1 to ` +
    `${
      trainedTo.join(", ")
    } bits with a target after each, one learning rate of 1e-2, which was not searched. **Gap closed** is 1 - 2 error. Between is counted seed by seed. A look at seed 0, which is none of those that judge, changed nothing.`,
  from: "standard",
};

/** Stated before the runs. */
const stated: Hypothesis = {
  unit: "seed",
  seeds: [20, 21, 22, 23, 24, 25, 26, 27, 28, 29],
  amendments: [freshSeeds(7)],
  clauses: [
    {
      what: `gap closed, trained on up to ${longest} bits minus on up to ${shortest}`,
      metric: "gap closed",
      scale: "points",
      margin,
    },
    {
      what: `${most} minus the number of lengths of training that leave it between`,
      metric: "lengths between",
      scale: "plain",
    },
  ],
};

const between = "sequences are scored at lengths beyond those of training";
/** What the grid makes of its lengths. */
export const tied = {
  "task.options.maximum": between,
  "task.options.length": between,
  "protocol.from": between,
  "protocol.length": between,
};

const entry: Entry = { id: "gru", label: "GRU", layer: { name: "gru", options: {} }, bare: true };

function caseOf(maximum: number, profile: Profile): TaskCase {
  const options = { minimum: 1, maximum, length: scored.length };
  const task = { name: "parity", options };
  const sequences = profile.pick({ smoke: 16, standard: 1024 });
  return {
    ...{ id: "parity", task, ends: {}, batch: 256, instanceOf: () => 0, protocol: scored },
    training: profile.pick<Training>({
      smoke: { steps: 6, batch: 2, warmup: 2, rates: [1e-2] },
      standard: { steps: 1500, batch: 32, warmup: 50, weightDecay: 0, rates: [1e-2] },
    }),
    data: (g) => ({
      test: g.job("generate", { task, instance: 0, data: 2000, sequences }, {}, {
        ...{ trained: maximum, result: "data" },
      }),
    }),
  };
}

/** Tags: task, layer, trained, seed, result. */
export const grid: Grid = (g, profile) =>
  g.table(trainedTo.flatMap((trained) =>
    cellRuns(
      g,
      entry,
      caseOf(trained, profile),
      profile.pick({ smoke: stated.seeds.slice(0, 1), standard: stated.seeds }),
      { trained },
    )
  ));

interface Row {
  trained: number;
  gap: Values;
  follows: number;
  /** Runs that were trained, for the page. */
  rate: Values;
}

const columns: TableColumn<Row>[] = [
  { id: "trained", label: "bits in training, at most", of: ({ trained }) => trained },
  {
    id: "gap",
    label: "gap closed",
    format: "percent",
    better: "higher",
    note: `At positions ${scored.from} to ${scored.length}.`,
    of: ({ gap }) => cellOf(gap),
  },
  {
    id: "follows",
    label: "seeds that follow",
    note: `Of those with more than ${percent(automaton)}.`,
    of: ({ follows, gap }) => `${follows} of ${gap.values.length}`,
    format: "text",
  },
  { id: "rate", label: "rate", of: ({ rate }) => cellOf(rate) },
];

/** The table: one row for each length of training. */
export function summarize(runs: Runs): Summary {
  const rows = runs.tagsOf("trained").map((trained): Row => {
    const each = (result: string, scalar: string) =>
      runs.where({ trained, result }).each("seed", ({ scalars }) => scalars[scalar], scalar);
    const gap = each("score", "gapClosed");
    const follows = gap.values.filter((value) => value > automaton).length;
    return { trained, gap, follows, rate: each("training", "learningRate") };
  });
  const gapOf = (trained: number) => rows.find((row) => row.trained === trained)!.gap;
  const left = mapped(
    rows[0].gap,
    (_, seed) => {
      const own = rows.map(({ gap }) => gap.values[seed]);
      return most - own.filter((gap) => gap > coin && gap < automaton).length;
    },
    "lengths allowed minus lengths between",
  );
  return {
    ...tableOf(rows, columns),
    verdict: verdictOf(stated, [
      plainEffect(minus(gapOf(longest), gapOf(shortest))),
      plainEffect(left),
    ]),
    findings: [
      `Gap closed at positions ${scored.from} to ${scored.length}: ${
        rows.map(({ trained, gap, follows }) =>
          `${
            percent(mean(gap))
          } after up to ${trained} bits (${follows} of ${gap.values.length} seeds follow)`
        ).join(", ")
      }.`,
    ],
    plots: [plotOver(runs.tagsOf("seed").length, {
      id: "gap",
      title: "Parity far beyond the lengths of training",
      caption: "0 is a coin.",
      x: { column: "trained", label: "bits in training, at most", scale: "band" },
      y: { column: "gap", label: "gap closed" },
      rules: [{ y: 1, label: "always right" }],
    }, "seed")],
  };
}
