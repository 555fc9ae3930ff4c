/** @file The rows of a series in order of time, and what becomes of dates that repeat. */
import { DataError } from "./data_error.ts";
import type { DateCells } from "./dates/column.ts";

/** Which rows stay, in which order. */
export interface Order {
  /** Their number. */
  rows: number;
  /** Their values, out of those of all rows. */
  pick(values: Float64Array): Float64Array;
  /** What was left out or moved. */
  notes: string[];
}

/**
 * Puts rows in order, where they are to be, and leaves out those whose date is to be left out.
 * @param instants one a row.
 * @param cells their text, for messages.
 * @throws DataError for rows out of order and dates that repeat, unless the options say what to do with them.
 */
export function orderRows(
  instants: Float64Array,
  cells: DateCells,
  { order = "strict", duplicates = "error" }: {
    order?: "strict" | "sort";
    duplicates?: "error" | "keep" | "first" | "last";
  },
): Order {
  const notes: string[] = [];
  let rows = Array.from(instants, (_, i) => i);
  if (order === "sort") {
    rows.sort((a, b) => instants[a] - instants[b] || a - b);
    const back = instants.reduce((n, time, i) => n + (i > 0 && time < instants[i - 1] ? 1 : 0), 0);
    if (back > 0) notes.push(`rows were put in order of time, which went back ${back} times.`);
  }
  if (duplicates === "first" || duplicates === "last") {
    // Before the order is checked: a stretch that a logger wrote twice goes back in time only until then.
    const kept = duplicates === "first" ? firstOfEach(rows, instants) : lastOfEach(rows, instants);
    if (kept.length < rows.length) {
      notes.push(`${rows.length - kept.length} rows with a repeated date are left out.`);
    }
    rows = kept;
  }
  for (let k = 1; k < rows.length; k++) {
    const step = instants[rows[k]] - instants[rows[k - 1]];
    if (step > 0 || step === 0 && duplicates === "keep") continue;
    throw step === 0
      ? repeated(cells, rows[k], rows[k - 1])
      : unordered(cells, rows[k], rows[k - 1]);
  }
  const same = rows.length === instants.length && rows.every((row, i) => row === i);
  return {
    rows: rows.length,
    pick: (values) => same ? values : Float64Array.from(rows, (i) => values[i]),
    notes,
  };
}

function firstOfEach(rows: number[], instants: Float64Array): number[] {
  const seen = new Set<number>();
  return rows.filter((row) => {
    if (seen.has(instants[row])) return false;
    seen.add(instants[row]);
    return true;
  });
}

function lastOfEach(rows: number[], instants: Float64Array): number[] {
  return firstOfEach(rows.toReversed(), instants).reverse();
}

function repeated(cells: DateCells, row: number, before: number): DataError {
  return new DataError(
    cells.place(row),
    `the date ${JSON.stringify(cells.cell(row))} repeats line ${
      cells.place(before).line
    }. Dates must be ` +
      'unique: remove one, or say --duplicates first, last or keep ("duplicates" in a dataset entry).' +
      (/\d:\d/.test(cells.cell(row))
        ? " Where it is the hour that comes twice when clocks go back, name the time zone, such as " +
          "--zone Europe/Berlin."
        : ""),
  );
}

function unordered(cells: DateCells, row: number, before: number): DataError {
  return new DataError(
    cells.place(row),
    `the date ${JSON.stringify(cells.cell(row))} is before that of line ${
      cells.place(before).line
    } ` +
      `(${
        JSON.stringify(cells.cell(before))
      }). Rows must be in order of time: sort them, or say --order ` +
      'sort ("order" in a dataset entry).',
  );
}
