/** @file Which columns of a table are values: those that are named, or all but dates, clocks and counters. */
import {
  column,
  isClockName,
  isCounter,
  isEpoch,
  isHand,
  isIncreasing,
  isIndex,
  isNumeric,
} from "./column_roles.ts";
import type { Cells } from "./csv.ts";
import { DataError } from "./data_error.ts";
import { likelyForms } from "./dates/column.ts";

/** The place of a column. @throws DataError with the names that exist, the nearest first. */
export function requireColumn(cells: Cells, file: string, name: string, role: string): number {
  const at = cells.header.indexOf(name);
  if (at >= 0) return at;
  const folded = cells.header.find((other) => other.toLowerCase() === name.trim().toLowerCase());
  const shown = cells.header.slice(0, 30).join(", ") +
    (cells.header.length > 30 ? `, … (${cells.header.length} in all)` : "");
  throw new DataError(
    { file },
    `no ${role} ${JSON.stringify(name)}. The file has: ${shown}.` +
      (folded === undefined ? "" : ` Did you mean ${JSON.stringify(folded)}?`),
  );
}

/**
 * The columns of values: those that the user names, or all but dates, clocks, counters and empty columns without a name.
 * @returns the names, and of what was left out the name and why.
 */
export function chooseColumns(
  cells: Cells,
  file: string,
  options: { columns?: string[]; ignore?: string[]; date?: string | null },
  apart: string[],
): { columns: string[]; leftOut: string[] } {
  for (const name of options.ignore ?? []) requireColumn(cells, file, name, "column");
  if (options.columns !== undefined) {
    return { columns: namedColumns(cells, file, options.columns), leftOut: [] };
  }
  const out = new Set([...apart, ...options.ignore ?? []]);
  const columns: string[] = [], leftOut: string[] = [];
  cells.header.forEach((name, j) => {
    if (out.has(name)) return;
    const why = reasonToLeaveOut(cells, file, j, apart.length > 0, options.date === null);
    if (why === undefined) columns.push(name);
    else leftOut.push(`${name} (${why})`);
  });
  if (columns.length === 0 && leftOut.length > 0 && apart.length === 0) {
    // A lone counter is what there is to forecast.
    return { columns: cells.header.filter((name) => !out.has(name)), leftOut: [] };
  }
  if (columns.length === 0) {
    throw new DataError(
      { file },
      `no column of values besides the date${
        leftOut.length > 0 ? ` and ${leftOut.join(", ")}` : ""
      }. ` +
        "Name the columns to forecast: --columns a,b.",
    );
  }
  return { columns, leftOut };
}

function reasonToLeaveOut(
  cells: Cells,
  file: string,
  j: number,
  dated: boolean,
  undated: boolean,
): string | undefined {
  if (isIndex(cells, j)) return "index";
  if (isHand(cells, j) || isEpoch(cells, file, j)) return "clock";
  const named = isClockName(cells.header[j]);
  if (isCounter(cells, j)) return named ? "clock" : "counts rows";
  if (cells.unnamed.has(j) && cells.rows.every((row) => row[j].trim() === "")) return "empty";
  if (isNumeric(cells, j)) {
    // Seconds since the start, years with a fraction, days of a serial number.
    return named && cells.rows.length > 2 && isIncreasing(cells, j) ? "clock" : undefined;
  }
  if (/^\s*\d{1,2}:\d{2}(:\d{2})?\s*([ap]m)?\s*$/i.test(cells.rows[0][j])) return "clock";
  // Who reads a file without its dates need not mend them.
  const dates = (share: number) => likelyForms(column(cells, file, j), false, share).length > 0;
  return undated && (named || dates(0.5)) || dated && dates(1) ? "clock" : undefined;
}

/** Names as they stand; a name with a comma may come in the pieces into which a list was cut. */
function namedColumns(cells: Cells, file: string, names: string[]): string[] {
  const known = new Set(cells.header);
  const columns = new Set<string>();
  for (let i = 0; i < names.length;) {
    // The name as it stands first, then with more and more of the pieces after it.
    const pieces = Array.from({ length: Math.min(8, names.length - i) }, (_, n) => n + 1);
    const joinedBy = (n: number) =>
      [", ", ","].map((comma) => names.slice(i, i + n).join(comma)).find((name) => known.has(name));
    const count = pieces.find((n) => joinedBy(n) !== undefined);
    if (count === undefined) requireColumn(cells, file, names[i], "column");
    const name = joinedBy(count!)!;
    if (columns.has(name)) {
      throw new DataError({ file, column: name }, "chosen twice. Name each column once.");
    }
    columns.add(name);
    i += count!;
  }
  return [...columns];
}
