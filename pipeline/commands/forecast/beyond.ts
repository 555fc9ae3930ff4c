/** @file The forecast beyond the last row: which model makes it, at which level its intervals are, and what is said of it. */
import type { Series } from "../../../lib/data/series.ts";
import { attainableLevel, calibrationErrors } from "../../../lib/tasks/forecasting/calibration.ts";
import { type Forecast, forecastBeyond } from "../../../lib/tasks/forecasting/forecast.ts";
import type { Fit } from "../../../lib/tasks/forecasting/forecaster.ts";
import type { Problem } from "../../../lib/tasks/forecasting/problem.ts";
import { UsageError } from "../../usage_error.ts";
import type { Candidate } from "./models.ts";

/** A forecast, and what made it. */
export interface Beyond {
  model: string;
  /** Of the model on all rows. */
  fit: Fit;
  forecast: Forecast;
}

/** Share of values that intervals cover where no other is asked for. */
export const USUAL_LEVEL = 0.9;

/**
 * The levels of the intervals: what was asked for, or the usual one, or less where errors are too few for it.
 * @throws {UsageError} for a level that was asked for and that so few errors cannot give.
 */
export function chooseLevels(
  problem: Problem,
  asked: readonly number[] | undefined,
  note: (line: string) => void,
): number[] {
  return asked?.map((level) => chooseLevel(problem, level, note)) ??
    [chooseLevel(problem, undefined, note)];
}

function chooseLevel(
  problem: Problem,
  asked: number | undefined,
  note: (line: string) => void,
): number {
  const errors = calibrationErrors(problem);
  const most = attainableLevel(errors);
  const level = asked ?? USUAL_LEVEL;
  // The rank (errors + 1) level must be one of the errors, but for rounding.
  if ((errors + 1) * level <= errors + 1e-9) return level;
  const few = `${errors} error${errors === 1 ? "" : "s"} a step on validation and test`;
  if (asked !== undefined) {
    const digits = 10 ** Math.max(2, Math.ceil(Math.log10(errors + 1)));
    throw new UsageError(
      `--level ${asked}: ${few} are too few, they cannot give that level; intervals reach ${
        percent(most)
      } at most. Give --level ${
        Math.floor(digits * most + 1e-9) / digits
      } or less, a shorter --horizon, or more rows.`,
    );
  }
  note(
    `intervals are of ${percent(most)}: ${few} cannot give the usual ${
      percent(level)
    }. More rows or a shorter --horizon give more.`,
  );
  return most;
}

/**
 * What a model must be called to make the forecast.
 * @throws {UsageError} for a model that this table has not.
 */
export function requireInTable(
  model: string,
  problem: Problem,
  depths: readonly number[],
): void {
  const ids = [
    "repeat-last",
    ...(problem.season === undefined ? [] : ["seasonal-naive"]),
    "ols",
    "ols-in",
    ...depths.map((depth) => `deep-linear-${depth}`),
  ];
  if (ids.includes(model)) return;
  const depth = /^deep-linear-(\d+)$/.exec(model)?.[1];
  const next = depth
    ? ` --depths ${depth} includes it.`
    : model === "seasonal-naive"
    ? " It needs a season that the training rows hold: --season ROWS."
    : "";
  throw new UsageError(`--model ${model}: not in the table. Models: ${ids.join(", ")}.${next}`);
}

/** The model that is named, or else the closed form of the lowest validation error. */
export function chooseModel(candidates: readonly Candidate[], model?: string): Candidate {
  // A deep linear network ends in the map of least squares: training it again would buy nothing.
  const closedForm = candidates.filter(({ id }) => !id.startsWith("deep-linear"));
  const validationMse = ({ validation }: Candidate) => validation?.mse ?? Infinity;
  return model === undefined
    ? closedForm.reduce((best, c) => validationMse(c) < validationMse(best) ? c : best)
    : candidates.find(({ id }) => id === model)!;
}

/** By a model of the table, fitted again on all rows. */
export async function makeForecast(
  series: Series,
  problem: Problem,
  chosen: Candidate,
  levels: readonly number[],
): Promise<Beyond> {
  const whole = {
    ...problem,
    split: { ...problem.split, train: [0, series.rows] as [number, number] },
  };
  const fit = await chosen.refit(whole);
  const fitted = chosen.fit.forecaster;
  const forecast = await forecastBeyond(series, problem, fitted, fit.forecaster, levels);
  return { model: chosen.id, fit, forecast };
}

/** What the forecast is, in a sentence. */
export function describe({ model, forecast }: Beyond, series: Series, problem: Problem): string {
  const sentences = forecast.intervals.map(({ level, coverage }) =>
    ` ${percent(level)} intervals from its errors on validation and test; ` +
    (coverage === undefined
      ? "how much they cover cannot be checked: validation alone has too few errors for this level."
      : `on test they covered ${(100 * coverage).toFixed(1)} % when calibrated on validation.`)
  );
  return `${problem.horizon} row${
    problem.horizon === 1 ? "" : "s"
  } by ${model}, fitted again on all ` +
    `${series.rows} rows.${sentences.join("")}`;
}

/** A share as a percentage of at most four digits. */
export function percent(share: number): string {
  return `${Number((100 * share).toPrecision(4))} %`;
}
