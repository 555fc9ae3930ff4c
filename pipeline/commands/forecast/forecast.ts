/**
 * @file `deno task forecast`: the table of forecasters for anyone's CSV file, and the forecast beyond
 * its last row. Results go to stdout; everything the program decided for the user goes to stderr.
 */
import { existsSync, readFileSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import process from "node:process";
import { extract } from "../../../lib/data/archive.ts";
import { DataError } from "../../../lib/data/data_error.ts";
import {
  describeInterval,
  inferInterval,
  type Interval,
  usualSeason,
} from "../../../lib/data/dates.ts";
import { type DatasetEntry, parseEntries, readOptions } from "../../../lib/data/entry.ts";
import { fetchDataset } from "../../../lib/data/fetch_dataset.ts";
import { readSeries, type Series } from "../../../lib/data/series.ts";
import { writeAtomic } from "../../../lib/data/write_atomic.ts";
import { forecastBeyond } from "../../../lib/tasks/forecasting/forecast.ts";
import { makeProblem, type Problem } from "../../../lib/tasks/forecasting/problem.ts";
import { type Candidate, evaluateAll } from "./models.ts";
import { type Options, parseOptions, USAGE, UsageError } from "./options.ts";
import { table, toCsv, toRow } from "./report.ts";

/** Reads the file, or the dataset of that id; flags win over the entry. */
async function load(options: Options, note: (line: string) => void) {
  const { file, read } = options;
  if (existsSync(file) && statSync(file).isFile()) {
    const bytes = extract(readFileSync(file), undefined, file);
    return { series: readSeries(new TextDecoder().decode(bytes), file, read), entry: undefined };
  }
  const root = fileURLToPath(new URL("../../../data", import.meta.url));
  const registry = `${root}/datasets.json`;
  const entries = parseEntries(readFileSync(registry, "utf8"), registry);
  const entry = entries.find(({ id }) => id === file);
  if (!entry) {
    const ids = entries.map(({ id }) => id).join(", ");
    throw new DataError({ file }, `no such file, and no dataset of this id. Datasets: ${ids}.`);
  }
  const { bytes, origin } = await fetchDataset(entry, {
    root,
    mirror: process.env.DEEP_LINEAR_MIRROR,
  });
  note(`${entry.id}: ${entry.title}. Licence: ${entry.licence}. Read from ${origin}`);
  const given = Object.fromEntries(Object.entries(read).filter(([, value]) => value !== undefined));
  const text = new TextDecoder().decode(bytes);
  return { series: readSeries(text, entry.id, { ...readOptions(entry), ...given }), entry };
}

/** The season to use, and how it was found. */
function chooseSeason(
  options: Options,
  entry: DatasetEntry | undefined,
  interval: Interval | undefined,
  note: (line: string) => void,
): number | undefined {
  if (options.season !== undefined) return options.season;
  if (entry?.season !== undefined) return entry.season;
  const season = interval && usualSeason(interval);
  if (season === undefined) {
    note(
      "seasonal-naive is left out: no usual season is known for this series. Give --season ROWS.",
    );
    return undefined;
  }
  note(
    `season ${season} rows, the usual one at ${describeInterval(interval!)} (--season changes it).`,
  );
  return season;
}

/** Width up to which the default depths train within seconds. */
const QUICK_WIDTH = 128;

function chooseDepths(options: Options, note: (line: string) => void): number[] {
  if (options.depths) return options.depths;
  if (Math.min(options.lookback, options.horizon) <= QUICK_WIDTH) return [1, 10];
  note("deep-linear-10 is left out: at this size it takes minutes. --depths 1,10 includes it.");
  return [1];
}

async function writeForecast(
  options: Options,
  series: Series,
  problem: Problem,
  candidates: Candidate[],
  interval: Interval | undefined,
  note: (line: string) => void,
): Promise<void> {
  // A deep linear network ends in the map of least squares: training it again would buy nothing.
  const closedForm = candidates.filter(({ id }) => !id.startsWith("deep-linear"));
  const validationMse = ({ validation }: Candidate) => validation?.mse ?? Infinity;
  const chosen = options.model === undefined
    ? closedForm.reduce((best, c) => validationMse(c) < validationMse(best) ? c : best)
    : candidates.find(({ id }) => id === options.model);
  if (!chosen) {
    const ids = candidates.map(({ id }) => id).join(", ");
    throw new UsageError(`--model ${options.model}: not in the table. Models: ${ids}.`);
  }
  const whole = {
    ...problem,
    split: { ...problem.split, train: [0, series.rows] as [number, number] },
  };
  const { forecaster } = await chosen.refit(whole);
  const fitted = chosen.fit.forecaster;
  const forecast = await forecastBeyond(series, problem, fitted, forecaster, options.level);
  await writeAtomic(options.out!, toCsv(series, forecast, problem.horizon, interval));
  note(
    `${options.out}: ${problem.horizon} rows by ${chosen.id}, fitted again on all ${series.rows} rows. ` +
      `${
        100 * options.level
      } % intervals from its errors on validation and test; on test they covered ` +
      `${(100 * forecast.coverage).toFixed(1)} % when calibrated on validation.`,
  );
}

/** Runs the command. @throws UsageError, DataError or RangeError for what the user can correct. */
async function main(args: string[]): Promise<void> {
  const note = (line: string) => console.error(`note: ${line}`);
  const options = parseOptions(args);
  if (!options) {
    console.log(USAGE);
    return;
  }
  const { series, entry } = await load(options, note);
  series.notes.forEach(note);
  const sampling = series.dates && inferInterval(series.dates);
  if (sampling && sampling.irregular > 0) {
    note(
      `${sampling.irregular} of ${series.rows - 1} steps between dates are not ` +
        `${describeInterval(sampling.interval)}: rows are treated as evenly spaced.`,
    );
  }
  const split = options.split ?? entry?.split ?? "70/10/20";
  const problem = makeProblem(series, {
    lookback: options.lookback,
    horizon: options.horizon,
    split,
    season: chooseSeason(options, entry, sampling?.interval, note),
    dropConstant: options.dropConstant || entry?.drop_constant,
  });
  problem.notes.forEach(note);
  const [train, validation, test] = [
    problem.split.train,
    problem.split.validation,
    problem.split.test,
  ]
    .map(([from, to]) => to - from);
  if (problem.season !== undefined && problem.season > train) {
    note(
      `seasonal-naive is left out: season ${problem.season} exceeds the ${train} training rows.`,
    );
    problem.season = undefined;
  }
  const depths = chooseDepths(options, note);
  const terminal = process.stderr.isTTY;
  const progress = (line: string) => terminal && process.stderr.write(`\r\x1b[K${line}`);
  const candidates = await evaluateAll(problem, depths, progress);
  progress("");
  if (options.out) {
    await writeForecast(options, series, problem, candidates, sampling?.interval, note);
  }
  const rows = candidates.map((candidate) => toRow(problem, candidate));
  if (options.json) {
    console.log(JSON.stringify({ rows }));
    return;
  }
  const columns = `${problem.columns.length} column${problem.columns.length === 1 ? "" : "s"}`;
  console.log(
    `${series.file}: ${series.rows} rows, ${columns}; lookback ${problem.lookback}, ` +
      `horizon ${problem.horizon}; split ${split} (${train}/${validation}/${test} rows), ` +
      `${rows[0].windows} test windows; standardised values\n`,
  );
  console.log(table(rows));
}

if (import.meta.main) {
  try {
    await main(process.argv.slice(2));
  } catch (error) {
    // Errors of the system (a folder that cannot be written) carry a code.
    const expected = error instanceof UsageError || error instanceof DataError ||
      error instanceof RangeError || typeof (error as { code?: unknown }).code === "string";
    // Anything else is a fault of the program: show where.
    console.error(expected ? `error: ${(error as Error).message}` : error);
    process.exitCode = 1;
  }
}
