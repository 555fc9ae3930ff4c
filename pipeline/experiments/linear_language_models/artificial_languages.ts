/** @file What linear and nonlinear models lose on languages of known law (linear-language-models, artificial-languages). */
import type { Hypothesis } from "../../../lib/analysis/judge.ts";
import type { Details } from "../../../lib/tasks/artificial_language/artificial_language.ts";
import type { GraphBuilder, Grid } from "../../graph.ts";
import type { Part } from "../../parts.ts";
import type { ExperimentMeta, Summary } from "../../results.ts";
import { plainEffect } from "../../table/effects.ts";
import { verdictOf } from "../../table/judged.ts";
import type { Runs } from "../../table/runs.ts";
import { onlyIf, type TableColumn, tableOf } from "../../table/table.ts";
import { cellOf, mapped, mean, minus, type Values } from "../../table/values.ts";
import { percent, plotOver } from "../../table/verdict.ts";
import { rateColumns } from "../../table/rate_columns.ts";
import {
  type Course,
  edgesOf,
  lossesOf,
  type ModelParts,
  ratesOf,
  trainedRuns,
} from "../../trained.ts";

const length = 16;
const vocabulary = 32;

export const meta: ExperimentMeta = {
  id: "artificial-languages",
  title: "Linear models of languages whose law is known",
  question:
    "Is a linear model the law where the law is linear, and what does it lose where it is not?",
  hypothesis:
    "A linear mixer comes within .005 nats of a language whose logits add up what the symbols of the past say; of one in which only the last two symbols together say anything it closes less " +
    "than 5 % of the gap, at any width, and a mixer with a ReLU of the wider width at least 20 points more.",
  method:
    "Three laws of 16 positions. **Sums**: 32 symbols, softmax(Q (m_0 e_t + ... + m_7 e_{t-7})), Q normal and m_k falling by .7: a linear mixer of 32 units or more can be it. **Products**: 32 symbols, the next depends on the " +
    "sum modulo 32 of the last two; after either alone all are equally likely, so whatever adds logits is left with the uniform distribution. **Grammar**: sentences of 19 words whose verbs agree with their subjects over " +
    "relative clauses that nest; what may come next is read off a stack. Scored is the mean divergence from the law in nats, which is 0 for the law alone and has no noise of the symbols that came; the floor is the best constant " +
    "prediction. A seed is a law (of the grammar a sample) with fresh texts at every step. Linear mixers have weights by distance; masked mixer and Transformer are one residual block of 32 units with an MLP. Rates are found for each model on another law.",
  from: "standard",
};

const laws: Record<string, { label: string; options: Part["options"] }> = {
  additive: { label: "sums", options: { law: "additive", vocabulary } },
  products: { label: "products", options: { law: "products", vocabulary } },
  grammar: { label: "grammar", options: { law: "grammar" } },
};

const mixer = (width: number, kind: string): ModelParts => ({
  model: { name: "token_mixer", options: { width, length, kind, toeplitz: true } },
});
const stack = (layer: Part): ModelParts => ({
  model: { name: "stack", options: { width: 32 } },
  layers: [layer],
});

/** The models by their tags. */
export const models: Record<string, ModelParts & { label: string }> = {
  "linear-64": { label: "linear mixer, 64 units", ...mixer(64, "linear") },
  "linear-256": { label: "linear mixer, 256 units", ...mixer(256, "linear") },
  "relu-256": { label: "mixer with ReLU, 256 units", ...mixer(256, "relu") },
  "masked-mixer": {
    label: "masked mixer",
    ...stack({ name: "token_mixing", options: { taps: length } }),
  },
  transformer: {
    label: "Transformer",
    ...stack({ name: "softmax_attention", options: { heads: 4 } }),
  },
};

/** What is to be shown; its seeds are those that are trained. */
export const stated: Hypothesis = {
  unit: "seed",
  seeds: [0, 1, 2, 3, 4, 5, 6, 7],
  clauses: [
    {
      what: "minus the divergence of the linear mixer of 256 units from a law of sums, in nats",
      ...{ metric: "nats", scale: "plain", margin: -0.005 },
    },
    ...[64, 256].map((width) => ({
      what: `minus the gap that the linear mixer of ${width} units closes on a law of products`,
      ...{ metric: "gap closed", scale: "points" as const, margin: -0.05 },
    })),
    {
      what:
        "gap closed on a law of products, by the mixer with ReLU minus by the linear one, 256 units",
      ...{ metric: "gap closed", scale: "points", margin: 0.2 },
    },
  ],
};

/** How each of them is trained on a law. */
export function courseOf(g: GraphBuilder, law: string): Course {
  const task = { name: "artificial_language", options: { ...laws[law].options, length } };
  return {
    ...{ task, batch: 32, steps: 1000, warmup: 50 },
    ...{ rates: [2e-3, 8e-3, 3.2e-2], rungs: [120, 360] },
    instanceOf: (seed) => seed,
    scoredOn: (seed) =>
      g.job(
        "generate",
        { task, instance: seed, data: 5000 + seed, sequences: 400 },
        {},
        { law, seed, result: "data" },
      ),
  };
}

/** Tags: law, model, seed, result. */
export const grid: Grid = (g) =>
  g.table(
    Object.keys(laws).flatMap((law) => {
      const course = courseOf(g, law);
      return Object.entries(models).flatMap(([model, of]) =>
        trainedRuns(g, of, course, stated.seeds, { law, model })
      );
    }),
  );

interface LawRow {
  law: string;
  model: string;
  loss: Values;
  gapClosed: Values;
  allowed: Values;
  learningRate: Values;
  edge: Values;
}

const columns: TableColumn<LawRow>[] = [
  { id: "setting", label: "law", format: "text", of: ({ law }) => laws[law].label },
  { id: "model", label: "model", format: "text", of: ({ model }) => models[model].label },
  {
    ...{ id: "nats", label: "divergence", unit: "nats", format: "fixed3", better: "lower" },
    of: ({ loss }) => cellOf(loss),
  },
  {
    ...{ id: "gap_closed", label: "gap closed", format: "percent", better: "higher" },
    note: "From the best constant prediction to the law.",
    of: ({ gapClosed }) => cellOf(gapClosed),
  },
  onlyIf(({ law }) => law === "grammar", {
    ...{ id: "allowed", label: "grammatical", format: "percent", better: "higher" },
    note: "Mean probability that the next word is one that the grammar allows.",
    of: ({ allowed }) => cellOf(allowed),
  }),
  ...rateColumns(),
];

/** The table: one row for each law and model. */
export function summarize(runs: Runs): Summary {
  const closed = (law: string, model: string) =>
    runs.where({ law, model, result: "score" })
      .each("seed", ({ scalars }) => scalars.gapClosed, "gapClosed");
  const allowed = (law: string, model: string) =>
    runs.where({ law, model, result: "score" })
      .each("seed", (run) => (run.json("scores.json") as Details).allowed, "allowed");
  const rows = Object.keys(laws).flatMap((law) =>
    Object.keys(models).map((model): LawRow => ({
      ...{ law, model },
      loss: lossesOf(runs, { law, model }),
      gapClosed: closed(law, model),
      allowed: allowed(law, model),
      learningRate: ratesOf(runs, { law, model }),
      edge: edgesOf(runs, { law, model }),
    }))
  );
  const negated = (of: Values, metric: string) => mapped(of, (value) => -value, metric);
  const sums = lossesOf(runs, { law: "additive", model: "linear-256" });
  const products = ["linear-64", "linear-256", "relu-256"].map((model) =>
    closed("products", model)
  );
  const grammar = closed("grammar", "linear-256");
  const mass = allowed("grammar", "linear-256");
  return {
    ...tableOf(rows, columns),
    verdict: verdictOf(
      stated,
      [
        negated(sums, "nats, negated"),
        ...products.slice(0, 2).map((of) => negated(of, "gapClosed, negated")),
        minus(products[2], products[1]),
      ].map(plainEffect),
    ),
    findings: [
      `A linear mixer of 256 units is ${mean(sums).toFixed(4)} nats from a law of sums; it closes ${
        percent(mean(products[1]))
      } of the gap of a law of products, with a ReLU ${percent(mean(products[2]))}, and ${
        percent(mean(grammar))
      } of that of a grammar, where ${
        percent(mean(mass))
      } of its probability is on words that may follow.`,
    ],
    plots: [
      plotOver(stated.seeds.length, {
        ...{ id: "gap", title: "Gap closed on languages of known law", caption: "1 is the law." },
        x: { column: "setting", label: "law", scale: "band" },
        y: { column: "gap_closed", label: "gap closed" },
        series: "model",
      }, "seed"),
    ],
  };
}
