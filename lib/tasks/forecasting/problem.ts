/**
 * @file A forecasting problem: one series, split and standardised, with a lookback and a horizon.
 * Everything a model may see is here, and everything a metric is computed from.
 */
import { DataError } from "../../data/data_error.ts";
import type { Series } from "../../data/series.ts";
import { outlierNotes, requireFinite, requireScorable } from "./checks.ts";
import { type Split, type SplitName, splitRows } from "./split.ts";
import { extremes, isConstant, standardise } from "./standardise.ts";

/** What turns a series into a problem. */
export interface ProblemOptions {
  /** Rows a forecast looks back on. */
  lookback: number;
  /** Rows it forecasts. */
  horizon: number;
  /** Where training ends and testing begins. */
  split: SplitName;
  /** Rows a season, for the seasonal naive forecast. */
  season?: number;
  /** Leave out channels that do not vary in the training rows instead of refusing them. */
  dropConstant?: boolean;
}

/** A series ready for forecasters: rows are times, channels are columns. */
export interface Problem {
  /** Where the series came from, for messages. */
  file: string;
  /** Rows a forecast looks back on. */
  lookback: number;
  /** Rows it forecasts. */
  horizon: number;
  /** Rows a season; absent where none was named. */
  season?: number;
  /** Rows of training, validation and test. */
  split: Split;
  /** Names of the columns that are forecast. */
  columns: string[];
  /** Standardised values, one array a column; models fit on rows of `split.train` only. */
  channels: Float64Array[];
  /** Means of the training rows, a column each, in the units of the file. */
  mean: Float64Array;
  /** Population standard deviations of the same rows, likewise. */
  deviation: Float64Array;
  /** What was decided about the data, one sentence each, for the user to see. */
  notes: string[];
}

/**
 * Splits a series and standardises each channel with the mean and the (population) standard
 * deviation of its training rows.
 * @throws DataError for too few rows, a channel that is constant up to rounding, a value that is not finite, or one so far from all
 *   others that no score survives it.
 */
export function makeProblem(series: Series, options: ProblemOptions): Problem {
  const { lookback, horizon, season } = options;
  requireCount("lookback", lookback);
  requireCount("horizon", horizon);
  if (season !== undefined) requireCount("season", season);
  const split = splitRows(series.rows, options.split, series.file);
  requireRows(series, split, options);
  const notes: string[] = [];
  const columns: string[] = [];
  const channels: Float64Array[] = [];
  const means: number[] = [];
  const deviations: number[] = [];
  series.channels.forEach((values, c) => {
    const column = series.columns[c];
    requireFinite(series, c);
    const train = values.subarray(...split.train);
    if (isConstant(train)) {
      const [low, high] = extremes(train);
      const value = low === high ? `${low}` : `${low} to ${high}, which is rounding`;
      if (!options.dropConstant) {
        throw new DataError(
          { file: series.file, column },
          `constant (${value}) over the ${train.length} training rows, so it cannot be ` +
            "standardised. Choose other columns, or drop constant ones " +
            '(--drop-constant, or "drop_constant": true in the dataset entry).',
        );
      }
      notes.push(`column ${JSON.stringify(column)} is constant in the training rows: left out.`);
      return;
    }
    notes.push(...outlierNotes(series, c));
    const { mean, deviation, standardised } = standardise(values, split.train);
    requireScorable(series, c, standardised);
    columns.push(column);
    means.push(mean);
    deviations.push(deviation);
    channels.push(standardised);
  });
  if (channels.length === 0) {
    throw new DataError({ file: series.file }, "every column is constant in the training rows.");
  }
  const mean = Float64Array.from(means);
  const deviation = Float64Array.from(deviations);
  return {
    file: series.file,
    lookback,
    horizon,
    season,
    split,
    columns,
    channels,
    mean,
    deviation,
    notes,
  };
}

function requireCount(name: string, value: number): void {
  if (!Number.isInteger(value) || value < 1) {
    throw new RangeError(`${name} is ${value}; it must be a whole number of rows, at least 1.`);
  }
}

function requireRows(series: Series, split: Split, { lookback, horizon }: ProblemOptions): void {
  const parts: [string, [number, number], number][] = [
    ["training", split.train, lookback + horizon],
    ["validation", split.validation, horizon],
    ["test", split.test, horizon],
  ];
  for (const [name, [from, to], needed] of parts) {
    if (to - from >= needed) continue;
    const why = needed === horizon
      ? `horizon ${horizon}`
      : `lookback ${lookback} + horizon ${horizon}`;
    throw new DataError(
      { file: series.file },
      `${series.rows} rows leave ${to - from} for ${name}, but ${why} needs ${needed}. ` +
        "Use a shorter lookback or horizon, or more data.",
    );
  }
}
