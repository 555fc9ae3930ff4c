/** @file What the drawings of a forecast show: the last rows of its first columns, and how it goes on. */
import { basename } from "node:path";
import type { Series } from "../../../lib/data/series.ts";
import type { Problem } from "../../../lib/tasks/forecasting/problem.ts";
import { type Beyond, percent } from "./beyond.ts";
import type { Future } from "./future.ts";

/** One column; all its arrays are parallel to those of the picture's times. */
export interface Panel {
  name: string;
  /** The last rows, in units of the file. */
  past: Float64Array;
  point: Float64Array;
  /** Ends of the widest interval. */
  low: Float64Array;
  high: Float64Array;
  /** Narrower ones. */
  inner: { low: Float64Array; high: Float64Array }[];
}

/** A forecast to be drawn. */
export interface Picture {
  /** Of the file, without its folder. */
  file: string;
  /** What makes the forecast. */
  model: string;
  /** Of the intervals, such as "90 %", from narrow to wide. */
  levels: string[];
  /** Whether times are milliseconds on the wall clock; otherwise they are numbers of rows. */
  dated: boolean;
  /** What the times are, for the axis. */
  timeName: string;
  past: Float64Array;
  times: Float64Array;
  panels: Panel[];
  /** Columns that are forecast and not drawn. */
  left: number;
}

/** More panels than these cannot be read on one page. */
export const MOST_PANELS = 12;
/** Rows before the forecast that are drawn at least, where there are so many. */
const LEAST_ROWS = 48;

/** The rows before the forecast are three horizons, or two seasons, whichever is longer. */
export function pictureOf(
  series: Series,
  problem: Problem,
  { model, forecast: { columns, point, intervals } }: Beyond,
  future: Future,
): Picture {
  const { horizon, season = 0 } = problem;
  const rows = Math.min(series.rows, Math.max(LEAST_ROWS, 3 * horizon, 2 * season));
  const widest = intervals.at(-1)!;
  const panels = columns.slice(0, MOST_PANELS).map((name, c) => ({
    name: printable(name),
    past: series.channels[series.columns.indexOf(name)].slice(-rows),
    point: point[c],
    low: widest.low[c],
    high: widest.high[c],
    inner: intervals.slice(0, -1).map(({ low, high }) => ({ low: low[c], high: high[c] })),
  }));
  return {
    file: printable(basename(series.file)),
    model,
    levels: intervals.map(({ level }) => percent(level)),
    dated: future.dated,
    timeName: future.dated ? printable(timeNameOf(series)) : "row",
    past: future.past.slice(-rows),
    times: future.times,
    panels,
    left: columns.length - panels.length,
  };
}

/** A zone is named where it is another than that of dates without one. */
function timeNameOf({ dateColumn, clock }: Series): string {
  const zone = clock?.zone.name ?? "UTC";
  return zone === "UTC" ? dateColumn! : `${dateColumn} (${zone})`;
}

/** Smallest and largest value that a panel shows. */
export function rangeOf({ past, point, low, high }: Panel): [number, number] {
  let [least, most] = [Infinity, -Infinity];
  for (const values of [past, point, low, high]) {
    for (const value of values) {
      if (value < least) least = value;
      if (value > most) most = value;
    }
  }
  return [least, most];
}

/** Levels in a sentence. */
export function listed(levels: readonly string[]): string {
  return levels.length < 2
    ? levels.join("")
    : `${levels.slice(0, -1).join(", ")} and ${levels.at(-1)}`;
}

/** Without characters that no file format allows, or that would steer a terminal. */
function printable(text: string): string {
  // deno-lint-ignore no-control-regex -- control characters are what it is about
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\ufffe\uffff]+/g, " ").trim();
}
