/** @file Deep linear architectures for time series against the closed-form optimum of the maps that each can be. */
import type { Hypothesis } from "../../../lib/analysis/judge.ts";
import type { Grid } from "../../graph.ts";
import type { ExperimentMeta, Summary } from "../../results.ts";
import { plainEffect } from "../../table/effects.ts";
import { verdictOf } from "../../table/judged.ts";
import type { Run, Runs } from "../../table/runs.ts";
import { type TableColumn, tableOf } from "../../table/table.ts";
import { around, cellOf, mapped, mean, type Values } from "../../table/values.ts";
import { percent } from "../../table/verdict.ts";
import {
  type Architecture,
  architectureRuns,
  classLabels,
  type ClassName,
  type Setting,
  settings,
} from "./shared/architectures.ts";

export const meta: ExperimentMeta = {
  id: "architectures",
  title: "Deep linear architectures and the optimum of their class",
  question:
    "Which linear maps can an architecture be, what is the best of them, and does training find it?",
  hypothesis:
    "Trained from any of seven starts, networks with time-invariant mixing, with structured layers and with operators at several time " +
    "scales come within 1 % of the training loss that is the lowest of their class, known in closed form.",
  method:
    "**Deep linear time series**: an encoder of every time by itself, temporal mixing of 16 hidden channels over the window and as many zeros as " +
    "there are times to come, a decoder; h + 0.1 f(h) around every layer. Whatever the depths, with Toeplitz, Fourier or state-space mixing " +
    "the network is a Toeplitz map: one number for each distance in time. Least squares over those is its optimum; hidden channels are no " +
    "bottleneck. **Linear attention** (without softmax) is a cubic polynomial of the window, no linear map, so it has no such optimum and its " +
    "gap is to least squares. **Monarch** and **butterfly** networks are products of structured 128 x 128 matrices, which reach every matrix once " +
    "there are enough. (The layer with two vectors of d/2 numbers a factor, which is sometimes called Monarch, is half a butterfly.) " +
    "**Multi-scale**: a product of two matrices from the last 5 days, 4 weeks and 3 months, averages nested as in the heterogeneous " +
    "autoregression of Corsi (2009), to the forecast.\n\n" +
    "Networks that are one matrix are trained by Adam on the loss of all training windows at once; linear attention on drawn windows. Excess is of the " +
    "training loss, over the optimum of the class; intervals of test errors are 95 % by batch means over the test period. One start where no clause speaks of a network. " +
    "ETTh1 and VIX are downloaded and verified, or found in a mirror that `DEEP_LINEAR_MIRROR` names.",
  from: "standard",
};

/** Training losses above the optimum by less are called the optimum. */
const reached = 0.01;

/** Stated before the runs. Seven starts: 2^-7 is below .025 / 3, so that one clause of three can also be refuted. */
const stated: Hypothesis = {
  unit: "seed",
  seeds: [0, 1, 2, 3, 4, 5, 6],
  clauses: [
    ["time-invariant mixing (Toeplitz at two depths, Fourier, state space)", "mixing"],
    ["structured layers (Monarch, butterfly)", "structured"],
    ["several time scales", "scales"],
  ].map(([what]) => ({
    what: `1 % minus the largest excess training loss, ${what}`,
    metric: "excess training loss",
    scale: "points",
  })),
};
const clauses = ["mixing", "structured", "scales"] as const;

/** Tags: dataset, model, result, seed. */
export const grid: Grid = (g) =>
  g.table(settings.flatMap((setting) => architectureRuns(g, setting, stated.seeds)));

/** What the stages `evaluate` and `reference` leave of a forecaster. */
interface Scores {
  test: { mse: number };
  /** Squared errors of consecutive blocks of the test period. */
  blocks: number[];
  fit: { trainingLoss: number };
}

interface ArchitectureRow {
  setting: string;
  label: string;
  /** Of the class, in words. */
  within: string;
  parameters?: { value: number; runs: string[] };
  /** Of the training loss over the optimum of the class. */
  excess?: Values;
  /** Of the first start. */
  run: Run;
  scores: Scores;
  ols: { run: Run; scores: Scores };
  network?: Architecture;
}

const columns: TableColumn<ArchitectureRow>[] = [
  { id: "setting", label: "setting", format: "text", of: ({ setting }) => setting },
  { id: "model", label: "model", format: "text", of: ({ label }) => label },
  {
    id: "class",
    label: "can be",
    format: "text",
    note: "The linear maps of a window among which training chooses.",
    of: ({ within }) => within,
  },
  {
    id: "parameters",
    label: "parameters",
    format: "integer",
    of: ({ parameters }) => parameters,
  },
  {
    id: "excess",
    label: "excess training loss",
    format: "percent",
    better: "lower",
    note: "Over the lowest that the class allows. Over starts.",
    of: ({ excess }) => excess && cellOf(excess),
  },
  {
    id: "mse",
    label: "test MSE",
    format: "fixed3",
    better: "lower",
    note: "On standardised values; of the first start.",
    of: ({ run, scores }) => ({
      ...around(scores.test.mse, scores.blocks),
      runs: [run.name],
      terms: errorTerms(1, { run, scores }),
    }),
  },
  {
    id: "over_ols",
    label: "MSE - OLS",
    format: "fixed3",
    note:
      "Difference of test MSE from least squares over all matrices, with its paired interval over blocks.",
    of: ({ run, scores, ols }) =>
      run.name === ols.run.name ? undefined : {
        ...around(
          scores.test.mse - ols.scores.test.mse,
          scores.blocks.map((block, i) => block - ols.scores.blocks[i]),
        ),
        runs: [run.name, ols.run.name],
        terms: [...errorTerms(1, { run, scores }), ...errorTerms(-1, ols)],
      },
  },
];

/** A test error, and its blocks for the interval. */
function errorTerms(coefficient: number, { run: { name }, scores }: ArchitectureRow["ols"]) {
  const { test, blocks } = scores;
  return [
    { coefficient, metric: "MSE", runs: [name], values: [test.mse] },
    {
      ...{ coefficient, metric: "MSE of a block", spread: true as const },
      ...{ runs: blocks.map(() => name), values: blocks, parts: blocks.map((_, part) => part) },
    },
  ];
}

const scored = (run: Run) => ({ run, scores: run.json("scores.json") as Scores });

/** @throws {Error} for a training that went nowhere: JSON writes null for what is no number, and null is less than any loss. */
function trainingLossOf(run: Run): number {
  const { trainingLoss } = scored(run).scores.fit;
  if (Number.isFinite(trainingLoss)) return trainingLoss;
  throw new Error(`architectures: run ${run.name} left no training loss`);
}

/** Rows of a setting: the optimum of every class, then the networks in the order of the grid. */
function rowsOf(runs: Runs, setting: Setting): ArchitectureRow[] {
  const { dataset, lookback, horizon, networks, classes } = setting;
  const name = `${dataset}, ${lookback} to ${horizon}`;
  const own = runs.where({ dataset });
  const optimum = (model: ClassName) => scored(own.where({ model, result: "optimum" }).one());
  const ols = optimum("all");
  const best = classes.map((model): ArchitectureRow => ({
    ...{ setting: name, label: `least squares over ${classLabels[model]}` },
    ...{ within: classLabels[model], ...optimum(model), ols },
  }));
  return [
    ...best,
    ...networks.map((network): ArchitectureRow => {
      const made = own.where({ model: network.id });
      const score = made.where({ result: "score" })
        .only("seed", network.clause ? stated.seeds : stated.seeds.slice(0, 1));
      const lowest = network.within && trainingLossOf(optimum(network.within).run);
      const first = scored(score.where({ seed: stated.seeds[0] }).one());
      const training = made.where({ result: "training" }).one();
      return {
        ...{ setting: name, label: network.label, ...first, ols, network },
        within: network.within ? classLabels[network.within] : "no linear map",
        parameters: { value: training.scalars.parameters, runs: [training.name] },
        ...(lowest === undefined ? {} : {
          excess: score.each(
            "seed",
            (run) => trainingLossOf(run) / lowest - 1,
            "excess training loss",
          ),
        }),
      };
    }),
  ];
}

/** The table: one row for the optimum of every class, and for every network. */
export function summarize(runs: Runs): Summary {
  const bySetting = settings.map((setting) => rowsOf(runs, setting));
  const rows = bySetting.flat();
  const effects = clauses.map((clause) => {
    const own = rows.filter(({ network }) => network?.clause === clause);
    const [first] = own;
    // The largest of each start, whichever network has it.
    return plainEffect(
      mapped(
        first.excess!,
        (_, i) => reached - Math.max(...own.map(({ excess }) => excess!.values[i])),
        `1 % minus largest excess, ${clause}`,
      ),
    );
  });
  const [etth1] = bySetting;
  const toeplitz = etth1.find(({ within, network }) =>
    !network && within === classLabels.toeplitz
  )!;
  const gap = toeplitz.scores.fit.trainingLoss / toeplitz.ols.scores.fit.trainingLoss - 1;
  const judged = rows.filter(({ network }) => network?.clause);
  const near = judged.filter(({ excess }) => mean(excess!) <= reached);
  return {
    ...tableOf(rows, columns),
    verdict: verdictOf(stated, effects),
    findings: [
      `${near.length} of ${judged.length} deep linear architectures come within ${
        percent(reached)
      } of the lowest training loss of ` +
      "their class, on average over starts.",
      `The best Toeplitz map of ETTh1, ${etth1[0].setting.split(", ")[1]}, has a training loss ${
        percent(gap)
      } above that of least squares, test MSE ` +
      `${toeplitz.scores.test.mse.toFixed(3)} against ${
        toeplitz.ols.scores.test.mse.toFixed(3)
      }: no depth and no hidden channel makes up for it.`,
    ],
    plots: [{
      id: "mse",
      title: "Test MSE by architecture",
      caption: "Bars are 95 % intervals by batch means over the test period.",
      facet: "setting",
      x: { column: "model", label: "architecture", scale: "band" },
      y: { column: "mse", label: "MSE" },
      series: "class",
      marks: ["dot", "interval"],
    }],
  };
}
