/**
 * @file Which statistics should reversible instance normalisation put back at the output? A small ablation; its winner is
 * the default of lib/models/transformer.ts.
 */
import type { GraphBuilder, JobRef } from "../graph.ts";
import type { Profile } from "../profiles.ts";
import type { ExperimentMeta, Row, Summary } from "../results.ts";
import { horizons, modelRuns, seedsOf, transformer } from "./shared/filtering.ts";
import {
  cellOf,
  differenceCell,
  type Evaluated,
  gapColumn,
  horizonColumns,
  judge,
  meanOver,
  measured,
  minus,
  percent,
  plotOver,
  ratioColumn,
  ruleOf,
  type Runs,
  scalars,
  systemsOf,
  valuesOf,
} from "./shared/scores.ts";

export const meta: ExperimentMeta = {
  id: "instance-norm",
  title: "Instance normalisation",
  question: "Does normalising each sequence by its own past help a Transformer to filter?",
  hypothesis:
    "No: the systems are stationary and scaled to unit variance, so the statistics of a short past " +
    "add noise and no information. Fixed training statistics do better.",
  method:
    "The Transformer of the eigenvalue sweep on diagonal systems, with two modes of reversible instance " +
    "normalisation: `fixed` (training statistics are put back at the output) and `causal` (statistics of the " +
    "observations so far, with a prior worth 8 observations, frozen after the warm-up in rollouts). The third mode, " +
    "`none`, is the same function as `fixed` here: the systems are scaled to mean 0 and variance 1, so there is " +
    "nothing to put back (a test holds the two equal). " +
    "Systems, initialisations and data are the same for both modes, so differences are paired.",
  command: "deno task pipeline --only instance-norm",
};

const modes = ["fixed", "causal"] as const;

export function grid(g: GraphBuilder, profile: Profile): JobRef {
  const seeds = seedsOf(profile);
  const inputs: Record<string, JobRef> = {};
  for (const lambda of profile.pick({ smoke: [0.96] })) {
    for (const norm of modes) {
      const contender = { ...transformer(profile, { norm }), id: norm };
      const setting = { at: `lambda=${lambda}`, law: { lambda }, seeds, contender };
      Object.assign(inputs, modelRuns(g, { ...setting, rollouts: "shared" }));
    }
  }
  return g.job(
    "aggregate",
    { experiment: meta.id, path: "pipeline/experiments/instance_norm.ts" },
    inputs,
    "table",
  );
}

const rule = ruleOf("gap closed one step ahead, fixed minus causal, the mean over lambdas.");

export function summarize(runs: Runs): Summary {
  const [lambdas, seeds] = [valuesOf(runs, "lambda"), valuesOf(runs, "seed")];
  const at = (lambda: number) => `lambda=${lambda}`;
  const gap = (lambda: number, mode: string) =>
    measured(runs, seeds, at(lambda), `${mode}/one-step`, (s: Evaluated) => s.overall.gapClosed);
  const rows = lambdas.flatMap((lambda) =>
    modes.map((mode): Row => {
      const of = (what: string, pick: (s: Evaluated) => number) =>
        cellOf(measured(runs, seeds, at(lambda), `${mode}/${what}`, pick));
      const row: Row = {
        lambda,
        mode,
        ratio: of("one-step", (s) => s.overall.ratio),
        gap_closed: of("one-step", (s) => s.overall.gapClosed),
        learning_rate: cellOf(scalars(runs, seeds, at(lambda), `${mode}/model`, "learningRate")),
      };
      if (mode !== "fixed") {
        row.difference = differenceCell(gap(lambda, "fixed"), gap(lambda, mode));
      }
      horizons.forEach((h, i) => {
        row[`h${h}`] = of("rollout", (s) => s.byHorizon[i].ratio);
      });
      return row;
    })
  );
  const mean = (mode: string) => {
    const values = meanOver(lambdas.map((l) => gap(l, mode).values));
    return values.reduce((a, b) => a + b, 0) / values.length;
  };
  const { marks, note } = plotOver(seeds.length);
  return {
    columns: [
      { id: "lambda", label: "lambda" },
      { id: "mode", label: "mode", format: "text" },
      { ...ratioColumn, note: `One step ahead. ${ratioColumn.note}` },
      gapColumn,
      {
        id: "difference",
        label: "fixed minus this",
        format: "percent",
        note: "Of the gap closed, paired by seed.",
      },
      ...horizonColumns,
      { id: "learning_rate", label: "learning rate", note: "Found by successive halving." },
    ],
    rows,
    verdict: judge(rule, [{
      what: "gap closed, fixed minus causal",
      differences: meanOver(
        lambdas.map((l) => minus(gap(l, "fixed").values, gap(l, "causal").values)),
      ),
    }]),
    findings: [
      `Of the two modes of instance normalisation that differ, "${
        mean("fixed") >= mean("causal") ? "fixed" : "causal"
      }" closes most of the gap: ${
        modes.map((mode) => `${mode} ${percent(mean(mode))}`).join(", ")
      } ` +
      `(${systemsOf(seeds.length)}).`,
    ],
    plots: [{
      id: "gap-closed",
      title: "Gap closed by mode",
      caption: `One step ahead. ${note}`,
      x: { column: "mode", label: "mode", scale: "band" },
      y: { column: "gap_closed", label: "gap closed" },
      series: "lambda",
      marks: marks.filter((mark) => mark !== "line"),
    }],
  };
}
