/**
 * @file What the forecast command writes: rows for machines, a table for people, the forecast as CSV.
 */
import type { Forecast } from "../../../lib/tasks/forecasting/forecast.ts";
import type { Problem } from "../../../lib/tasks/forecasting/problem.ts";
import type { Future } from "./future.ts";
import {
  meanAbsoluteScaledError,
  skillScore,
} from "../../../lib/tasks/forecasting/scaled_errors.ts";
import type { Candidate } from "./models.ts";

/** What the errors of all models are measured by. */
export interface Benchmark {
  /** Naive error of each column in the training rows; see scaled_errors.ts. */
  naive: Float64Array;
  /** MSE of the naive forecast on the test rows. */
  mse: number;
}

/** One line of the table; errors are of standardised values on the test rows. */
export function toRow(
  problem: Problem,
  { id, test, validation, fit, seconds }: Candidate,
  { naive, mse }: Benchmark,
) {
  return {
    model: id,
    mse: test.mse,
    mae: test.mae,
    mase: meanAbsoluteScaledError({ test }, naive),
    skill: skillScore(test.mse, mse),
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
  const header = [
    ...["model", "MSE", "MAE", "MASE", "skill"],
    ...["validation MSE", "training loss", "over OLS", "seconds"],
  ];
  const excess = (value: number | undefined) =>
    value === undefined ? "" : `${(100 * value).toFixed(3)} %`;
  const cells = rows.map((row) => [
    row.model,
    error(row.mse),
    error(row.mae),
    error(row.mase),
    row.skill?.toFixed(3) ?? "",
    error(row.validation_mse),
    error(row.training_loss),
    excess(row.excess_training_loss),
    row.seconds.toFixed(2),
  ]);
  return aligned([header, ...cells]);
}

/** An error as the tables show it; nothing where there is none. */
export function error(value: number | undefined): string {
  return value === undefined ? "" : value < 0.01 ? value.toPrecision(3) : value.toFixed(4);
}

/** Rows of cells below each other: the first to the left, the others to the right. */
export function aligned(all: string[][]): string {
  const widths = all[0].map((_, j) => Math.max(...all.map((row) => row[j].length)));
  return all.map((row) =>
    row.map((cell, j) => j === 0 ? cell.padEnd(widths[j]) : cell.padStart(widths[j])).join("  ")
      .trimEnd()
  ).join("\n");
}

/**
 * The forecast as CSV: date (or step), then value, lower and upper end of each column; the shortest digits that read back as the
 * same numbers.
 * @param header of {@linkcode headerOf}
 */
export function toCsv(
  header: readonly string[],
  { columns, point, intervals }: Forecast,
  future: Pick<Future, "texts">,
): string {
  const lines = [header.map(quote).join(",")];
  future.texts.forEach((text, h) => {
    const row = [quote(text)];
    columns.forEach((_, c) => {
      row.push(`${point[c][h]}`);
      for (const { low, high } of intervals) row.push(`${low[c][h]}`, `${high[c][h]}`);
    });
    lines.push(row.join(","));
  });
  return lines.join("\n") + "\n";
}

/**
 * Names of the columns, each once even for readers that ignore case: those of the file stay, and what is added takes a number
 * where its name is taken.
 */
export function headerOf(
  dateColumn: string | undefined,
  columns: readonly string[],
  ends: readonly string[] = endsOf([]),
): string[] {
  const taken = new Set([dateColumn ?? [], columns].flat().map(folded));
  const added = (name: string) => {
    let free = name;
    for (let k = 2; taken.has(folded(free)); k++) free = `${name}_${k}`;
    taken.add(folded(free));
    return free;
  };
  const header = [dateColumn ?? added("step")];
  for (const name of columns) header.push(name, ...ends.map((end) => added(`${name}_${end}`)));
  return header;
}

/** What the ends of intervals are called, after the name of their column: their level is named where there are several. */
export function endsOf(levels: readonly number[]): string[] {
  if (levels.length < 2) return ["low", "high"];
  return levels.flatMap((level) => {
    const percent = Number((100 * level).toPrecision(4));
    return [`low_${percent}`, `high_${percent}`];
  });
}

/** What is to be said of names in {@linkcode headerOf} that are not the usual ones; undefined for none. */
export function renamed(
  header: readonly string[],
  ends: readonly string[] = endsOf([]),
): string | undefined {
  const [step, ...rest] = header;
  const others = rest.filter((name, i) => {
    const k = i % (1 + ends.length);
    return k !== 0 && name !== `${rest[i - k]}_${ends[k - 1]}`;
  });
  if (/^step_\d+$/.test(step)) others.unshift(step);
  if (others.length === 0) return undefined;
  const some = others.slice(0, 3).map((name) => JSON.stringify(name)).join(", ");
  return `a column of the file has the name that an added one would have: ${some}` +
    `${
      others.length > 3 ? ` and ${others.length - 3} more are` : others.length > 1 ? " are" : " is"
    } numbered.`;
}

const folded = (name: string) => name.normalize("NFC").toLowerCase();

/** Quoted where a reader would otherwise take it for more than one cell, or for a comment. */
export function quote(text: string): string {
  return /[",;\t\r\n]|^[\s#]|\s$|^$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
