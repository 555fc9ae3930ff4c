/** @file The Numenta Anomaly Benchmark: a linear detector against the windowed Gaussian, at thresholds that see the labels and that do not. */
import type { Hypothesis } from "../../../../lib/analysis/judge.ts";
import type { Grid } from "../../../graph.ts";
import type { ExperimentMeta, Summary } from "../../../results.ts";
import { blockEffect } from "../../../table/blocks.ts";
import { verdictOf } from "../../../table/judged.ts";
import type { Run, Runs } from "../../../table/runs.ts";
import { assessedRow, assessJobs, blockNumbers } from "./shared/assessed.ts";
import {
  type DomainRow,
  type DomainScore,
  domainTable,
  gainOf,
  gainPlot,
} from "./shared/domain_table.ts";

export const meta: ExperimentMeta = {
  id: "nab",
  title: "Anomalies in 58 series, by a linear detector",
  question:
    "Does predicting a row linearly from those before it find anomalies better than their mean?",
  hypothesis:
    "A detector that measures each row's distance from a linear prediction gets a higher score on the Numenta Anomaly Benchmark than " +
    "one that measures the distance from the mean of the same window (the windowed Gaussian), both where the threshold is tuned on the " +
    "labels, as the benchmark does, and where it is the largest score of the series' own probation.",
  method:
    "58 series, 116 windows, the benchmark's scores (0: says nothing, 100: perfect). **Windowed Gaussian** is the benchmark's detector; " +
    "**linear prediction** is least squares on 24 lags, fitted to the same window of 6,400 rows and at the same times, and reports errors " +
    "in standard deviations, so every score is a sum over the rows before it. Thresholds: **labels**, the best for all series on their " +
    "labels (the benchmark tunes so, which favours whoever has the finer scores); **probation**, for each series the largest score of its first 15 %, " +
    "which no label enters; **certainty**, a score of 1 to twelve digits, where the benchmark's own search ends for the windowed Gaussian: " +
    "its published row (raw -24.0131, 39.65), file by file, is what checks the scorer; the search over all thresholds finds a better one. It lists 51.7 for random cut forests, 58.0 for KNN-CAD, 70.5 to 69.7 for HTM, " +
    "74.9 for ARTime. The benchmark itself is disputed (Wu and Keogh 2020, arXiv 2009.13807: trivial anomalies, mislabelled ones). " +
    "Series are dealt into 20 blocks in the order of their names; the files come from a mirror or are downloaded.",
  from: "standard",
};

const baseline = "windowed-gaussian";
const methods: Record<string, string> = {
  "nothing": "nothing",
  [baseline]: "windowed Gaussian",
  "linear-prediction": "linear prediction",
};
const rules = ["labels", "probation", "certainty"];
/** Those that a detector would be used with; certainty checks the scorer. */
const judgedRules = ["labels", "probation"];
const blocks = 20;

const score: DomainScore = {
  name: "NAB score",
  note: "Standard profile, 0 to 100; the interval is over blocks of series.",
  gain: "higher",
};

/** Stated before the runs. */
const stated: Hypothesis = {
  unit: "block",
  seeds: blockNumbers(blocks),
  clauses: judgedRules.map((rule) => ({
    what:
      `NAB score of linear prediction minus that of the windowed Gaussian, threshold by ${rule}`,
    metric: "NAB score",
    scale: "plain",
  })),
};

/** Tags: detector. */
export const grid: Grid = (g) =>
  g.table(assessJobs(
    g,
    { collection: "nab", domain: "nab" },
    Object.keys(methods).map((detector) => ({ detector })),
  ));

/** The table: one row for each threshold and detector. */
export function summarize(runs: Runs): Summary {
  const rowOf = (rule: string, run: Run, against?: DomainRow): DomainRow =>
    assessedRow(
      run,
      {
        ...{ series: "58 series", setting: rule, method: methods[String(run.tags.detector)] },
        metric: `NAB score, ${rule}`,
      },
      { score: `${rule} standard`, parts: rule, blocks },
      against,
    );
  const rows = rules.flatMap((rule) => {
    const of = (detector: string) => runs.where({ detector }).one();
    const gaussian = rowOf(rule, of(baseline));
    return Object.keys(methods).map((detector) =>
      detector === baseline ? gaussian : rowOf(rule, of(detector), gaussian)
    );
  });
  const linear = rows.filter(({ method }) => method === methods["linear-prediction"]);
  const judged = linear.filter(({ setting }) => judgedRules.includes(setting));
  const shown = (row: DomainRow) =>
    `${row.score.toFixed(1)} against ${row.against!.score.toFixed(1)}`;
  return {
    ...domainTable(rows, score, methods[baseline]),
    verdict: verdictOf(stated, judged.map((row) => blockEffect(...gainOf(row, score)))),
    findings: [
      `Numenta Anomaly Benchmark, linear prediction against the windowed Gaussian: ${
        judged.map((row) => `${shown(row)} with the threshold from ${row.setting}`).join(", ")
      }.`,
    ],
    plots: [
      gainPlot(
        "What a linear prediction gains on the windowed Gaussian",
        "Points of the benchmark's score, by how the threshold is found.",
        "NAB score minus that of the windowed Gaussian",
        "windowed Gaussian",
      ),
    ],
  };
}
