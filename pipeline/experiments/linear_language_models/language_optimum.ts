/** @file How far trained linear mixers are from the best linear model that looks back so far (linear-language-models, language-optimum). */
import type { Hypothesis } from "../../../lib/analysis/judge.ts";
import type { Grid, TaggedJob } from "../../graph.ts";
import type { ExperimentMeta, Summary } from "../../results.ts";
import { plainEffect } from "../../table/effects.ts";
import { freshSeeds, verdictOf } from "../../table/judged.ts";
import type { Run, Runs } from "../../table/runs.ts";
import { onlyIf, type TableColumn, tableOf } from "../../table/table.ts";
import { cellOf, mapped, mean, type Values } from "../../table/values.ts";
import { percent, plotOver } from "../../table/verdict.ts";
import { addresses, tokenised } from "./shared/corpora.ts";
import { rateColumns } from "../../table/rate_columns.ts";
import { edgesOf, lossesOf, ratesOf, trainedRuns } from "../../trained.ts";

/** Positions of a sequence, and distances of the largest class. */
const length = 16;
const penalty = 1e-5;
const tolerance = 1e-4;

export const meta: ExperimentMeta = {
  id: "language-optimum",
  title: "The best linear language model, certified",
  question:
    "How much of what linear models can save on a text does one matrix, trained by Adam, save?",
  hypothesis:
    "Linear mixers of 256 units close at least three quarters of the gap between frequencies and the best linear model of the same text; mixers of 32 units, fewer than there are tokens, at least two points less.",
  method:
    "Linear mixers belong to a convex class: one free matrix for each distance and a bias for each position, logits_t = sum_k Q_k e_{t-k} + b_t, where mixers have Q_k = m_k Q. The class' lowest penalised training loss, " +
    "f = cross-entropy + 5e-6 (sum |Q_k|^2 + |b|^2), is found by L-BFGS in float64 with the certificate f - f* <= |grad f|^2 / 2e-5 below 1e-4 nats; classes that look back less far are within it. **Gap closed** is (f_0 - f) / (f_0 - f_16) " +
    "of this training objective, with f_0 the frequencies by position: no prediction on other text is meant. A mixer is evaluated with the same penalty, though it is not trained with it. **One matrix** is a mixer's class " +
    "with free biases, searched by the same method from three starts, 200 evaluations each: the problem is not convex, so the lowest of them is an upper bound. State of the Union addresses, 132 tokens, 60,000 training tokens, 16 positions, rates found. The loss on speeches " +
    "that were not trained on stands beside it, where no optimum is known.",
  from: "standard",
};

const taps = [0, 1, 2, 4, 16];
const widths = [32, 128, 256];
const starts = [0, 1, 2];

const stated: Hypothesis = {
  unit: "seed",
  seeds: [20, 21, 22, 23, 24, 25, 26, 27, 28, 29],
  amendments: [freshSeeds(7)],
  clauses: [
    {
      what: "gap closed by linear mixers of 256 units",
      ...{ metric: "gap closed", scale: "points", margin: 0.75 },
    },
    {
      what: "gap closed by linear mixers, 256 units minus 32",
      ...{ metric: "gap closed", scale: "points", margin: 0.02 },
    },
  ],
};

/** Tags: class and taps, or class and start; width, seed, result of mixers. */
export const grid: Grid = (g) => {
  const data = tokenised(g, addresses);
  const task = { name: "language", options: { length, tokens: 60_000 } };
  const reference = (name: string, options: object, tags: Record<string, string | number>) => ({
    tags,
    job: g.job("reference", { task, reference: { name, options } }, { data }, tags),
  });
  const convex = taps.map((taps): TaggedJob =>
    reference("offset_matrices", { taps, penalty, tolerance }, { class: "convex", taps })
  );
  const bilinear = starts.map((start): TaggedJob =>
    reference("one_matrix", { penalty, start, evaluations: 200 }, { class: "one-matrix", start })
  );
  const mixers = widths.flatMap((width) =>
    trainedRuns(
      g,
      { model: { name: "token_mixer", options: { width, length, toeplitz: true } } },
      {
        // Ten times 3,749 sequences.
        ...{ task, batch: 32, steps: 1172, warmup: 50, data, scoredOn: () => data },
        ...{ rates: [2e-3, 8e-3, 3.2e-2], rungs: [200, 600], protocol: { penalty } },
      },
      stated.seeds,
      { class: "mixer", width },
    )
  );
  return g.table([...convex, ...bilinear, ...mixers]);
};

/** The part of the details that the table reads. */
interface Scores {
  objective: number;
  gap?: number;
}

const objectiveOf = (run: Run) => (run.json("scores.json") as Scores).objective;

interface ClassRow {
  label: string;
  objective: Values;
  test: Values;
  gapClosed: Values;
  certificate?: Values;
  learningRate?: Values;
  edge?: Values;
}

const columns: TableColumn<ClassRow>[] = [
  { id: "model", label: "model", format: "text", of: ({ label }) => label },
  {
    ...{ id: "objective", label: "training objective", unit: "nats", format: "fixed3" },
    better: "lower",
    of: ({ objective }) => cellOf(objective),
  },
  {
    ...{ id: "gap_closed", label: "gap closed", format: "percent", better: "higher" },
    note: "Of the training objective, from frequencies by position to the best linear model.",
    of: ({ gapClosed }) => cellOf(gapClosed),
  },
  {
    ...{ id: "nats", label: "loss on other speeches", unit: "nats", format: "fixed3" },
    better: "lower",
    of: ({ test }) => cellOf(test),
  },
  onlyIf(({ certificate }) => certificate !== undefined, {
    ...{ id: "certificate", label: "at most above the optimum", unit: "nats" },
    of: ({ certificate }) => cellOf(certificate!),
  }),
  ...rateColumns(),
];

/** The table: one row for each class, and for each width of trained mixers. */
export function summarize(runs: Runs): Summary {
  const convexRun = (taps: number) => runs.where({ class: "convex", taps });
  const lowest = objectiveOf(convexRun(length).one());
  const floor = objectiveOf(convexRun(0).one());
  const closed = (of: Values) =>
    mapped(of, (value) => (floor - value) / (floor - lowest), "gap closed, training");
  const rowOf = (label: string, own: Runs, tag: string): ClassRow => {
    const objective = own.each(tag, objectiveOf, "objective");
    const test = own.each(tag, ({ scalars }) => scalars.loss, "nats");
    return { label, objective, test, gapClosed: closed(objective) };
  };
  const convex = taps.map((taps): ClassRow => ({
    ...rowOf(
      taps === 0
        ? "frequencies by position"
        : taps === 1
        ? "one matrix, the last token"
        : `${taps} matrices`,
      convexRun(taps),
      "taps",
    ),
    certificate: convexRun(taps).each(
      "taps",
      (run) => (run.json("scores.json") as Scores).gap!,
      "certificate",
    ),
  }));
  const bounds = starts.map((start) =>
    rowOf(`one matrix, start ${start}`, runs.where({ class: "one-matrix", start }), "start")
  );
  const mixers = widths.map((width) => {
    const own = runs.where({ class: "mixer", width, result: "score" });
    const row = rowOf(`linear mixer, ${width} units`, own, "seed");
    const tags = { class: "mixer", width };
    return {
      ...{ ...row, test: lossesOf(runs, tags) },
      ...{ learningRate: ratesOf(runs, tags), edge: edgesOf(runs, tags) },
    };
  });
  const oneMatrix = Math.max(...bounds.map(({ gapClosed }) => mean(gapClosed)));
  const [small, , large] = mixers.map(({ gapClosed }) => gapClosed);
  return {
    ...tableOf([...convex, ...bounds, ...mixers], columns),
    verdict: verdictOf(stated, [
      plainEffect(large),
      plainEffect(mapped(
        large,
        (value, i) => value - small.values[i],
        "gap closed, training, over that of 32 units",
      )),
    ]),
    findings: [
      `Of the gap between frequencies and the best linear model, one matrix for all distances closes ${
        percent(oneMatrix)
      } at its best known, a trained mixer of ${widths.at(-1)} units ${
        percent(mean(large))
      }. The mixer was not trained with the penalty that is part of this objective, and it pays for constants added to all logits, which change no probability: on other speeches its loss is ${
        mean(mixers.at(-1)!.test).toFixed(3)
      } nats, that of one matrix ${Math.min(...bounds.map(({ test }) => mean(test))).toFixed(3)}.`,
    ],
    plots: [
      plotOver(stated.seeds.length, {
        ...{ id: "gap", title: "Gap closed by class", caption: "Of the penalised training loss." },
        x: { column: "model", label: "class", scale: "band" },
        y: { column: "gap_closed", label: "gap closed" },
      }, "seed"),
    ],
  };
}
