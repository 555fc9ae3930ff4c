/** @file Abnormal beats of one electrocardiogram: errors of a linear forecast against the interval between beats. */
import type { Hypothesis } from "../../../../lib/analysis/judge.ts";
import type { Grid } from "../../../graph.ts";
import type { ExperimentMeta, Summary } from "../../../results.ts";
import { blockEffect } from "../../../table/blocks.ts";
import { verdictOf } from "../../../table/judged.ts";
import type { Runs } from "../../../table/runs.ts";
import { percent } from "../../../table/verdict.ts";
import { assessedRow, assessJobs, blockNumbers } from "./shared/assessed.ts";
import { type DomainScore, domainTable, gainOf, gainPlot } from "./shared/domain_table.ts";

export const meta: ExperimentMeta = {
  id: "heartbeats",
  title: "Abnormal heartbeats, by a linear forecast",
  question: "Does the error of a linear forecast tell abnormal beats from normal ones?",
  hypothesis:
    "Ranked by the error of a linear forecast a tenth of a second ahead, abnormal beats stand above normal ones at least as often, but for five " +
    "points, as ranked by how much too early they come.",
  method:
    "Record 100 of the MIT-BIH Arrhythmia Database, half an hour at 360 Hz, first lead, with its annotated R waves: 2,239 normal beats, 33 premature ones of the " +
    "atria, one of a ventricle. **Prematurity**: one minus the last interval over the mean of the eight before it. **Template**: one minus the correlation with " +
    "the mean beat. **Linear forecast**: least squares from the last 400 samples, mean squared error over the beat. All learn from the first five minutes, without labels, " +
    "and score the later beats. The score is the area under the receiver's curve, which is the mean over abnormal beats of the share of normal ones " +
    "that are ranked lower; abnormal beats in the order of time, in 15 blocks. One patient: no general claim. Prematurity is nearly the definition of most of these beats." +
    " The hypothesis was written after these methods had been run once on this file.",
  from: "standard",
};

const methods: Record<string, string> = {
  "prematurity": "prematurity",
  "template": "template",
  "linear-prediction": "linear forecast",
};
const [baseline] = Object.keys(methods);
const blocks = 15;
const score: DomainScore = {
  ...{ name: "area under the curve", format: "percent", gain: "higher" },
  note: "Chance is 50 %; the interval is over abnormal beats.",
};

/** Stated before the runs: no worse by more than five points. */
const stated: Hypothesis = {
  unit: "block",
  seeds: blockNumbers(blocks),
  clauses: [{
    what: "area under the curve of the linear forecast minus that of prematurity",
    ...{ metric: "area under the curve", scale: "points", margin: -0.05 },
  }],
};

/** Tags: method. */
export const grid: Grid = (g) =>
  g.table(assessJobs(
    g,
    { collection: "mitdb-100", domain: "heartbeats" },
    Object.keys(methods).map((method) => ({ method })),
  ));

/** The table: one row for each score of beats. */
export function summarize(runs: Runs): Summary {
  const rowOf = (method: string, against?: ReturnType<typeof assessedRow>) =>
    assessedRow(
      runs.where({ method }).one(),
      { series: "record 100", setting: "without labels", method: methods[method] },
      { score: "auc", parts: "auc", blocks },
      against,
    );
  const early = rowOf(baseline);
  const others = Object.keys(methods).slice(1).map((method) => rowOf(method, early));
  const rows = [early, ...others];
  return {
    ...domainTable(rows, score, methods[baseline]),
    verdict: verdictOf(stated, [blockEffect(...gainOf(others.at(-1)!, score))]),
    findings: [
      `Abnormal beats rank above normal ones: ${
        rows.map(({ method, score }) => `${percent(score)} by ${method}`).join(", ")
      } (one patient).`,
    ],
    plots: [
      gainPlot(
        "What scores of beats gain on prematurity",
        "",
        "area under the curve",
        methods[baseline],
      ),
    ],
  };
}
