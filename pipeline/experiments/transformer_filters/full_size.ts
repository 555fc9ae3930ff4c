/**
 * @file The Transformer of the document at its size, on its system: what the paper profile is about, once, trained until it has
 * converged. For a GPU.
 */
import type { Hypothesis } from "../../../lib/analysis/judge.ts";
import type { Grid } from "../../graph.ts";
import { profileOf } from "../../profiles.ts";
import type { ExperimentMeta, Summary } from "../../results.ts";
import type { Runs } from "../../table/runs.ts";
import { tableOf } from "../../table/table.ts";
import { effectOf, openRatio } from "../../table/effects.ts";
import { verdictOf } from "../../table/judged.ts";
import { mean } from "../../table/values.ts";
import { percent } from "../../table/verdict.ts";
import { completed, tunedRates } from "./shared/checks.ts";
import * as columns from "./shared/columns.ts";
import { baselineRuns, modelRuns } from "./shared/filtering.ts";
import { agreement, gap, modelOf, openOf, type Predictor, zeroOf } from "./shared/predictors.ts";
import { rates } from "./shared/rates.ts";
import { transformer } from "./shared/setups.ts";
import { spread } from "./shared/systems.ts";
import { timedOf, timeRun } from "./shared/timing.ts";

const lambda = 0.9;

export const meta: ExperimentMeta = {
  id: "full-size",
  title: "The document's size",
  from: "paper",
  question:
    "Does a Transformer of 4 layers and width 256 that is trained until it has converged come closer than the small ones of the other experiments?",
  hypothesis:
    "The Transformer of the document's size, with 60 times the observations, leaves less of the gap open than the small one as it is trained " +
    "in the other experiments.",
  method:
    "The document's defaults: 4 layers, width 256, 4 heads, no patches, sequences of 256, 64 latent and 2 observed dimensions, lambda .9, 8,192 " +
    "rollouts; 3,000 steps of 32 sequences, which are 24,576,000 observations, twice those after which the small Transformer has " +
    "converged (eigenvalue sweep, reference runs), on six systems, beside the small one on the same systems.\n\n" +
    "**What it costs, an estimate:** on an NVIDIA H200 a training step of this Transformer on 4 sequences takes 21.3 ms with `ort-webgpu` " +
    "(tests/bench/gpu/h200.json). Eight times that for 32 sequences is an upper bound, because most of it are small kernels: 8.5 minutes a " +
    "system, 51 for all six. PyTorch takes 2.2 ms as a CUDA graph. `deno task pipeline --profile paper --only full-size --estimate` measures it on the " +
    "machine at hand.",
};

/** Tags: of models `size`. */
export const grid: Grid = (g, profile) => {
  const setting = { tags: { lambda }, distribution: { lambda }, systems: spread(6) };
  const of = (size: string, profileOfSize: typeof profile) => {
    const setup = transformer(profileOfSize);
    const runs = modelRuns(g, setting, { size }, setup, { rollouts: "own" });
    return [...runs, timeRun(g, { size }, setup)];
  };
  return g.table([
    ...baselineRuns(g, setting, { far: true }),
    ...of("small", profileOf("standard")),
    ...of("full", profile),
  ]);
};

const hypothesis: Hypothesis = {
  unit: "system",
  // Too few to tell small effects; six are the fewest that can be judged.
  seeds: spread(6),
  clauses: [{
    what: "open fraction, small Transformer over the document's",
    metric: "open fraction",
    scale: "factor",
  }],
};

export function summarize(runs: Runs): Summary {
  const [small, full] = ["small", "full"].map((size) => modelOf(runs, { size }));
  const rows: { label: string; predictor: Predictor; size?: string }[] = [
    { label: "zero", predictor: zeroOf(runs, { lambda }) },
    { label: "Transformer of the other experiments", predictor: small, size: "small" },
    { label: "Transformer of the document's size", predictor: full, size: "full" },
  ];
  const closed = (predictor: Predictor) => percent(mean(predictor.oneStep(gap)));
  return {
    ...tableOf(rows, [
      columns.predictor,
      columns.oneStepRatio,
      columns.rawRatio,
      columns.gapClosed,
      ...columns.horizonRatios,
      columns.parameters,
      columns.tokens("Observations trained on."),
      columns.steps,
      ...rates,
      {
        id: "seconds",
        label: "seconds to train",
        format: "seconds",
        note: "Of one system while no other job ran: the median of five steps, times the steps.",
        of: ({ size }) => size && timedOf(runs, { size })({ name: "step seconds", times: "steps" }),
      },
    ]),
    verdict: verdictOf(hypothesis, [
      effectOf(openRatio(openOf(small.oneStep), openOf(full.oneStep))),
    ]),
    findings: [
      `At lambda ${lambda} the Transformer of the document's size closes ${
        closed(full)
      } of the gap, the small one ${closed(small)}.`,
      tunedRates(runs),
      completed(runs),
      agreement(runs),
    ],
    plots: [{
      id: "gap-closed",
      title: "Gap closed, one step ahead",
      caption: "",
      x: { column: "predictor", label: "predictor", scale: "band" },
      y: { column: "gap_closed", label: "gap closed" },
      marks: ["dot", "interval"],
    }],
  };
}
