/**
 * @file What the page on forecasting computes: `deno task forecast` on a file of the reader's, with the closed forms only, by the
 * command's own code.
 */
import { type ReadOptions, readSeries } from "../../../lib/data/series.ts";
import { DataError } from "../../../lib/data/data_error.ts";
import { evaluate } from "../../../lib/tasks/forecasting/evaluate.ts";
import type { Fit } from "../../../lib/tasks/forecasting/forecaster.ts";
import { makeProblem, type Problem } from "../../../lib/tasks/forecasting/problem.ts";
import * as ols from "../../../lib/tasks/forecasting/references/ols.ts";
import * as olsIn from "../../../lib/tasks/forecasting/references/ols_in.ts";
import * as repeatLast from "../../../lib/tasks/forecasting/references/repeat_last.ts";
import * as seasonalNaive from "../../../lib/tasks/forecasting/references/seasonal_naive.ts";
import { naiveErrors } from "../../../lib/tasks/forecasting/scaled_errors.ts";
import {
  chooseLevels,
  chooseModel,
  describe,
  makeForecast,
} from "../../../pipeline/commands/forecast/beyond.ts";
import {
  explain,
  explanationCsv,
  requireExplainable,
} from "../../../pipeline/commands/forecast/explain.ts";
import { futureOf } from "../../../pipeline/commands/forecast/future.ts";
import type { Candidate } from "../../../pipeline/commands/forecast/models.ts";
import { endsOf, headerOf, toCsv, toRow } from "../../../pipeline/commands/forecast/report.ts";
import { chooseSeason } from "../../../pipeline/commands/forecast/season.ts";

/** What is asked. */
export interface Question {
  /** Its name. */
  file: string;
  /** What it holds. */
  content: Uint8Array | string;
  /** Rows a forecast looks back on, and rows it forecasts; what suits the number of rows, where they are not given. */
  lookback?: number;
  horizon?: number;
  read?: ReadOptions;
  /** As a dataset's entry says it. */
  season?: number;
}

/** One column: what it was, what it will be, and what that is made of. Values are in the units of the file. */
export interface Column {
  name: string;
  /** Rows before the forecast: at least those that it looks back on. */
  past: Float64Array;
  point: Float64Array;
  low: Float64Array;
  high: Float64Array;
  /** [lookback, horizon]: what each of the last rows adds to each step. */
  adds: Float64Array;
  /** [horizon]: what the forecast is without them. */
  baseline: Float64Array;
  /** [horizon]: what the deviation of the window adds, where the model asks for it. */
  deviation?: Float64Array;
}

/** What is found. */
export interface Found {
  /** What was decided on the way. */
  notes: string[];
  rows: ReturnType<typeof toRow>[];
  /** Of `rows`: what makes the forecast. */
  model: string;
  /** In a sentence. */
  said: string;
  lookback: number;
  horizon: number;
  /** Share that the intervals cover. */
  level: number;
  /** Whether times are milliseconds, or else numbers of rows. */
  dated: boolean;
  /** Of the rows of `past`, and of those that are forecast. */
  pastTimes: Float64Array;
  times: Float64Array;
  /** Of the inputs, oldest first, and of the steps, as the file writes dates. */
  inputTexts: string[];
  stepTexts: string[];
  columns: Column[];
  forecastCsv: string;
  explanationCsv: string;
  seconds: number;
}

/** Rows of a drawing before the forecast, in horizons. */
const HORIZONS_BEFORE = 4;

/** @throws {DataError} or {RangeError} saying what is wrong with the file or the numbers, and what to do */
export async function forecastFile(question: Question): Promise<Found> {
  const start = performance.now();
  const { file, content, read, season } = question;
  refusePacked(file, content);
  const series = readSeries(content, file, read);
  const notes = [`Read as: ${series.how}`, ...series.notes];
  const note = (line: string) =>
    notes.push(line.replace(/ (?:\(--season changes it\)|Give --season ROWS)\.?/, "."));
  const { lookback, horizon } = { ...suited(series.rows), ...givenSizes(question) };
  const problem = makeProblem(series, {
    ...{ lookback, horizon, split: "70/10/20", dropConstant: true },
    season: chooseSeason(season, { interval: series.sampling?.interval, rows: series.rows }, note),
  });
  problem.notes.forEach(note);
  const [from, to] = problem.split.train;
  if (problem.season !== undefined && problem.season > to - from) problem.season = undefined;
  requireExplainable(problem);
  const candidates = await closedForms(problem);
  const chosen = chooseModel(candidates);
  const levels = chooseLevels(problem, undefined, note);
  const beyond = await makeForecast(series, problem, chosen, levels);
  const future = futureOf(series, horizon);
  const explanation = await explain(series, problem, beyond, future);
  const naive = candidates.findLast(({ id }) => id === "repeat-last" || id === "seasonal-naive")!;
  const benchmark = { naive: naiveErrors(problem), mse: naive.test.mse };
  const { forecast } = beyond;
  const header = headerOf(
    future.dated ? series.dateColumn : undefined,
    problem.columns,
    endsOf(levels),
  );
  const inputs = explanation.inputs.length;
  const before = Math.min(series.rows, Math.max(inputs, HORIZONS_BEFORE * horizon));
  return {
    ...{ notes, lookback, horizon, model: chosen.id, said: describe(beyond, series, problem) },
    rows: candidates.map((candidate) => toRow(problem, candidate, benchmark)),
    ...{ level: levels[0], dated: future.dated, times: future.times },
    pastTimes: future.past.slice(-before),
    ...{ inputTexts: explanation.inputs, stepTexts: explanation.steps },
    columns: explanation.columns.map(({ column, parts }, c) => ({
      name: column,
      past: series.channels[series.columns.indexOf(column)].slice(-before),
      point: forecast.point[c],
      low: forecast.intervals[0].low[c],
      high: forecast.intervals[0].high[c],
      ...{ adds: parts.inputs, baseline: parts.baseline, deviation: parts.deviation },
    })),
    forecastCsv: toCsv(header, forecast, future),
    explanationCsv: explanationCsv(explanation),
    seconds: (performance.now() - start) / 1000,
  };
}

/** The command unpacks archives with what Deno has and browsers have not. */
function refusePacked(file: string, content: Question["content"]): void {
  if (typeof content === "string") return;
  const [a, b] = content;
  const packed = a === 0x50 && b === 0x4b || a === 0x1f && b === 0x8b;
  if (!packed) return;
  throw new DataError(
    { file },
    "it is packed. Unpack it and choose the CSV itself, or give it to deno task forecast as it is.",
  );
}

/** Sizes that leave enough rows to train and to test on. */
export function suited(rows: number): { lookback: number; horizon: number } {
  const horizon = Math.max(1, Math.min(96, Math.floor(rows / 25)));
  return { horizon, lookback: Math.max(1, Math.min(336, Math.floor(rows / 10), 4 * horizon)) };
}

function givenSizes({ lookback, horizon }: Question) {
  return { ...(lookback && { lookback }), ...(horizon && { horizon }) };
}

/** Those of the command's table that are not trained, in its order. */
async function closedForms(problem: Problem): Promise<Candidate[]> {
  const forms: [id: string, fitTo: (problem: Problem) => Fit][] = [
    ["repeat-last", repeatLast.fit],
    ...(problem.season === undefined
      ? []
      : [["seasonal-naive", seasonalNaive.fit] as [string, (problem: Problem) => Fit]]),
    ["ols", ols.fit],
    ["ols-in", olsIn.fit],
  ];
  const candidates: Candidate[] = [];
  for (const [id, fitTo] of forms) {
    const start = performance.now();
    const fit = fitTo(problem);
    const scores = await evaluate(problem, fit.forecaster);
    const seconds = (performance.now() - start) / 1000;
    candidates.push({
      id,
      fit,
      ...scores,
      seconds,
      refit: (whole) => Promise.resolve(fitTo(whole)),
    });
  }
  return candidates;
}
