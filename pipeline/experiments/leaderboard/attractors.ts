/** @file What generalised teacher forcing gives piecewise-linear recurrences that are to stay on the attractor of a chaotic system. */
import type { Hypothesis } from "../../../lib/analysis/judge.ts";
import type { Grid } from "../../graph.ts";
import type { Profile } from "../../profiles.ts";
import type { ExperimentMeta, Summary } from "../../results.ts";
import { plainEffect } from "../../table/effects.ts";
import { verdictOf } from "../../table/judged.ts";
import type { Runs } from "../../table/runs.ts";
import { type TableColumn, tableOf } from "../../table/table.ts";
import { cellOf, mapped, mean, minus, type Values } from "../../table/values.ts";
import { percent } from "../../table/verdict.ts";
import { cellRuns } from "./shared/cells.ts";
import type { Entry } from "./shared/entries.ts";
import type { TaskCase, Training } from "./shared/tasks.ts";

/** Share of what is observed in what is read: all, and where the model's own predictions are mixed in. */
const [all, mixed] = [1, 0.3];
const factor = 1.25;
/** Of the logarithms of divergences. */
const margin = Math.log(factor);
const warmup = 64;
const scored = 1088;

export const meta: ExperimentMeta = {
  id: "attractors",
  title: "Attractors of Lorenz and Rössler, free-running",
  question:
    "Does reading its own predictions in training keep a model on the attractor when it runs free?",
  hypothesis:
    `On Lorenz-63 a shallow PLRNN trained with ${mixed} of what is observed and ${
      1 - mixed
    } of what it predicts has a state-space divergence at least ` +
    `${factor} times smaller than one that reads what is observed alone, at this size and after this many steps.`,
  method:
    "One recurrence without residual, norm or MLP, embedded in width 32, of 24 states (the LSTM of 32 and as many cells); it learns the next of 64 observations, on pieces of one orbit of 10,000 (by Runge-Kutta, standardised), rates by " +
    `successive halving on a seed that is not judged. Scored: from ${warmup} observations of eight other orbits it runs free for ${
      (scored - warmup).toLocaleString("en")
    }; the loss is the divergence of its points from the true ones in bins of a twelfth of their range (after Koppe et al., arXiv 1902.07186); the optimum is that of eight ` +
    "further true orbits, the floor that of staying at the mean. The distance of power spectra (after Mikhaeil et al., arXiv 2110.07238) is beside it. **Forcing** is generalised teacher forcing (Hess et al., arXiv 2306.04406) at the input. " +
    "An ALRNN, an LSTM, and an LRU, which is linear and can have no chaotic attractor, are shown and not judged, as is Rössler's system. " +
    "Steps, rates and what is compared were chosen after a look at seed 0, which is none of those that judge: there both kinds of forcing close more than nine tenths of the gap.",
  from: "standard",
};

const systems = [{ id: "lorenz", label: "Lorenz" }, { id: "rossler", label: "Rössler" }];
const judgedSystem = "lorenz";
const [judgedLayer, linear] = ["shallow-plrnn", "lru"];

const bare = (id: string, label: string, name: string, options: Record<string, number>): Entry => ({
  ...{ id, label, layer: { name, options }, bare: true },
});
const layers: { entry: Entry; alphas: number[] }[] = [
  {
    entry: bare(judgedLayer, "shallow PLRNN", "shallow_plrnn", { state: 24, hidden: 48 }),
    alphas: [all, mixed],
  },
  { entry: bare("alrnn", "ALRNN", "alrnn", { state: 24, nonlinear: 12 }), alphas: [mixed] },
  { entry: bare("lstm", "LSTM", "lstm", {}), alphas: [all] },
  { entry: bare(linear, "LRU", "lru", { state: 24 }), alphas: [all] },
];

/** Stated before the runs. */
const stated: Hypothesis = {
  unit: "seed",
  seeds: [1, 2, 3, 4, 5, 6, 7],
  clauses: [{
    what:
      `divergence with all of what is observed over that with ${mixed} of it, shallow PLRNN, Lorenz`,
    metric: "divergence",
    scale: "factor",
    margin,
  }],
};
/** Of what is not judged. */
const fewer = 3;

function caseOf(system: string, alpha: number, profile: Profile): TaskCase {
  const task = { name: "attractor", options: { system, alpha, scored } };
  return {
    ...{ id: system, task, ends: {}, batch: 8, instanceOf: () => 0, protocol: { warmup } },
    training: profile.pick<Training>({
      smoke: { steps: 6, batch: 2, warmup: 2, rates: [3e-3, 6e-3], rungs: [3] },
      standard: {
        ...{ steps: 1000, batch: 16, warmup: 50, weightDecay: 0 },
        ...{ rates: [2e-3, 5e-3], rungs: [150] },
      },
    }),
    data: (g) => ({
      test: g.job("generate", { task, instance: 0, data: 2000, sequences: 8 }, {}, {
        ...{ task: system, alpha, result: "data" },
      }),
    }),
  };
}

/** Tags: task, layer, alpha, seed, result. */
export const grid: Grid = (g, profile) =>
  g.table(
    systems.flatMap(({ id }) =>
      layers.flatMap(({ entry, alphas }) =>
        alphas.flatMap((alpha) => {
          const isJudged = id === judgedSystem && entry.id === judgedLayer;
          const own = isJudged ? stated.seeds : stated.seeds.slice(0, fewer);
          const seeds = profile.pick({ smoke: own.slice(0, 1), standard: own });
          return cellRuns(g, entry, caseOf(id, alpha, profile), seeds, { alpha });
        })
      )
    ),
  );

interface Row {
  system: string;
  layer: string;
  alpha: number;
  gap: Values;
  divergence: Values;
  spectrum: Values;
  escaped: Values;
  rate: Values;
}

/** The part of lib/tasks/attractor's details that the table reads. */
interface Scores {
  spectrum: { loss: number; optimum: number };
  escaped: number;
}

const columns: TableColumn<Row>[] = [
  { id: "system", label: "system", format: "text", of: ({ system }) => system },
  { id: "layer", label: "layer", format: "text", of: ({ layer }) => layer },
  { id: "alpha", label: "of what is observed", of: ({ alpha }) => alpha },
  {
    id: "gap",
    label: "gap closed",
    format: "percent",
    better: "higher",
    note: "In state-space divergence, from staying at the mean to other orbits of the system.",
    of: ({ gap }) => cellOf(gap),
  },
  {
    id: "divergence",
    label: "divergence",
    better: "lower",
    unit: "nats",
    of: ({ divergence }) => cellOf(divergence),
  },
  {
    id: "spectrum",
    label: "spectrum distance",
    better: "lower",
    note: "Hellinger, the mean over three variables.",
    of: ({ spectrum }) => cellOf(spectrum),
  },
  {
    id: "escaped",
    label: "escaped",
    format: "percent",
    better: "lower",
    note: "Orbits that left for more than a hundred standard deviations.",
    of: ({ escaped }) => cellOf(escaped),
  },
  {
    id: "rate",
    label: "rate",
    note: "Found by successive halving.",
    of: ({ rate }) => cellOf(rate),
  },
];

/** The table: one row for each system, layer and kind of forcing. */
export function summarize(runs: Runs): Summary {
  const rows = systems.flatMap(({ id, label: system }) =>
    layers.flatMap(({ entry, alphas }) =>
      alphas.map((alpha): Row => {
        // Cells differ in their seeds.
        const own = runs.only("task", [id]).only("layer", [entry.id]).only("alpha", [alpha]);
        const [scores, trained] = ["score", "training"].map((result) => own.where({ result }));
        const scored = (pick: (of: Scores) => number, name: string) =>
          scores.each("seed", (run) => pick(run.json("scores.json") as Scores), name);
        return {
          ...{ system, layer: entry.label, alpha },
          gap: scores.each("seed", ({ scalars }) => scalars.gapClosed, "gapClosed"),
          divergence: scores.each("seed", ({ scalars }) => scalars.loss, "loss"),
          spectrum: scored(({ spectrum }) => spectrum.loss, "spectrum distance"),
          escaped: scored(({ escaped }) => escaped, "escaped"),
          rate: trained.each("seed", ({ scalars }) => scalars.learningRate, "learningRate"),
        };
      })
    )
  );
  const of = (label: string, alpha: number) =>
    rows.find((row) =>
      row.system === systems[0].label && row.layer === label && row.alpha === alpha
    )!;
  const [{ entry: { label } }] = layers;
  const logOf = (alpha: number) =>
    mapped(of(label, alpha).divergence, (value) => Math.log(value), `log divergence at ${alpha}`);
  return {
    ...tableOf(rows, columns),
    verdict: verdictOf(stated, [plainEffect(minus(logOf(all), logOf(mixed)))]),
    findings: systems.map(({ label }) =>
      `Gap closed in state-space divergence, ${label}: ${
        rows.filter(({ system }) => system === label).map(({ layer, alpha, gap }) =>
          `${layer} ${percent(mean(gap))} at ${alpha}`
        ).join(", ")
      }.`
    ),
    plots: [],
  };
}
