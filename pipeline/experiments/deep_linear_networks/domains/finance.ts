/** @file Prices and volatility: a linear map of past values against the random walk, expecting no skill on prices. */
import type { Hypothesis } from "../../../../lib/analysis/judge.ts";
import type { Grid } from "../../../graph.ts";
import type { ExperimentMeta, Summary } from "../../../results.ts";
import { blockEffect } from "../../../table/blocks.ts";
import { verdictOf } from "../../../table/judged.ts";
import type { Runs } from "../../../table/runs.ts";
import { percent } from "../../../table/verdict.ts";
import { notAvailable, ticks } from "./shared/absent.ts";
import { blockNumbers } from "./shared/assessed.ts";
import { domainTable, gainOf, gainPlot } from "./shared/domain_table.ts";
import {
  type Case,
  forecastJobs,
  forecastRows,
  linear,
  type Method,
  randomWalk,
  rowFor,
  squaredError,
} from "./shared/field_forecasts.ts";

export const meta: ExperimentMeta = {
  id: "finance",
  title: "Prices and volatility, by a linear map",
  question: "Is there anything in past prices that a linear map can use?",
  hypothesis:
    "No linear map of past values saves more than 1 % of the squared error of the random walk on Bitcoin or oil; on the VIX, a volatility, " +
    "which reverts to its mean, it does better than the random walk a month ahead.",
  method:
    "Bitcoin by the hour (2017 to 2018), WTI oil (1986 to 2026) and the VIX (1990 to 2026) by trading day; levels, not logarithms, since oil " +
    "was sold at a negative price in April 2020. The **linear map** is ridge regression toward the random walk, its ridge chosen on the " +
    "validation rows (10 %), where the random walk itself is one of the choices; **HAR** is the heterogeneous autoregression on means of " +
    "1, 5 and 22 rows (24 and 168 of Bitcoin's hours). The test is the last 20 % in 20 blocks, each longer than the horizon; a gain is the mean over blocks of " +
    "log(error of the random walk / error), so a block of crisis weighs no more than a quiet one. Costs of trading are not counted: this is no strategy. " +
    notAvailable("Tick data", ticks),
  from: "standard",
};

const har = (...means: number[]): Method => ({
  ...{ label: "HAR", reference: "heterogeneous_autoregression", options: { means } },
});
const daily = [randomWalk, har(1, 5, 22), linear];
const hourly = [randomWalk, har(1, 24, 168), linear];
const bitcoin = { dataset: "btc-hourly", series: "Bitcoin", lookback: 168, methods: hourly };
const oil = { dataset: "wti", series: "oil", lookback: 64, methods: daily };
const vix = { dataset: "vix", series: "VIX", lookback: 64, methods: daily };
const prices: Case[] = [
  { ...bitcoin, setting: "next row", horizon: 1 },
  { ...bitcoin, setting: "day or month", horizon: 24 },
  { ...oil, setting: "next row", horizon: 1 },
  { ...oil, setting: "day or month", horizon: 22 },
];
const volatility: Case[] = [
  { ...vix, setting: "next row", horizon: 1 },
  { ...vix, setting: "day or month", horizon: 22 },
];
const cases = [...prices, ...volatility];
const blocks = 20;

/** Stated before the runs. */
const stated: Hypothesis = {
  unit: "block",
  seeds: blockNumbers(blocks),
  clauses: [
    ...prices.map(({ series, horizon }) => ({
      what: `error of the linear map over that of the random walk, ${series} ${horizon} ahead`,
      ...{ metric: "mean squared error", scale: "factor" as const, margin: Math.log(0.99) },
    })),
    {
      what: `error of the random walk over that of the linear map, VIX ${
        volatility[1].horizon
      } ahead`,
      ...{ metric: "mean squared error", scale: "factor" as const },
    },
  ],
};

/** Tags: dataset, horizon, method. */
export const grid: Grid = (g) => g.table(forecastJobs(g, cases));

/** The table: one row for each series, horizon and forecaster. */
export function summarize(runs: Runs): Summary {
  const rows = forecastRows(runs, cases, blocks);
  const gains = cases.map((one) => gainOf(rowFor(rows, one, linear), squaredError));
  const effects = prices.map((_, i) => blockEffect(...gains[i].toReversed() as typeof gains[0]));
  const saved = cases.map(({ series, horizon }, i) => {
    const { values } = blockEffect(...gains[i]);
    return `${series} ${horizon} ahead ${
      percent(values.reduce((a, b) => a + b, 0) / values.length)
    }`;
  });
  return {
    ...domainTable(rows, squaredError, randomWalk.label),
    verdict: verdictOf(stated, [...effects, blockEffect(...gains[cases.length - 1])]),
    findings: [`What a linear map saves of the random walk's squared error: ${saved.join(", ")}.`],
    plots: [
      gainPlot(
        "What forecasters gain on the random walk",
        "Above 0 there is skill.",
        "log(error of the random walk / error)",
        randomWalk.label,
      ),
    ],
  };
}
