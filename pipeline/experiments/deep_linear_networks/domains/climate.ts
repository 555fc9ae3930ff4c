/** @file CO2, temperature and sunspots: a linear map of past values against trend, harmonics and an autoregression. */
import type { Hypothesis } from "../../../../lib/analysis/judge.ts";
import type { Grid } from "../../../graph.ts";
import type { ExperimentMeta, Summary } from "../../../results.ts";
import { verdictOf } from "../../../table/judged.ts";
import type { Runs } from "../../../table/runs.ts";
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
  id: "climate",
  title: "CO2, temperature and sunspots, by a linear map",
  question: "Does a linear map find trend and season by itself?",
  hypothesis:
    "On CO2, global temperature and sunspots a linear map of past months, which is told nothing of years or cycles, has at most 5 % more " +
    "squared error a year ahead than any of the simple methods: the last value, the last season, and a regression on trend and " +
    "harmonics with autoregressive errors, which is told.",
  method:
    "Monthly CO2 at Mauna Loa (1958 to 2020, from a package), the global temperature anomaly of one source (GISTEMP; the file interleaves two) and " +
    "sunspots (1749 to 1983), twelve months ahead. **Harmonic regression**: least squares on a polynomial trend (second degree for CO2, first for " +
    "temperature, none for sunspots) and on harmonics of the year or of the solar cycle of 132 months, and an autoregression of order 12 of what is left, " +
    "iterated. The **linear map** is ridge regression toward the last value, its ridge chosen on the validation rows. The last 20 % of the rows are " +
    "the test, in 10 blocks of at least the horizon.",
  from: "standard",
};

const harmonic = (options: Record<string, number>): Method => ({
  ...{ label: "harmonic regression", reference: "harmonic_autoregression" },
  options: { order: 12, ...options },
});
const naive: Method = { label: "last season", reference: "seasonal_naive" };
const setting = "12 months ahead";
const horizon = 12;
const cases: Case[] = [
  {
    ...{ dataset: "co2-monthly", series: "CO2", setting, horizon, lookback: 60 },
    methods: [harmonic({ trend: 2, harmonics: 3, season: 12 }), randomWalk, naive, linear],
  },
  {
    ...{ dataset: "global-temperature", series: "temperature", setting, horizon, lookback: 120 },
    methods: [harmonic({ trend: 1, harmonics: 2, season: 12 }), randomWalk, naive, linear],
  },
  {
    ...{ dataset: "sunspots", series: "sunspots", setting, horizon, lookback: 264 },
    methods: [harmonic({ trend: 0, harmonics: 2, season: 132 }), randomWalk, naive, linear],
  },
];
const blocks = 10;
const [{ methods: [{ label: baseline }] }] = cases;

/** Stated before the runs: no worse by more than 5 %. */
const stated: Hypothesis = {
  unit: "block",
  seeds: blockNumbers(blocks),
  clauses: clausesAgainstAll(cases, 1.05),
  amendments: [
    "it was the harmonic regression alone with which the linear map was compared, and on temperature a random walk beats that.",
  ],
};

/** Tags: dataset, horizon, method. */
export const grid: Grid = (g) => g.table(forecastJobs(g, cases));

/** The table: one row for each series and forecaster. */
export function summarize(runs: Runs): Summary {
  const rows = forecastRows(runs, cases, blocks);
  const shown = cases.map((one) => {
    const [best] = one.methods.slice(0, -1).map((method) => rowFor(rows, one, method))
      .toSorted((a, b) => a.score - b.score);
    const { series, score } = rowFor(rows, one, linear);
    return `${series} ${score.toPrecision(2)} against ${
      best.score.toPrecision(2)
    } (${best.method})`;
  });
  return {
    ...domainTable(rows, squaredError, baseline),
    verdict: verdictOf(stated, effectsAgainstAll(rows, cases)),
    findings: [
      `Squared error a year ahead, linear map against trend, harmonics and autoregression: ${
        shown.join(", ")
      }.`,
    ],
    plots: [
      gainPlot(
        "What forecasters gain on the harmonic regression",
        "",
        "log(error of the harmonic regression / error)",
        baseline,
      ),
    ],
  };
}
