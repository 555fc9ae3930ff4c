/** @file `--origins`: scores and coverage by step ahead from rolling origins, as a table. */
import type { Problem } from "../../../lib/tasks/forecasting/problem.ts";
import { mostOrigins, type StepScores } from "../../../lib/tasks/forecasting/rolling.ts";
import { UsageError } from "../../usage_error.ts";
import { percent } from "./beyond.ts";
import { aligned, error } from "./report.ts";

/** Before anything is fitted. @throws {UsageError} for more origins than the test rows have. */
export function requireOrigins(origins: number, problem: Problem): void {
  const most = mostOrigins(problem);
  if (origins <= most) return;
  throw new UsageError(
    `--origins ${origins}: the test rows have ${most} at horizon ${problem.horizon}. ` +
      `Give --origins ${most} or less, a shorter --horizon, or more rows.`,
  );
}

/** Steps of the table; the JSON has all. */
const MOST_STEPS = 12;

/** Scores of some steps, evenly spaced with the first and the last, and of all together. */
export function originsTable(
  scores: readonly StepScores[],
  levels: readonly number[],
  { model, origins }: { model: string; origins: number },
): string {
  const last = scores.length - 1, count = Math.min(MOST_STEPS, scores.length);
  const shown = new Set(
    Array.from({ length: count }, (_, k) => count === 1 ? 0 : Math.round(k * last / (count - 1))),
  );
  const share = (value: number | undefined) =>
    value === undefined ? "" : `${(100 * value).toFixed(1)} %`;
  const row = (name: string, { mse, mae, coverage }: Omit<StepScores, "step">) => [
    ...[name, error(mse), error(mae), ...coverage.map(share)],
  ];
  return `${origins} rolling origins in the test rows, ${model}:\n\n` + aligned([
    ["step", "MSE", "MAE", ...levels.map((level) => `in ${percent(level)}`)],
    ...[...shown].map((h) => row(String(scores[h].step), scores[h])),
    row("all", overall(scores)),
  ]);
}

/** Averages over steps; coverage of a level only where all steps have it. */
export function overall(scores: readonly StepScores[]): Omit<StepScores, "step"> {
  const average = (of: (score: StepScores) => number | undefined) =>
    scores.reduce((sum, score) => sum + (of(score) ?? NaN), 0) / scores.length;
  return {
    mse: average(({ mse }) => mse),
    mae: average(({ mae }) => mae),
    coverage: scores[0].coverage.map((_, l) => {
      const share = average(({ coverage }) => coverage[l]);
      return Number.isNaN(share) ? undefined : share;
    }),
  };
}
