/** @file Five models of one layer and models of counts, on one text (linear-language-models, language-models). */
import type { Hypothesis } from "../../../lib/analysis/judge.ts";
import type { GraphBuilder, Grid, TaggedJob } from "../../graph.ts";
import type { Part } from "../../parts.ts";
import type { ExperimentMeta, Summary } from "../../results.ts";
import { plainEffect } from "../../table/effects.ts";
import { verdictOf } from "../../table/judged.ts";
import type { Runs } from "../../table/runs.ts";
import { type TableColumn, tableOf } from "../../table/table.ts";
import { cellOf, mean, minus, type Values } from "../../table/values.ts";
import { addresses, tokenised } from "./shared/corpora.ts";
import { rateColumns } from "../../table/rate_columns.ts";
import {
  type Course,
  edgesOf,
  lossesOf,
  type ModelParts,
  ratesOf,
  trainedRuns,
} from "../../trained.ts";

const length = 32;

export const meta: ExperimentMeta = {
  id: "language-models",
  title: "One layer of language: attention, mixing, and one matrix",
  question:
    "In which order do a Transformer, a masked mixer, mixers with and without a nonlinearity, and counts stand?",
  hypothesis:
    "Of models of one layer a Transformer loses least, then a masked mixer, then a linear mixer with a ReLU, then the nearly linear mixer (mixing, GELU, mixing): the order of a published table.",
  method:
    "That table, on TinyStories with 4,096 tokens and widths of 4,096, after three epochs: Transformer 2.12, masked mixer 2.28, linear mixer 2.87 (whose code had a ReLU), nearly linear mixer 3.02 nats a token. Here State of the Union " +
    "addresses from 1946 on, 132 byte-level tokens, packed sequences of 32, .12 M training tokens three times, Adam, rates found for each on a seed that is not judged: another text, smaller models, so the order is tested and no number. " +
    "**Transformer** and **masked mixer** are one residual block of 128 units with an MLP of 512 (GELU, root-mean-square norms); the mixer's weights belong to distances. Mixers have 512 units and weights by positions. **Counts** are modified " +
    "Kneser-Ney (order 1: the frequencies), which know the training text by heart and learn from it once. Loss in nats on whole speeches that were not trained on; the first and the last positions of a sequence beside it, since a token at the start has " +
    "little before it.",
  from: "standard",
};

const mixer = (kind: string): ModelParts => ({
  model: { name: "token_mixer", options: { width: 512, length, kind } },
});
const stack = (layer: Part): ModelParts => ({
  model: { name: "stack", options: { width: 128 } },
  layers: [layer],
});

/** The models by their tags. */
export const models: Record<string, ModelParts & { label: string }> = {
  transformer: {
    label: "Transformer",
    ...stack({ name: "softmax_attention", options: { heads: 4 } }),
  },
  "masked-mixer": {
    label: "masked mixer",
    ...stack({ name: "token_mixing", options: { taps: length } }),
  },
  relu: { label: "linear mixer with ReLU", ...mixer("relu") },
  "nearly-linear": { label: "nearly linear mixer", ...mixer("nearly linear") },
  linear: { label: "linear mixer", ...mixer("linear") },
};
const orders = [5, 3, 2, 1];
const counted = (order: number) => order === 1 ? "frequencies" : `Kneser-Ney, order ${order}`;

/** From the least loss to the largest, as published. */
const published = ["transformer", "masked-mixer", "relu", "nearly-linear"];
const pairs = published.slice(1).map((worse, i) => [worse, published[i]] as const);

/** What is to be shown; its seeds are those that are trained. */
export const stated: Hypothesis = {
  unit: "seed",
  seeds: [0, 1, 2, 3, 4, 5, 6],
  clauses: pairs.map(([worse, better]) => ({
    what: `loss of the ${models[worse].label} minus that of the ${models[better].label}, in nats`,
    ...{ metric: "nats", scale: "plain" as const },
  })),
};

const task = { name: "language", options: { length, tokens: 120_000 } };

/** How each of them is trained. */
export function courseOf(g: GraphBuilder): Course {
  const data = tokenised(g, addresses);
  return {
    // Three times 3,749 sequences.
    ...{ task, batch: 16, steps: 703, warmup: 50, data, scoredOn: () => data },
    ...{ rates: [1e-3, 4e-3, 1.6e-2], rungs: [120, 360] },
  };
}

/** Tags: model, seed, result; of counts model and order. */
export const grid: Grid = (g) => {
  const course = courseOf(g);
  const trained = Object.entries(models).flatMap(([model, of]) =>
    trainedRuns(g, of, course, stated.seeds, { model })
  );
  const counts = orders.map((order): TaggedJob => {
    const tags = { model: "counts", order };
    const params = { task, reference: { name: "kneser_ney", options: { order } } };
    return { tags, job: g.job("reference", params, { data: course.data! }, tags) };
  });
  return g.table([...trained, ...counts]);
};

/** The part of the task's details that the table reads. */
interface Scores {
  positions: { from: number; to: number; nats: number }[];
}

interface ModelRow {
  label: string;
  loss: Values;
  first: Values;
  last: Values;
  learningRate?: Values;
  edge?: Values;
}

/** Losses of the first position and of the last range. */
function ends(of: Runs, tag: string): Pick<ModelRow, "first" | "last"> {
  const at = (index: number, metric: string) =>
    of.each(tag, (run) => (run.json("scores.json") as Scores).positions.at(index)!.nats, metric);
  return { first: at(0, "nats, position 1"), last: at(-1, "nats, last positions") };
}

const columns: TableColumn<ModelRow>[] = [
  { id: "model", label: "model", format: "text", of: ({ label }) => label },
  {
    ...{ id: "nats", label: "loss", unit: "nats", format: "fixed3", better: "lower" },
    of: ({ loss }) => cellOf(loss),
  },
  {
    ...{ id: "first", label: "position 1", unit: "nats", format: "fixed3" },
    of: ({ first }) => cellOf(first),
  },
  {
    ...{ id: "last", label: "positions 17 to 32", unit: "nats", format: "fixed3" },
    of: ({ last }) => cellOf(last),
  },
  ...rateColumns(),
];

/** The table: one row for each model. */
export function summarize(runs: Runs): Summary {
  const trained = Object.keys(models).map((model): ModelRow => ({
    label: models[model].label,
    loss: lossesOf(runs, { model }),
    ...ends(runs.where({ model, result: "score" }), "seed"),
    learningRate: ratesOf(runs, { model }),
    edge: edgesOf(runs, { model }),
  }));
  const counts = orders.map((order): ModelRow => {
    const own = runs.where({ model: "counts", order });
    return {
      label: counted(order),
      loss: own.each("order", ({ scalars }) => scalars.loss, "nats"),
      ...ends(own, "order"),
    };
  });
  const rows = [...trained, ...counts];
  const effects = pairs.map(([worse, better]) =>
    minus(lossesOf(runs, { model: worse }), lossesOf(runs, { model: better }))
  );
  return {
    ...tableOf(rows, columns),
    verdict: verdictOf(stated, effects.map(plainEffect)),
    findings: [
      `Nats a token on speeches that were not trained on: ${
        rows.map(({ label, loss }) => `${label} ${mean(loss).toFixed(3)}`).join(", ")
      }.`,
    ],
    plots: [{
      ...{ id: "loss", title: "Loss by model", caption: "Bars are 95 % intervals over seeds." },
      x: { column: "model", label: "model", scale: "band" },
      y: { column: "nats", label: "nats a token" },
      marks: ["dot", "interval"],
    }],
  };
}
