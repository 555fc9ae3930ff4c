/** @file The state of the eyes from an electroencephalogram: a linear classifier, and what a random split does to a method that remembers. */
import type { Hypothesis } from "../../../../lib/analysis/judge.ts";
import type { Grid } from "../../../graph.ts";
import type { ExperimentMeta, Summary } from "../../../results.ts";
import { blockEffect } from "../../../table/blocks.ts";
import { verdictOf } from "../../../table/judged.ts";
import type { Runs } from "../../../table/runs.ts";
import { percent } from "../../../table/verdict.ts";
import { assessedRow, assessJobs, blockNumbers } from "./shared/assessed.ts";
import {
  type DomainRow,
  type DomainScore,
  domainTable,
  gainOf,
  gainPlot,
} from "./shared/domain_table.ts";

export const meta: ExperimentMeta = {
  id: "eye-state",
  title: "Open or closed eyes, by a linear classifier",
  question:
    "What is left of the accuracy on the EEG eye state when test rows are not neighbours of training rows?",
  hypothesis:
    "The nearest training row, which does excellently on rows that are drawn at random, loses at least 20 points where the test rows are stretches of time; " +
    "there a linear classifier does better than the power of the alpha waves.",
  method:
    "One recording of 117 s, 14 channels at 128 Hz, 23 switches of the label; values beyond 20 median distances are clipped (an electrode reads 642,564). Five folds: " +
    "**blocked**, fifths of the time with a second left out beside them, or **random**, rows drawn one by one, as in results of 97 % and more. **Linear**: ridge regression of the state on all channels " +
    "at eight times within half a second. **Alpha power**: the same on the logarithm of the power at 8 to 12 Hz of the occipital channels in the last second, what one looks at first. " +
    "**Nearest row** remembers all training rows. Every fourth row is scored, accuracy in 20 stretches of time. Below 50 % is no mistake: the states of the eyes come in a few long stretches, so " +
    "whoever learns the commoner state of the other folds bets against this one. One person, two minutes: no claim beyond that." +
    " The hypothesis was written after these methods had been run once on this file.",
  from: "standard",
};

const classifiers: Record<string, string> = {
  "alpha-power": "alpha power",
  "majority": "majority",
  "linear": "linear",
  "nearest-row": "nearest row",
};
const [baseline] = Object.keys(classifiers);
const splits = ["blocked", "random"];
const blocks = 20;
const score: DomainScore = {
  ...{ name: "accuracy", format: "percent", gain: "higher" },
  note: "The interval is over stretches of time.",
};

/** Stated before the runs. */
const stated: Hypothesis = {
  unit: "block",
  seeds: blockNumbers(blocks),
  clauses: [
    {
      what: "accuracy of the nearest row, random minus blocked folds",
      ...{ metric: "accuracy", scale: "points", margin: 0.2 },
    },
    {
      what: "accuracy of the linear classifier minus that of alpha power, blocked folds",
      ...{ metric: "accuracy", scale: "points" },
    },
  ],
};

/** Tags: classifier, split. */
export const grid: Grid = (g) =>
  g.table(assessJobs(
    g,
    { collection: "eeg-eye-state", domain: "eye_state" },
    splits.flatMap((split) =>
      Object.keys(classifiers).map((classifier) => ({ classifier, split }))
    ),
  ));

/** The table: one row for each kind of folds and classifier. */
export function summarize(runs: Runs): Summary {
  const rowOf = (classifier: string, split: string, against?: DomainRow) =>
    assessedRow(
      runs.where({ classifier, split }).one(),
      { series: "one recording", setting: `${split} folds`, method: classifiers[classifier] },
      { score: "accuracy", parts: "accuracy", blocks },
      against,
    );
  const rows = splits.flatMap((split) => {
    const alpha = rowOf(baseline, split);
    return Object.keys(classifiers).map((classifier) =>
      classifier === baseline ? alpha : rowOf(classifier, split, alpha)
    );
  });
  const [blocked, random] = splits.map((split) => rowOf("nearest-row", split));
  const linear = rows.find(({ method }) => method === classifiers.linear)!;
  return {
    ...domainTable(rows, score, classifiers[baseline]),
    verdict: verdictOf(stated, [
      blockEffect(...gainOf({ ...random, against: blocked }, score)),
      blockEffect(...gainOf(linear, score)),
    ]),
    findings: [
      `Open or closed eyes: the nearest row is right ${
        percent(random.score)
      } of the time with random folds and ${
        percent(blocked.score)
      } with blocked ones, where a linear classifier is right ${percent(linear.score)}.`,
    ],
    plots: [
      gainPlot(
        "What classifiers gain on alpha power",
        "",
        "accuracy minus that of alpha power",
        classifiers[baseline],
      ),
    ],
  };
}
