/** @file Cycles that a turbofan engine has left: a linear map of thirty cycles against one of the last cycle, beside published networks. */
import type { Hypothesis } from "../../../../lib/analysis/judge.ts";
import type { Grid } from "../../../graph.ts";
import type { ExperimentMeta, Summary } from "../../../results.ts";
import { blockEffect } from "../../../table/blocks.ts";
import { verdictOf } from "../../../table/judged.ts";
import type { Runs } from "../../../table/runs.ts";
import { assessedRow, assessJobs, blockNumbers } from "./shared/assessed.ts";
import {
  type DomainRow,
  type DomainScore,
  domainTable,
  gainOf,
  gainPlot,
} from "./shared/domain_table.ts";

export const meta: ExperimentMeta = {
  id: "turbofan",
  title: "Remaining life of engines, by a linear map",
  question: "How far does a linear map of an engine's sensors get with its remaining life?",
  hypothesis:
    "A linear map of thirty cycles has a lower error than one of the last cycle alone: averaging over time is worth more than its parameters cost.",
  method:
    "C-MAPSS FD001: 100 engines that ran to failure train, 100 others test; the columns that vary, standardised; targets cut off at 125 cycles, as in most published " +
    "results. Ridge regression on the last cycle or on a **window** of thirty; the ridge is chosen on every fifth training engine. **Mean** is the mean target. Published root mean squared errors " +
    "(arXiv 2604.27234, from its abstract, not rerun): LSTM 14.93, deep LSTM 16.14, CNN 16.97. Engines in 20 blocks of five; a block's error is its root mean square. The test needs `RUL_FD001.txt`, " +
    "which few mirrors have: where it cannot be downloaded, the job that fetches it says where to get it and where to put it." +
    " The hypothesis was written after these methods had been run once on this file.",
  from: "standard",
};

const methods: Record<string, string> = {
  "last-cycle": "last cycle",
  "mean": "mean",
  "window": "window",
};
const [baseline] = Object.keys(methods);
const blocks = 20;
const score: DomainScore = {
  ...{ name: "root mean squared error", unit: "cycles", gain: "lower" },
  note: "Of remaining cycles up to 125; the interval is over blocks of engines.",
};

/** Stated before the runs. */
const stated: Hypothesis = {
  unit: "block",
  seeds: blockNumbers(blocks),
  clauses: [{
    what: "root mean squared error of the last cycle minus that of the window",
    ...{ metric: "cycles", scale: "plain" },
  }],
};

/** Tags: method. */
export const grid: Grid = (g) =>
  g.table(assessJobs(
    g,
    { collection: "turbofan-fd001", domain: "turbofan" },
    Object.keys(methods).map((method) => ({ method })),
  ));

/** The table: one row for each map. */
export function summarize(runs: Runs): Summary {
  const rowOf = (method: string, against?: DomainRow) => {
    const row = assessedRow(
      runs.where({ method }).one(),
      { series: "FD001", setting: "100 engines", method: methods[method] },
      { score: "rmse", parts: "squares", blocks },
      against,
    );
    return { ...row, blocks: row.blocks.map(Math.sqrt) };
  };
  const last = rowOf(baseline);
  const others = Object.keys(methods).slice(1).map((method) => rowOf(method, last));
  const window = others.at(-1)!;
  return {
    ...domainTable([last, ...others], score, methods[baseline]),
    verdict: verdictOf(stated, [blockEffect(...gainOf(window, score))]),
    findings: [
      `Remaining life of turbofan engines (C-MAPSS FD001): a linear map of thirty cycles is off by ${
        window.score.toFixed(2)
      } cycles (root mean square), one of the last cycle by ${
        last.score.toFixed(2)
      }; published: LSTM 14.93, CNN 16.97.`,
    ],
    plots: [
      gainPlot("What a map gains on the last cycle", "", "cycles nearer", methods[baseline]),
    ],
  };
}
