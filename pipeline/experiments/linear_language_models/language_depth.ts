/** @file Is depth worth more than width to a model of language of a given size? (linear-language-models, language-depth) */
import type { Hypothesis } from "../../../lib/analysis/judge.ts";
import type { Grid } from "../../graph.ts";
import type { Part } from "../../parts.ts";
import type { ExperimentMeta, Summary } from "../../results.ts";
import { plainEffect } from "../../table/effects.ts";
import { verdictOf } from "../../table/judged.ts";
import type { Runs } from "../../table/runs.ts";
import { onlyIf, type TableColumn, tableOf } from "../../table/table.ts";
import { cellOf, differenceCell, mean, minus, type Values } from "../../table/values.ts";
import { plotOver } from "../../table/verdict.ts";
import { addresses, tokenised } from "./shared/corpora.ts";
import { rateColumns } from "../../table/rate_columns.ts";
import { edgesOf, lossesOf, ratesOf, trainedRuns } from "../../trained.ts";

const length = 32;
const parameters = 65_536;

export const meta: ExperimentMeta = {
  id: "language-depth",
  title: "Depth against width in models of language of one size",
  question:
    "Do sixteen narrow layers model a text better than four wide ones of as many parameters?",
  hypothesis:
    "Of recurrent networks (E1), state-space models (Mamba-2) and Transformers of equal size, sixteen layers lose less than four.",
  method:
    "A page of theory holds that a linear recurrence has a composition depth of one however long it runs, that each layer adds one, that language takes about 25 and that width is no substitute. What of it can be tried small is tried here: of models of one size, is the deeper one better? " +
    "Stacks of 1, 4 and 16 residual blocks, each with an MLP (GELU, root-mean-square norms), of 65,536 parameters between embedding and head, which are as wide as the stream: " +
    "a deep stack is narrow and its ends are small. **E1** is a nonlinear recurrence, **Mamba-2** one that is linear in its state, **Transformers** have four heads. State of the Union addresses from 1946 on, 132 byte-level tokens, packed sequences of " +
    "32, 60,000 training tokens three times, Adam, rates found for each stack on a seed that is not judged. Loss in nats a token on whole speeches that were not trained on. Small models, a short text and short sequences: nothing is said " +
    "of large ones.",
  from: "standard",
};

const kinds: Record<string, { label: string; layer: Part }> = {
  e1: { label: "E1", layer: { name: "e1", options: {} } },
  mamba2: { label: "Mamba-2", layer: { name: "mamba2", options: {} } },
  transformer: {
    label: "Transformer",
    layer: { name: "softmax_attention", options: { heads: 4 } },
  },
};
const depths = [1, 4, 16];
const [shallow, middle, deep] = depths;

const stated: Hypothesis = {
  unit: "seed",
  seeds: [0, 1, 2, 3, 4, 5, 6, 7, 8],
  clauses: Object.values(kinds).map(({ label }) => ({
    what: `loss of four layers minus that of sixteen, ${label}, in nats`,
    ...{ metric: "nats", scale: "plain" as const },
  })),
};

/** Tags: kind, layers, seed, result. */
export const grid: Grid = (g) => {
  const data = tokenised(g, addresses);
  return g.table(
    Object.entries(kinds).flatMap(([kind, { layer }]) =>
      depths.flatMap((layers) =>
        trainedRuns(
          g,
          {
            model: { name: "stack", options: { parameters } },
            layers: Array<Part>(layers).fill(layer),
          },
          {
            task: { name: "language", options: { length, tokens: 60_000 } },
            // Three times 1,874 sequences.
            ...{ batch: 16, steps: 352, warmup: 30, data, scoredOn: () => data },
            ...{ rates: [2e-3, 4e-3, 8e-3], rungs: [60, 180] },
          },
          stated.seeds,
          { kind, layers },
        )
      )
    ),
  );
};

interface DepthRow {
  kind: string;
  layers: number;
  inside: Values;
  loss: Values;
  /** Of one layer. */
  one: Values;
  learningRate: Values;
  edge: Values;
}

const columns: TableColumn<DepthRow>[] = [
  { id: "model", label: "model", format: "text", of: ({ kind }) => kinds[kind].label },
  { id: "layers", label: "layers", of: ({ layers }) => layers },
  {
    ...{ id: "parameters", label: "parameters" },
    note: "Between embedding and head.",
    of: ({ inside }) => cellOf(inside),
  },
  {
    ...{ id: "nats", label: "loss", unit: "nats", format: "fixed3", better: "lower" },
    of: ({ loss }) => cellOf(loss),
  },
  onlyIf(({ layers }) => layers > shallow, {
    ...{ id: "over_one", label: "over one layer", unit: "nats", format: "fixed3" },
    note: "Paired by seed; below zero where depth helps.",
    of: ({ loss, one }) => differenceCell(loss, one),
  }),
  ...rateColumns(),
];

/** The table: one row for each kind of layer and number of layers. */
export function summarize(runs: Runs): Summary {
  const rows = Object.keys(kinds).flatMap((kind) =>
    depths.map((layers): DepthRow => {
      const tags = { kind, layers };
      const scalar = (name: "parameters" | "endParameters") =>
        runs.where({ ...tags, result: "training" })
          .each("seed", ({ scalars }) => scalars[name], name);
      return {
        ...tags,
        inside: minus(scalar("parameters"), scalar("endParameters")),
        loss: lossesOf(runs, tags),
        one: lossesOf(runs, { kind, layers: shallow }),
        ...{ learningRate: ratesOf(runs, tags), edge: edgesOf(runs, tags) },
      };
    })
  );
  const effects = Object.keys(kinds).map((kind) =>
    minus(lossesOf(runs, { kind, layers: middle }), lossesOf(runs, { kind, layers: deep }))
  );
  return {
    ...tableOf(rows, columns),
    verdict: verdictOf(stated, effects.map(plainEffect)),
    findings: [
      `Nats a token of stacks of ${parameters.toLocaleString("en")} parameters with ${
        depths.join(", ")
      } layers: ${
        Object.entries(kinds).map(([kind, { label }]) =>
          `${label} ${
            rows.filter((row) => row.kind === kind)
              .map(({ loss }) =>
                mean(loss).toFixed(3)
              ).join(", ")
          }`
        ).join("; ")
      }.`,
    ],
    plots: [
      plotOver(stated.seeds.length, {
        ...{ id: "loss", title: "Loss by depth at equal parameters", caption: "" },
        x: { column: "layers", label: "layers", scale: "log" },
        y: { column: "nats", label: "nats a token" },
        series: "model",
      }, "seed"),
    ],
  };
}
