/** @file Traffic: a linear map of past values against the historical average and the last value. */
import type { Hypothesis } from "../../../../lib/analysis/judge.ts";
import type { Grid } from "../../../graph.ts";
import type { ExperimentMeta, Summary } from "../../../results.ts";
import { verdictOf } from "../../../table/judged.ts";
import type { Runs } from "../../../table/runs.ts";
import { notAvailable, sensors } from "./shared/absent.ts";
import { blockNumbers } from "./shared/assessed.ts";
import { domainTable, gainPlot } from "./shared/domain_table.ts";
import {
  type Case,
  clausesAgainstAll,
  effectsAgainstAll,
  forecastJobs,
  forecastRows,
  linear,
  type Method,
  randomWalk,
  rowFor,
  squaredError,
} from "./shared/field_forecasts.ts";

export const meta: ExperimentMeta = {
  id: "roads",
  title: "Volume and speed on roads, by a linear map",
  question:
    "Does a linear map of past values forecast traffic better than the average of earlier days?",
  hypothesis:
    "A linear map of two weeks of volume, a day ahead, and one of two hours of speed, an hour ahead, beat both the last value and " +
    "the average of earlier days at the same time.",
  method:
    "**Volume** on one interstate by the hour (2012 to 2018, 40,575 hours; several reports of one hour are one row, and 2,588 intervals are longer than an hour, nearly all in the " +
    "first half of the training rows, where they blur the week for every method that counts rows), 24 hours ahead; the historical average is of the same hour of the last four weeks. " +
    "**Speed** at 207 detectors in Los Angeles, five minutes a row, one hour ahead; one map for all detectors, no neighbours. The file has 2,016 rows, which is one week: " +
    "it is not the four months of METR-LA, and no published table stands beside it; three earlier days are averaged at most. " +
    "The linear map is ridge regression toward the last value, its ridge chosen on the validation rows; 20 blocks of the last 20 % of the rows. " +
    "That every simple method counts, not only the historical average, was settled after a run had been seen. " +
    notAvailable("Occupancy at 862 sensors", sensors),
  from: "standard",
};

const average = (seasons: number, season: number): Method => ({
  ...{ label: "historical average", reference: "seasonal_average", options: { seasons, season } },
});
const volume: Case = {
  ...{ dataset: "metro-volume", series: "volume", setting: "24 hours ahead", horizon: 24 },
  ...{ lookback: 336, methods: [average(4, 168), randomWalk, linear] },
};
const speed: Case = {
  ...{ dataset: "los-speed", series: "speed", setting: "1 hour ahead", horizon: 12 },
  ...{ lookback: 24, methods: [average(3, 288), randomWalk, linear] },
};
const cases = [volume, speed];
const blocks = 20;
const [{ methods: [{ label: baseline }] }] = cases;

/** Stated before the runs. */
const stated: Hypothesis = {
  unit: "block",
  seeds: blockNumbers(blocks),
  clauses: clausesAgainstAll(cases, 1),
};

/** Tags: dataset, horizon, method. */
export const grid: Grid = (g) => g.table(forecastJobs(g, cases));

/** The table: one row for each series and forecaster. */
export function summarize(runs: Runs): Summary {
  const rows = forecastRows(runs, cases, blocks);
  const judged = cases.map((one) => rowFor(rows, one, linear));
  const shown = judged.map(({ series, score, against }) =>
    `${series} ${score.toPrecision(2)} against ${against!.score.toPrecision(2)}`
  );
  return {
    ...domainTable(rows, squaredError, baseline),
    verdict: verdictOf(stated, effectsAgainstAll(rows, cases)),
    findings: [
      `Squared error on traffic, linear map against the ${baseline}: ${shown.join(", ")}.`,
    ],
    plots: [
      gainPlot(
        "What forecasters of traffic gain",
        "",
        "log(error of the historical average / error)",
        baseline,
      ),
    ],
  };
}
