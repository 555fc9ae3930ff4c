/**
 * @file What the forecast command writes: rows for machines, a table for people, the forecast as CSV.
 */
import { formatDate, type Interval, nextDate } from "../../../lib/data/dates.ts";
import type { Series } from "../../../lib/data/series.ts";
import type { Forecast } from "../../../lib/tasks/forecasting/forecast.ts";
import type { Problem } from "../../../lib/tasks/forecasting/problem.ts";
import type { Candidate } from "./models.ts";

/** One line of the table; errors are of standardised values on the test rows. */
export function toRow(
  problem: Problem,
  { id, test, validation, fit, seconds }: Candidate,
) {
  return {
    model: id,
    mse: test.mse,
    mae: test.mae,
    lookback: problem.lookback,
    horizon: problem.horizon,
    windows: test.windows,
    validation_mse: validation?.mse,
    training_loss: fit.metrics.trainingLoss,
    excess_training_loss: fit.metrics.excess,
    seconds,
  };
}

/** The rows as aligned text. */
export function table(rows: ReturnType<typeof toRow>[]): string {
  const header = ["model", "MSE", "MAE", "validation MSE", "training loss", "over OLS", "seconds"];
  const error = (value: number | undefined) =>
    value === undefined ? "" : value < 0.01 ? value.toPrecision(3) : value.toFixed(4);
  const excess = (value: number | undefined) =>
    value === undefined ? "" : `${(100 * value).toFixed(3)} %`;
  const cells = rows.map((row) => [
    row.model,
    error(row.mse),
    error(row.mae),
    error(row.validation_mse),
    error(row.training_loss),
    excess(row.excess_training_loss),
    row.seconds.toFixed(2),
  ]);
  const all = [header, ...cells];
  const widths = header.map((_, j) => Math.max(...all.map((row) => row[j].length)));
  return all.map((row) =>
    row.map((cell, j) => j === 0 ? cell.padEnd(widths[j]) : cell.padStart(widths[j])).join("  ")
      .trimEnd()
  ).join("\n");
}

/** The forecast as CSV: date (or step), then value, lower and upper end of each column. */
export function toCsv(
  series: Series,
  { columns, point, low, high }: Forecast,
  horizon: number,
  interval: Interval | undefined,
): string {
  const quote = (text: string) => /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  const dated = series.dates && interval;
  const header = [dated ? series.dateColumn! : "step"];
  for (const name of columns) header.push(name, `${name}_low`, `${name}_high`);
  const lines = [header.map(quote).join(",")];
  const dateOnly = series.dates?.every((time) => time % 86_400_000 === 0) ?? false;
  let time = series.dates?.at(-1) ?? 0;
  for (let h = 0; h < horizon; h++) {
    if (dated) time = nextDate(time, interval);
    const row = [dated ? formatDate(time, dateOnly) : String(h + 1)];
    columns.forEach((_, c) => {
      for (const values of [point, low, high]) {
        row.push(String(Number(values[c][h].toPrecision(8))));
      }
    });
    lines.push(row.join(","));
  }
  return lines.join("\n") + "\n";
}
