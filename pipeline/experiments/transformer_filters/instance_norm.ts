/**
 * @file Which statistics should reversible instance normalisation put back at the output? A small ablation; its winner is
 * the default of lib/models/ends/patches.ts.
 */
import type { Hypothesis } from "../../../lib/analysis/judge.ts";
import type { Grid } from "../../graph.ts";
import type { ExperimentMeta, Summary } from "../../results.ts";
import type { Runs } from "../../table/runs.ts";
import { onlyIf, tableOf } from "../../table/table.ts";
import { contrastOver, effectOf, openRatio } from "../../table/effects.ts";
import { verdictOf } from "../../table/judged.ts";
import { mean, meanOver } from "../../table/values.ts";
import { percent, plotOver, systemCount } from "../../table/verdict.ts";
import { completed, tunedRates } from "./shared/checks.ts";
import * as columns from "./shared/columns.ts";
import { modelRuns, settingOf } from "./shared/filtering.ts";
import { medium } from "./shared/settings.ts";
import { transformer } from "./shared/setups.ts";
import { judged } from "./shared/systems.ts";
import { gap, modelOf, openOf } from "./shared/predictors.ts";
import { rates } from "./shared/rates.ts";

export const meta: ExperimentMeta = {
  id: "instance-norm",
  earlier: { outcome: "undecided", on: "five systems and by another rule", commit: "5b1f974" },
  title: "Instance normalisation",
  question: "Does normalising each sequence by its own past help a Transformer to filter?",
  hypothesis:
    "No: the systems are stationary and scaled to unit variance, so the statistics of a short past " +
    "add noise and no information. With them a larger fraction of the gap is open than with fixed training statistics.",
  method:
    "The Transformer of the eigenvalue sweep on diagonal systems, with two modes of reversible instance " +
    "normalisation: `fixed` (training statistics are put back at the output) and `causal` (statistics of the " +
    "observations so far, with a prior worth 8 observations, frozen after the warm-up in rollouts). The third mode, " +
    "`none`, is the same function as `fixed` here: the systems are scaled to mean 0 and variance 1, so there is " +
    "nothing to put back (a test holds the two equal). " +
    "Systems, initialisations and data are the same for both modes, so differences are paired.",
};

type Mode = "fixed" | "causal";
const modes: Mode[] = ["fixed", "causal"];

/** Tags: lambda, norm. */
export const grid: Grid = (g, profile) =>
  g.table(
    [medium.lambda].flatMap((lambda) => {
      const setting = settingOf(profile, { lambda }, { lambda });
      return modes.flatMap((norm) =>
        modelRuns(g, setting, { norm }, transformer(profile, { norm }), { rollouts: "shared" })
      );
    }),
  );

const hypothesis: Hypothesis = {
  unit: "system",
  seeds: judged,
  clauses: [{
    what: "open fraction, causal over fixed",
    metric: "open fraction",
    scale: "factor",
  }],
};

export function summarize(runs: Runs): Summary {
  const [lambdas, systems] = [runs.tagsOf("lambda"), runs.tagsOf("seed").length];
  const model = (lambda: number, norm: Mode) => modelOf(runs, { lambda, norm });
  const rows = lambdas.flatMap((lambda) =>
    modes.map((mode) => ({ lambda, mode, predictor: model(lambda, mode) }))
  );
  const over = (mode: Mode) => meanOver(lambdas.map((lambda) => model(lambda, mode).oneStep(gap)));
  const best = mean(over("fixed")) >= mean(over("causal")) ? "fixed" : "causal";
  const plot = plotOver(systems, {
    id: "gap-closed",
    title: "Gap closed by mode",
    caption: "One step ahead.",
    x: { column: "mode", label: "mode", scale: "band" },
    y: { column: "gap_closed", label: "gap closed" },
    series: "lambda",
  });
  return {
    ...tableOf(rows, [
      columns.lambda,
      { id: "mode", label: "mode", format: "text", of: ({ mode }) => mode },
      columns.oneStepRatio,
      columns.gapClosed,
      onlyIf(
        ({ mode }) => mode !== "fixed",
        columns.differenceFrom(
          "fixed minus this",
          (row) => [model(row.lambda, "fixed"), row.predictor],
        ),
      ),
      ...columns.horizonRatios,
      ...rates,
    ]),
    verdict: verdictOf(hypothesis, [effectOf(contrastOver(lambdas.map((lambda) => {
      const [causal, fixed] = (["causal", "fixed"] as const)
        .map((mode) => openOf(model(lambda, mode).oneStep));
      return openRatio(causal, fixed);
    })))]),
    findings: [
      `Of the two modes of instance normalisation that differ, "${best}" closes most of the gap: ` +
      `${modes.map((mode) => `${mode} ${percent(mean(over(mode)))}`).join(", ")} ` +
      `(${systemCount(systems)}).`,
      tunedRates(runs),
      completed(runs),
    ],
    // Modes have no order that a line could follow.
    plots: [{ ...plot, marks: plot.marks.filter((mark) => mark !== "line") }],
  };
}
