/** @file Does a linear language model gain from a width that adds no function? (linear-language-models, language-width) */
import type { Hypothesis } from "../../../lib/analysis/judge.ts";
import type { Grid } from "../../graph.ts";
import type { ExperimentMeta, Summary } from "../../results.ts";
import { plainEffect } from "../../table/effects.ts";
import { freshSeeds, verdictOf } from "../../table/judged.ts";
import type { Runs } from "../../table/runs.ts";
import { onlyIf, type TableColumn, tableOf } from "../../table/table.ts";
import { cellOf, mapped, mean, minus, type Values } from "../../table/values.ts";
import { plotOver } from "../../table/verdict.ts";
import { addresses, tokenised } from "./shared/corpora.ts";
import { rateColumns } from "../../table/rate_columns.ts";
import { type Course, edgesOf, lossesOf, ratesOf, trainedRuns } from "../../trained.ts";

export const meta: ExperimentMeta = {
  id: "language-width",
  title: "Width of a language model that is one matrix",
  question:
    "Why would a linear language model train better the wider it is, when every width beyond its vocabulary is the same function?",
  hypothesis:
    "At a fixed learning rate a doubling of the width beyond the vocabulary lowers the loss of a linear mixer by more than .05 nats; " +
    "at rates found for each width by less than .03; a mixer with a ReLU still gains more than .03.",
  method:
    "The [linear mixer](https://blbadger.github.io/linear-lms.html): embedding E, one causal matrix over 32 positions, head H; logits are Q M x with Q = H E', " +
    "of 132 tokens, so widths of 256 and more are one class. A published table has its loss fall by .1 nats a doubling from 4,096 to 65,536 units of 4,096 tokens; a later version of that page " +
    "ascribes it to a model with a ReLU. Both are trained here. State of the Union addresses from 1946 on, byte-level tokens, packed, .12 M training tokens three times, Adam, batches of 16 sequences, " +
    "cosine schedule. **Fixed**: rate 5e-4, that of the page. **Found**: for each width and model, on a seed that is not judged, by successive halving and then uphill until neither half nor twice the rate is better; *edge* says that one still is after " +
    "three moves. A step of Adam changes Q by about the rate times the width, so that width is a larger rate: that is what the comparison tests. Loss in nats a token on whole speeches that were not trained on.",
  from: "standard",
};

const kinds = { linear: "linear", relu: "with ReLU" } as const;
type Kind = keyof typeof kinds;
const rates = { fixed: [5e-4], found: [2e-3, 8e-3, 3.2e-2] };
type Rate = keyof typeof rates;
/** The first is below the vocabulary, the others beyond; from each to the next it is two doublings. */
const widths = [64, 256, 1024];
const [, narrow, wide] = widths;
const doublings = 2;

const perDoubling = (what: string, margin: number) => ({
  what,
  ...{ metric: "nats", scale: "plain" as const, margin },
});

const stated: Hypothesis = {
  unit: "seed",
  seeds: [20, 21, 22, 23, 24, 25, 26, 27, 28, 29],
  amendments: [freshSeeds(7)],
  clauses: [
    perDoubling("what a doubling saves the linear mixer at the fixed rate, in nats", 0.05),
    perDoubling("minus what it saves the linear mixer at rates that are found", -0.03),
    perDoubling("what it saves the mixer with ReLU at rates that are found", 0.03),
  ],
};

/** Tags: kind, width, rate, seed, result. */
export const grid: Grid = (g) => {
  const data = tokenised(g, addresses);
  const length = 32;
  const course: Omit<Course, "rates"> = {
    task: { name: "language", options: { length, tokens: 120_000 } },
    // Three times 3,749 sequences.
    ...{ batch: 16, steps: 703, warmup: 50, rungs: [120, 360] },
    ...{ data, scoredOn: () => data },
  };
  return g.table(
    (Object.keys(kinds) as Kind[]).flatMap((kind) =>
      widths.flatMap((width) =>
        (Object.keys(rates) as Rate[]).flatMap((rate) =>
          trainedRuns(
            g,
            { model: { name: "token_mixer", options: { width, length, kind } } },
            { ...course, rates: rates[rate] },
            stated.seeds,
            { kind, width, rate },
          )
        )
      )
    ),
  );
};

interface WidthRow {
  kind: Kind;
  rate: Rate;
  width: number;
  loss: Values;
  learningRate: Values;
  edge: Values;
  /** What each doubling since the width before saved. */
  saved?: Values;
}

const columns: TableColumn<WidthRow>[] = [
  { id: "model", label: "mixer", format: "text", of: ({ kind }) => kinds[kind] },
  { id: "setting", label: "rate", format: "text", of: ({ rate }) => rate },
  { id: "width", label: "width", of: ({ width }) => width },
  {
    ...{ id: "nats", label: "loss", unit: "nats", format: "fixed3", better: "lower" },
    of: ({ loss }) => cellOf(loss),
  },
  onlyIf(({ saved }) => saved !== undefined, {
    ...{ id: "saved", label: "saved by a doubling", unit: "nats", format: "fixed3" },
    note: "Half of what two doublings saved, paired by seed.",
    of: ({ saved }) => cellOf(saved!),
  }),
  ...rateColumns(),
];

/** The table: one row for each mixer, way to a rate, and width. */
export function summarize(runs: Runs): Summary {
  const of = (kind: Kind, rate: Rate, width: number) => lossesOf(runs, { kind, rate, width });
  const saved = (kind: Kind, rate: Rate, [from, to]: readonly number[], sign = 1) =>
    mapped(
      minus(of(kind, rate, from), of(kind, rate, to)),
      (nats) => sign * nats / doublings,
      `nats saved by a doubling${sign < 0 ? ", negated" : ""}`,
    );
  const rows = (Object.keys(kinds) as Kind[]).flatMap((kind) =>
    (Object.keys(rates) as Rate[]).flatMap((rate) =>
      widths.map((width, i): WidthRow => {
        const tags = { kind, rate, width };
        return {
          ...tags,
          loss: of(kind, rate, width),
          learningRate: ratesOf(runs, tags),
          edge: edgesOf(runs, tags),
          ...(i > 0 ? { saved: saved(kind, rate, [widths[i - 1], width]) } : {}),
        };
      })
    )
  );
  const beyond = [narrow, wide];
  const effects = [
    saved("linear", "fixed", beyond),
    saved("linear", "found", beyond, -1),
    saved("relu", "found", beyond),
  ];
  const [fixed, found, relu] = effects.map(mean);
  return {
    ...tableOf(rows, columns),
    verdict: verdictOf(stated, effects.map(plainEffect)),
    findings: [
      `From ${narrow} to ${wide} units a doubling saves a linear mixer ${
        fixed.toFixed(3)
      } nats a token at one rate for all widths, ${
        (-found).toFixed(3)
      } at rates found for each; a mixer with a ReLU ${relu.toFixed(3)}.`,
    ],
    plots: [
      plotOver(stated.seeds.length, {
        ...{ id: "loss", title: "Loss by width", caption: "Fixed rate and rates that were found." },
        x: { column: "width", label: "width", scale: "log" },
        y: { column: "nats", label: "nats a token" },
        ...{ series: "model", facet: "setting" },
      }, "seed"),
    ],
  };
}
