/** @file Whether what a Transformer has learned is worth something to a linear recurrence that goes on from it. */
import type { Hypothesis } from "../../../lib/analysis/judge.ts";
import type { Grid, JobRef } from "../../graph.ts";
import type { ExperimentMeta, Summary } from "../../results.ts";
import { plainEffect } from "../../table/effects.ts";
import { verdictOf } from "../../table/judged.ts";
import type { Runs } from "../../table/runs.ts";
import { type TableColumn, tableOf } from "../../table/table.ts";
import { cellOf, differenceCell, mean, minus, type Values } from "../../table/values.ts";
import { percent, systemCount } from "../../table/verdict.ts";
import { seedOf, taskCases, tuningSeed } from "./shared/tasks.ts";

/** Of all models: a Transformer and what it becomes have the same widths. */
const size = { width: 24, mlpWidth: 64 };
const heads = { heads: 2 };
/** As many times as many steps as going on has. */
const share = 10;

export const meta: ExperimentMeta = {
  id: "uptraining",
  title: "A Transformer made linear, and trained on",
  question:
    "Is a linear recurrence better made of a trained Transformer than trained from nothing?",
  hypothesis:
    `SUPRA's linear attention that starts from a trained Transformer and goes on for 1/${share} of its steps closes as much of the gap to the Kalman filter as the same model trained ` +
    "from nothing for all of them (within 5 points), and more than the same model trained from nothing for as few.",
  method:
    `Stacks of two blocks of width ${size.width} with ${heads.heads} heads and MLPs of ${size.mlpWidth}, on filtering as on the leaderboard (lambda .92, 64 states, 2 channels, 128 observations). ` +
    "Going on keeps queries, keys, values, output, MLPs, norms and ends, and draws the map of queries and keys afresh (Mercat et al., arXiv 2405.06640); warm-up and decay begin again. " +
    "The rate of the Transformer and that of the linear model, which all three trainings of it have, are found on a system that is not reported. " +
    "Going on has cost the steps of the Transformer, too: the claim is about a Transformer that is there.",
  from: "standard",
};

const layers = {
  transformer: { name: "softmax_attention", options: heads },
  linear: { name: "supra", options: heads },
};

/** In the order of the table. */
const models = [
  { id: "transformer", label: "Transformer" },
  { id: "uptrained", label: "SUPRA, from the Transformer" },
  { id: "scratch", label: "SUPRA, from nothing, all steps" },
  { id: "short", label: "SUPRA, from nothing, as few steps" },
] as const;
type Id = typeof models[number]["id"];

/** Stated before the runs. */
const stated: Hypothesis = {
  unit: "system",
  seeds: [0, 1, 2, 3, 4, 5, 6, 7],
  clauses: [
    {
      what: "gap closed from the Transformer minus that from nothing in all steps",
      metric: "gap closed",
      scale: "points",
      margin: -0.05,
    },
    {
      what: "gap closed from the Transformer minus that from nothing in as few steps",
      metric: "gap closed",
      scale: "points",
    },
  ],
};

/** What the grid makes of the steps. */
export const tied = {
  steps: "going on has a fixed share of the steps of the other trainings",
  warmup: "warm-up is a fixed share of the steps",
};

/** Tags: model, seed, result. */
export const grid: Grid = (g, profile) => {
  const { filtering: of } = taskCases(profile);
  const seeds = stated.seeds.slice(0, profile.pick({ smoke: 1, standard: stated.seeds.length }));
  const steps = profile.pick({ smoke: 20, standard: 600 });
  const { batch, rates, rungs } = of.training;
  const partsOf = (layer: typeof layers.transformer) => ({
    task: of.task,
    model: { name: "stack", options: { block: "residual", ...size, ...of.ends } },
    layers: [layer, layer],
  });
  const warmupOf = (steps: number) => Math.ceil(steps / 10);
  const tuned = (layer: typeof layers.transformer, model: string) =>
    g.job(
      "tune",
      {
        ...{ ...partsOf(layer), batch, warmup: warmupOf(Math.min(...rungs!)) },
        ...{ seeds: [seedOf(of, tuningSeed)], rates, rungs },
      },
      {},
      { model, result: "tuning" },
    );
  const rate = {
    transformer: tuned(layers.transformer, "transformer"),
    linear: tuned(layers.linear, "scratch"),
  };
  const trained = (
    id: Id,
    kind: keyof typeof layers,
    steps: number,
    from?: JobRef,
  ) =>
    g.job(
      from ? "uptrain" : "train",
      {
        ...{ ...partsOf(layers[kind]), batch, warmup: warmupOf(steps), steps },
        seeds: seeds.map((seed) => seedOf(of, seed)),
      },
      { tuned: rate[kind], ...(from ? { model: from } : {}) },
      { model: id, result: "training" },
    );
  const transformer = trained("transformer", "transformer", steps);
  const few = Math.ceil(steps / share);
  const trainings: Record<Id, [JobRef, keyof typeof layers]> = {
    transformer: [transformer, "transformer"],
    uptrained: [trained("uptrained", "linear", few, transformer), "linear"],
    scratch: [trained("scratch", "linear", steps), "linear"],
    short: [trained("short", "linear", few), "linear"],
  };
  return g.table(models.flatMap(({ id }) => {
    const [model, kind] = trainings[id];
    return seeds.flatMap((seed, index) => {
      const tags = { model: id, seed };
      const params = {
        ...{ ...partsOf(layers[kind]), instance: of.instanceOf(seed), index },
        ...{ batch: of.batch, protocol: of.protocol },
      };
      const { test } = of.data(g, seed);
      const own = { ...tags, result: "score" };
      return [
        { tags: { ...tags, result: "training" }, job: model },
        { tags: own, job: g.job("evaluate", params, { model, data: test }, own) },
      ];
    });
  }));
};

interface ModelRow {
  label: string;
  gap: Values;
  /** Of the same linear model from nothing, in all steps. */
  against?: Values;
  steps: Values;
  rate: Values;
}

const columns: TableColumn<ModelRow>[] = [
  { id: "model", label: "model", format: "text", of: ({ label }) => label },
  {
    id: "gap_closed",
    label: "gap closed",
    format: "percent",
    better: "higher",
    of: ({ gap }) => cellOf(gap),
  },
  {
    id: "difference",
    label: "minus from nothing",
    format: "percent",
    note:
      "Gap closed less that of the linear model trained from nothing for all steps, paired by system.",
    of: ({ gap, against }) => against && differenceCell(gap, against),
  },
  {
    id: "steps",
    label: "steps",
    format: "integer",
    note: "Its own; going on has those of the Transformer before them.",
    of: ({ steps }) => cellOf(steps),
  },
  {
    id: "learning_rate",
    label: "learning rate",
    note: "Found by successive halving.",
    of: ({ rate }) => cellOf(rate),
  },
];

/** The table: one row for each model. */
export function summarize(runs: Runs): Summary {
  const each = (model: Id, result: string, scalar: string): Values =>
    runs.where({ model, result }).each("seed", ({ scalars }) => scalars[scalar], scalar);
  const gapOf = (id: Id) => each(id, "score", "gapClosed");
  const scratch = gapOf("scratch");
  const rows = models.map(({ id, label }): ModelRow => ({
    label,
    gap: gapOf(id),
    ...(id === "scratch" ? {} : { against: scratch }),
    steps: each(id, "training", "steps"),
    rate: each(id, "training", "learningRate"),
  }));
  const uptrained = gapOf("uptrained");
  return {
    ...tableOf(rows, columns),
    verdict: verdictOf(
      stated,
      [scratch, gapOf("short")].map((other) => plainEffect(minus(uptrained, other))),
    ),
    findings: [
      `Gap closed on filtering: ${
        rows.map(({ label, gap }) => `${label} ${percent(mean(gap))}`).join(", ")
      } (${systemCount(runs.tagsOf("seed").length)}).`,
    ],
    plots: [{
      id: "gap-closed",
      title: "Gap closed by a Transformer made linear, and trained on",
      caption: "The mean over systems; 1 is the Kalman filter.",
      x: { column: "model", label: "model", scale: "band" },
      y: { column: "gap_closed", label: "gap closed" },
      marks: ["dot"],
      rules: [{ y: 1, label: "Kalman filter" }],
    }],
  };
}
