/** @file Picking the first arrival of earthquakes: what a linear map before the pickers of the field adds. */
import type { Hypothesis } from "../../../../lib/analysis/judge.ts";
import type { Grid } from "../../../graph.ts";
import type { ExperimentMeta, Summary } from "../../../results.ts";
import { blockEffect } from "../../../table/blocks.ts";
import { verdictOf } from "../../../table/judged.ts";
import type { Runs } from "../../../table/runs.ts";
import { assessedRow, assessJobs, blockNumbers } from "./shared/assessed.ts";
import { type DomainScore, domainTable, gainOf, gainPlot } from "./shared/domain_table.ts";

export const meta: ExperimentMeta = {
  id: "earthquakes",
  title: "First arrivals of earthquakes, after a linear map",
  question:
    "Does taking out what a linear map predicts of the noise help to pick an earthquake's first arrival?",
  hypothesis:
    "The variance picker (AIC) comes closer to the analyst's pick on the errors of a linear prediction, fitted to the five seconds before, than " +
    "on the seismogram itself.",
  method:
    "Twenty records of three components at 100 Hz, each with an analyst's pick. In the files the pick stands at sample 3,000 of all of them, so a constant " +
    "would be perfect: each record is cut into ten windows of 30 s with the arrival 6 to 24 s after their beginning, and the best constant is shown. **Energy ratio** " +
    "(STA/LTA): the sample at which the energy of the next half second is the largest multiple of that of the last three seconds. **Variance** (AIC, Maeda 1985): " +
    "around that pick the best division of the vertical component into two variances. Before either, the **linear map** replaces each component by its errors of " +
    "prediction from the last 16 samples. Distances in seconds, of at most 1 s each. The records are those that a network was trained on, clear and local: no claim for faint ones.",
  from: "standard",
};

const methods: Record<string, string> = {
  "variance": "variance",
  "constant": "constant",
  "energy-ratio": "energy ratio",
  "linear-energy-ratio": "linear map, energy ratio",
  "linear-variance": "linear map, variance",
};
const [baseline] = Object.keys(methods);
const blocks = 20;
const score: DomainScore = {
  ...{ name: "distance from the pick", unit: "s", gain: "lower" },
  note: "Mean over windows, 1 s at most; the interval is over records.",
};

/** Stated before the runs. */
const stated: Hypothesis = {
  unit: "block",
  seeds: blockNumbers(blocks),
  clauses: [{
    what: "distance of the variance picker minus that after the linear map",
    ...{ metric: "seconds", scale: "plain" },
  }],
};

/** Tags: picker. */
export const grid: Grid = (g) =>
  g.table(assessJobs(
    g,
    { collection: "earthquakes", domain: "earthquakes" },
    Object.keys(methods).map((picker) => ({ picker })),
  ));

/** The table: one row for each picker. */
export function summarize(runs: Runs): Summary {
  const from = { score: "error", parts: "error", blocks };
  const rowOf = (picker: string, against?: ReturnType<typeof assessedRow>) =>
    assessedRow(
      runs.where({ picker }).one(),
      { series: "20 records", setting: "shifted windows", method: methods[picker] },
      from,
      against,
    );
  const plain = rowOf(baseline);
  const others = Object.keys(methods).slice(1).map((picker) => rowOf(picker, plain));
  const linear = others.at(-1)!;
  const milliseconds = (seconds: number) => `${(1000 * seconds).toFixed(1)} ms`;
  return {
    ...domainTable([plain, ...others], score, methods[baseline]),
    verdict: verdictOf(stated, [blockEffect(...gainOf(linear, score))]),
    findings: [
      `First arrivals of earthquakes are picked ${
        milliseconds(plain.score)
      } from the analyst's by their variance, and ${
        milliseconds(linear.score)
      } after a linear map has predicted the noise.`,
    ],
    plots: [
      gainPlot(
        "What pickers gain on the variance picker",
        "",
        "seconds nearer to the analyst's pick",
        methods[baseline],
      ),
    ],
  };
}
