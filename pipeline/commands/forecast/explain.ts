/** @file `--explain`: what every input value adds to every value of the forecast, as a file and, for the largest of them, as a table. */
import { dateWriter } from "../../../lib/data/dates/write.ts";
import type { Series } from "../../../lib/data/series.ts";
import {
  type Contributions,
  contributionsOf,
  mapOf,
  sumOf,
} from "../../../lib/tasks/forecasting/contributions.ts";
import type { Problem } from "../../../lib/tasks/forecasting/problem.ts";
import { UsageError } from "../../usage_error.ts";
import type { Beyond } from "./beyond.ts";
import type { Future } from "./future.ts";
import { aligned, quote } from "./report.ts";

/** The parts of one column's forecast. */
export interface Explained {
  column: string;
  /** Values of the window, in units of the file. */
  values: Float64Array;
  parts: Contributions;
  /** What the parts must sum to. */
  forecast: Float64Array;
}

/** A forecast taken apart. */
export interface Explanation {
  model: string;
  /** Dates of the inputs in the form of the file, or numbers of rows; one text a row of the window. */
  inputs: string[];
  /** Dates of the forecast, or steps. */
  steps: string[];
  columns: Explained[];
  /** The largest difference between a sum of parts and its forecast, over the forecast or the deviation of its column, whichever is larger. */
  difference: number;
}

/** More numbers than these make a text that is too long to be written at once. */
const MOST_PARTS = 2e7;

/** Before anything is fitted. @throws {UsageError} for more parts than a file takes */
export function requireExplainable({ columns, lookback, horizon, season = 1 }: Problem): void {
  const inputs = Math.max(lookback, season);
  const parts = columns.length * inputs * horizon;
  if (parts <= MOST_PARTS) return;
  throw new UsageError(
    `--explain: ${columns.length} columns x ${inputs} rows looked back on x ${horizon} steps are ${parts} ` +
      `numbers, at most ${MOST_PARTS} are written. Choose some columns: --columns a,b.`,
  );
}

/** Takes the forecast of every column apart. */
export async function explain(
  series: Series,
  problem: Problem,
  { model, fit, forecast }: Beyond,
  future: Future,
): Promise<Explanation> {
  const map = await mapOf(fit);
  const from = series.rows - map.lookback;
  let difference = 0;
  const columns = problem.columns.map((column, c): Explained => {
    const [mean, deviation] = [problem.mean[c], problem.deviation[c]];
    const parts = contributionsOf(map, problem.channels[c].slice(from), { mean, deviation });
    const point = forecast.point[c];
    sumOf(parts).forEach((sum, h) => {
      const off = Math.abs(sum - point[h]) / Math.max(Math.abs(point[h]), deviation);
      difference = Math.max(difference, off);
    });
    const values = series.channels[series.columns.indexOf(column)].slice(from);
    return { column, values, parts, forecast: point };
  });
  return { model, inputs: inputTexts(series, from), steps: future.texts, columns, difference };
}

function inputTexts({ rows, dates, clock }: Series, from: number): string[] {
  const write = clock && dateWriter(clock.written);
  return Array.from({ length: rows - from }, (_, l) => {
    if (!dates || !write) return String(from + l + 1);
    const instant = Math.round(dates[from + l] * 1000), offset = clock.zone.offsetAt(instant);
    return write(instant + offset, offset);
  });
}

/** A line for each part of each column's forecast: column, input, its value, and what it adds to each step. */
export function explanationCsv({ inputs, steps, columns }: Explanation): string {
  const lines = [["column", "input", "value", ...steps].map(quote).join(",")];
  const horizon = steps.length;
  for (const { column, values, parts, forecast } of columns) {
    const line = (input: string, value: string, numbers: Float64Array) =>
      lines.push([quote(column), quote(input), value, ...Array.from(numbers, String)].join(","));
    line("baseline", "", parts.baseline);
    inputs.forEach((input, l) =>
      line(input, `${values[l]}`, parts.inputs.subarray(l * horizon, (l + 1) * horizon))
    );
    if (parts.deviation) line("deviation of the window", "", parts.deviation);
    line("forecast", "", forecast);
  }
  return lines.join("\n") + "\n";
}

/** The same as JSON. */
export function explanationJson({ model, inputs, steps, columns }: Explanation): string {
  const horizon = steps.length;
  return JSON.stringify({
    model,
    steps,
    columns: columns.map(({ column, values, parts, forecast }) => ({
      column,
      baseline: [...parts.baseline],
      inputs: inputs.map((input, l) => ({
        input,
        value: values[l],
        adds: [...parts.inputs.subarray(l * horizon, (l + 1) * horizon)],
      })),
      ...(parts.deviation && { deviation: [...parts.deviation] }),
      forecast: [...forecast],
    })),
  }) + "\n";
}

/** Columns and inputs of the printed table; the file has all. */
const MOST_COLUMNS = 3, MOST_INPUTS = 5;

/** The inputs that add most to the first and the last step. */
export function explanationTable(explanation: Explanation): string {
  const { columns, model } = explanation;
  const blocks = columns.slice(0, MOST_COLUMNS).map((column) => columnTable(explanation, column));
  const left = columns.length - blocks.length;
  return `What the forecast by ${model} is made of, in units of the file:\n\n${
    blocks.join("\n\n")
  }` +
    (left > 0 ? `\n\n${left} more column${left === 1 ? "" : "s"} in the file.` : "");
}

function columnTable({ inputs, steps }: Explanation, explained: Explained): string {
  const { column, values, parts, forecast } = explained;
  const horizon = steps.length;
  const shown = [...new Set([0, horizon - 1])];
  const adds = (l: number, h: number) => parts.inputs[l * horizon + h];
  const size = (l: number) => Math.max(...shown.map((h) => Math.abs(adds(l, h))));
  const ranked = inputs.map((_, l) => l).sort((a, b) => size(b) - size(a) || b - a);
  const top = ranked.slice(0, MOST_INPUTS), rest = ranked.slice(MOST_INPUTS);
  const row = (name: string, value: string, at: (h: number) => number) => [
    ...[name, value, ...shown.map((h) => Number(at(h).toPrecision(6)).toString())],
  ];
  return aligned([
    [column, "value", ...shown.map((h) => steps[h])],
    row("baseline", "", (h) => parts.baseline[h]),
    ...top.map((l) => row(inputs[l], `${values[l]}`, (h) => adds(l, h))),
    ...(rest.length === 0
      ? []
      : [row(`${rest.length} other inputs`, "", (h) => rest.reduce((s, l) => s + adds(l, h), 0))]),
    ...(parts.deviation ? [row("deviation of the window", "", (h) => parts.deviation![h])] : []),
    row("forecast", "", (h) => forecast[h]),
  ]);
}
