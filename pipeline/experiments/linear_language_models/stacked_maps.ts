/** @file Do linear maps that add no function make a linear language model train worse? (linear-language-models, stacked-maps) */
import type { Hypothesis } from "../../../lib/analysis/judge.ts";
import type { Grid } from "../../graph.ts";
import type { ExperimentMeta, Summary } from "../../results.ts";
import { plainEffect } from "../../table/effects.ts";
import { freshSeeds, verdictOf } from "../../table/judged.ts";
import type { Runs } from "../../table/runs.ts";
import { onlyIf, type TableColumn, tableOf } from "../../table/table.ts";
import { cellOf, differenceCell, mean, minus, type Values } from "../../table/values.ts";
import { plotOver } from "../../table/verdict.ts";
import { addresses, tokenised } from "./shared/corpora.ts";
import { rateColumns } from "../../table/rate_columns.ts";
import { edgesOf, lossesOf, ratesOf, trainedRuns } from "../../trained.ts";

const [length, width] = [32, 256];
const counts = [0, 1, 3];

export const meta: ExperimentMeta = {
  id: "stacked-maps",
  title: "Linear maps stacked in a language model that is one matrix",
  question:
    "Does a linear language model train worse with more linear maps, when they are one matrix in the end?",
  hypothesis:
    "A linear mixer with one linear map between mixing and head loses more after the same tokens than one without, and so does one with three, each at a rate found for it.",
  method:
    `Linear mixers of ${width} units with 0, 1 and 3 matrices of ${width} by ${width} before the head: logits H W_3 W_2 W_1 M E of one class, which collapse to one matrix to 1e-5. ` +
    "[The page](https://blbadger.github.io/linear-lms.html) that proposed the model reports that stacking hurts slightly, without numbers. State of the Union addresses from 1946 on, 132 byte-level tokens, packed sequences of 32, " +
    ".12 M training tokens three times, Adam, cosine schedule, uniform weights of variance 1 / (3 width) for all maps, so that a stack starts with smaller logits; rates by successive halving on a seed that is not judged.",
  from: "standard",
};

const stated: Hypothesis = {
  unit: "seed",
  seeds: [20, 21, 22, 23, 24, 25, 26, 27, 28, 29],
  amendments: [freshSeeds(7)],
  clauses: counts.slice(1).map((maps) => ({
    what: `loss with ${maps} ${maps === 1 ? "map" : "maps"} minus that without, in nats`,
    ...{ metric: "nats", scale: "plain" as const },
  })),
};

/** Tags: maps, seed, result. */
export const grid: Grid = (g) => {
  const data = tokenised(g, addresses);
  return g.table(counts.flatMap((maps) =>
    trainedRuns(
      g,
      { model: { name: "token_mixer", options: { width, length, maps } } },
      {
        task: { name: "language", options: { length, tokens: 120_000 } },
        // Three times 3,749 sequences.
        ...{ batch: 16, steps: 703, warmup: 50, data, scoredOn: () => data },
        ...{ rates: [1e-3, 4e-3, 1.6e-2], rungs: [120, 360] },
      },
      stated.seeds,
      { maps },
    )
  ));
};

interface MapsRow {
  maps: number;
  loss: Values;
  /** Without maps. */
  plain: Values;
  learningRate: Values;
  edge: Values;
}

const columns: TableColumn<MapsRow>[] = [
  { id: "maps", label: "maps", of: ({ maps }) => maps },
  {
    ...{ id: "nats", label: "loss", unit: "nats", format: "fixed3", better: "lower" },
    of: ({ loss }) => cellOf(loss),
  },
  onlyIf(({ maps }) => maps > 0, {
    ...{ id: "over_none", label: "over none", unit: "nats", format: "fixed3" },
    note: "Paired by seed.",
    of: ({ loss, plain }) => differenceCell(loss, plain),
  }),
  ...rateColumns(),
];

/** The table: one row for each number of maps. */
export function summarize(runs: Runs): Summary {
  const plain = lossesOf(runs, { maps: 0 });
  const rows = counts.map((maps): MapsRow => ({
    ...{ maps, plain, loss: lossesOf(runs, { maps }) },
    ...{ learningRate: ratesOf(runs, { maps }), edge: edgesOf(runs, { maps }) },
  }));
  const effects = rows.slice(1).map(({ loss }) => minus(loss, plain));
  return {
    ...tableOf(rows, columns),
    verdict: verdictOf(stated, effects.map(plainEffect)),
    findings: [
      `Nats a token of a linear mixer by the number of linear maps before its head: ${
        rows.map(({ maps, loss }) => `${mean(loss).toFixed(3)} with ${maps}`).join(", ")
      }.`,
    ],
    plots: [
      plotOver(stated.seeds.length, {
        ...{ id: "loss", title: "Loss by linear maps that add no function", caption: "" },
        x: { column: "maps", label: "maps", scale: "band" },
        y: { column: "nats", label: "nats a token" },
      }, "seed"),
    ],
  };
}
