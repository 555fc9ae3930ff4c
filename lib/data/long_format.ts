/** @file Several series in one file, one below the other or mixed: recognised by dates that are unique only within the values of a column. */
import { isClockName, isCounterName, isHand, isIncreasing, isIndex } from "./column_roles.ts";
import { requireColumn } from "./columns.ts";
import type { Cells } from "./csv.ts";
import { DataError } from "./data_error.ts";

/** Rows of one of several series: column names and the values that they must have. */
export type SeriesChoice = Record<string, string>;

/**
 * The rows of one series.
 * @throws DataError for a column or value that is not there, listing what is.
 */
export function selectSeries(cells: Cells, file: string, choice: SeriesChoice): Cells {
  let kept = cells.rows.map((_, i) => i);
  for (const [name, value] of Object.entries(choice)) {
    const j = requireColumn(cells, file, name, "column");
    const matching = kept.filter((i) => cells.rows[i][j].trim() === value.trim());
    if (matching.length === 0 || value === "") {
      const values = [...new Set(kept.map((i) => cells.rows[i][j].trim()))];
      const problem = value === "" ? "needs a value" : `no row has ${JSON.stringify(value)}`;
      throw new DataError(
        { file, column: name },
        `--series: ${problem}. Values: ${list(values)}. Choose with --series ${
          shell(name, values[0])
        }.`,
      );
    }
    kept = matching;
  }
  return { ...cells, rows: kept.map((i) => cells.rows[i]), line: (i) => cells.line(kept[i]) };
}

/** Of a series, on average: fewer, and any column of numbers would tell rows apart. */
const FEWEST_ROWS = 2;

/**
 * Refuses a file of several series.
 * @param dates of the rows, in their order.
 * @param apart columns that cannot tell series apart: the dates, and those chosen already.
 * @param sorted whether the rows will be put in order of their dates, so that only dates that repeat tell of several series.
 * @throws DataError naming the columns, their values and how to choose.
 */
export function refuseSeveral(
  cells: Cells,
  file: string,
  dates: Float64Array,
  apart: string[],
  sorted: boolean,
): void {
  let back = 0;
  for (let i = 1; i < dates.length; i++) if (dates[i] <= dates[i - 1]) back++;
  if (back === 0) return;
  const repeated = dates.length - new Set(dates).size;
  if (sorted && repeated === 0) return;
  const labels = cells.header.flatMap((name, j) => {
    const timed = isHand(cells, j) || isClockName(name) || /^\s*\d{1,2}:\d/.test(cells.rows[0][j]);
    if (apart.includes(name) || timed) return [];
    const values = new Set<string>();
    const most = dates.length / FEWEST_ROWS;
    for (const row of cells.rows) {
      const value = row[j].trim();
      values.add(value);
      if (values.size > most || /^-?\d+[.,]\d+$/.test(value)) return [];
    }
    return values.size > 1 ? [{ name, j, values: [...values] }] : [];
  });
  const mixed = repeated >= 0.3 * dates.length;
  const tellsApart = (js: number[], blocks: number) => {
    const last = new Map<string, number>();
    const pairs = new Set<string>();
    let changes = 0, before: string | undefined;
    for (let i = 0; i < dates.length; i++) {
      const key = js.map((j) => cells.rows[i][j].trim()).join("\u0000");
      // Rows that are to be sorted need not be in order yet.
      if (
        sorted ? pairs.has(`${key}\u0000${dates[i]}`) : dates[i] <= (last.get(key) ?? -Infinity)
      ) {
        return false;
      }
      if (sorted) pairs.add(`${key}\u0000${dates[i]}`);
      last.set(key, dates[i]);
      if (key !== before) changes++;
      before = key;
    }
    // Dates that only go back where the series changes are those of blocks.
    return mixed || changes === last.size && changes <= blocks;
  };
  const one = labels.filter(({ j }) => tellsApart([j], back + 1))
    .sort((a, b) => a.values.length - b.values.length)[0];
  const chosen = one ? [one] : severalLabels(labels, (js) => tellsApart(js, back + 1));
  if (chosen.length === 0 || chosen.length + apart.length >= cells.header.length) return;
  throw several(file, chosen);
}

function several(file: string, labels: Label[]): DataError {
  const shown = labels.map(({ name, values }) => `${JSON.stringify(name)}: ${list(values)}`);
  const flags = labels.map(({ name, values }) => `--series ${shell(name, values[0])}`);
  return new DataError(
    { file },
    `several series in one file: by column ${shown.join("; and by column ")}. Choose one with ` +
      `${flags.join(" ")} ("series" in a dataset entry).`,
  );
}

/**
 * The same for rows without dates, which a counter numbers anew in each series.
 * @throws DataError as {@linkcode refuseSeveral} does.
 */
export function refuseBlocks(cells: Cells, file: string): void {
  const counter = cells.header.findIndex((_, j) =>
    isCounterName(cells, j) && isIndex(cells, j) && !isIncreasing(cells, j)
  );
  if (counter < 0) return;
  const { rows } = cells;
  const starts = rows.map((row, i) =>
    i === 0 || Number(row[counter]) <= Number(rows[i - 1][counter])
  );
  const blocks = starts.filter(Boolean).length;
  cells.header.forEach((name, j) => {
    const values = [...new Set(rows.map((row) => row[j].trim()))];
    const changes = (i: number) => i === 0 || rows[i][j].trim() !== rows[i - 1][j].trim();
    if (blocks < 2 || values.length !== blocks || starts.some((start, i) => start !== changes(i))) {
      return;
    }
    throw several(file, [{ name, j, values }]);
  });
}

interface Label {
  name: string;
  j: number;
  values: string[];
}

/** Columns that tell series apart together, none of them needlessly. */
function severalLabels(labels: Label[], tellsApart: (js: number[]) => boolean): Label[] {
  let needed = labels.slice(0, 8);
  if (!tellsApart(needed.map(({ j }) => j))) return [];
  for (const label of needed.toReversed()) {
    const fewer = needed.filter((other) => other !== label);
    if (fewer.length > 0 && tellsApart(fewer.map(({ j }) => j))) needed = fewer;
  }
  return needed;
}

function list(values: string[]): string {
  const shown = values.slice(0, 12).map((value) => value === "" ? "(empty)" : value).join(", ");
  return values.length > 12 ? `${shown}, … (${values.length} in all)` : shown;
}

function shell(name: string, value: string): string {
  const word = `${name}=${value}`;
  return /^[\w.,=+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
