/**
 * @file A multivariate time series, read from CSV with every flaw named by row and column.
 */
import { type Cells, readCells } from "./csv.ts";
import { DataError } from "./data_error.ts";
import { DATE_FORMATS, parseDate } from "./dates.ts";

/** A file of numbers: rows are times, columns are channels. */
export interface Series {
  /** Path, URL or dataset id, for messages. */
  file: string;
  /** Names, in the order of `channels`. */
  columns: string[];
  /** One array of `rows` finite values a column. */
  channels: Float64Array[];
  /** Number of times. */
  rows: number;
  /** Milliseconds since 1970 UTC, strictly increasing unless duplicates are kept. */
  dates?: Float64Array;
  /** Its name in the header; absent for a file without dates. */
  dateColumn?: string;
  /** What the reader decided or repaired, one sentence each, for the user to see. */
  notes: string[];
}

/** How a CSV file is read; everything has a default. */
export interface ReadOptions {
  /** Name of the date column, null for none; undefined looks for one. */
  date?: string | null;
  /** Columns to read, in this order; undefined takes all but the date. */
  columns?: string[];
  /** Columns to leave out, such as text, when `columns` is undefined. */
  ignore?: string[];
  /** Cells that mean "no measurement", for instance -9999 or "NA" or "": carried forward. */
  missing?: (number | string)[];
  /** `sort` puts unsorted rows in order; `strict` refuses them. */
  order?: "strict" | "sort";
  /** Repeated dates: refuse, keep every row, or keep the first row of each date. */
  duplicates?: "error" | "keep" | "first";
}

const DATE_NAME = /^(date|time|date_?time|timestamp|month|day|ds)$/i;

/**
 * Reads CSV text. Missing cells (only those declared) take the last value before them, which a
 * forecaster would have had too; before the first measurement they take the first one.
 * @throws DataError naming file, row, column and value.
 */
export function readSeries(text: string, file: string, options: ReadOptions = {}): Series {
  const cells = readCells(text, file);
  if (cells.rows.length === 0) {
    throw new DataError({ file }, "a header but no rows. Expected at least one row of numbers.");
  }
  const notes: string[] = [];
  const dateColumn = findDateColumn(cells, file, options, notes);
  const columns = chooseColumns(cells, file, options, dateColumn);
  const channels = columns.map((name) => readChannel(cells, file, name, options, columns, notes));
  const series: Series = { file, columns, channels, rows: cells.rows.length, notes };
  if (dateColumn === undefined) return series;
  series.dateColumn = dateColumn;
  return orderByDate(series, readDates(cells, file, dateColumn), cells, options);
}

function findDateColumn(
  cells: Cells,
  file: string,
  options: ReadOptions,
  notes: string[],
): string | undefined {
  if (options.date === null) return undefined;
  if (options.date !== undefined) {
    requireColumn(cells, file, options.date, "date column");
    return options.date;
  }
  const candidates = cells.header.filter((name) => !options.columns?.includes(name));
  const named = candidates.find((name) => DATE_NAME.test(name));
  if (named !== undefined) return named;
  const first = cells.header[0];
  const sample = cells.rows[0][0];
  if (candidates.includes(first) && !isNumber(sample) && !Number.isNaN(parseDate(sample))) {
    notes.push(`column ${JSON.stringify(first)} is read as the date.`);
    return first;
  }
  return undefined;
}

function requireColumn(cells: Cells, file: string, name: string, role: string): number {
  const at = cells.header.indexOf(name);
  if (at < 0) {
    throw new DataError(
      { file, row: 1 },
      `no ${role} ${JSON.stringify(name)}. The file has: ${cells.header.join(", ")}.`,
    );
  }
  return at;
}

function chooseColumns(
  cells: Cells,
  file: string,
  options: ReadOptions,
  dateColumn: string | undefined,
): string[] {
  for (const name of options.columns ?? []) requireColumn(cells, file, name, "column");
  for (const name of options.ignore ?? []) requireColumn(cells, file, name, "column");
  const columns = options.columns ??
    cells.header.filter((name) => name !== dateColumn && !options.ignore?.includes(name));
  const repeated = columns.find((name, i) => columns.indexOf(name) !== i);
  if (repeated !== undefined) {
    throw new DataError({ file, column: repeated }, "chosen twice. Name each column once.");
  }
  if (columns.length === 0) {
    throw new DataError({ file, row: 1 }, "no column of values besides the date.");
  }
  return columns;
}

function isNumber(cell: string): boolean {
  const t = cell.trim();
  return t !== "" && Number.isFinite(Number(t));
}

function readChannel(
  cells: Cells,
  file: string,
  name: string,
  options: ReadOptions,
  columns: string[],
  notes: string[],
): Float64Array {
  const j = cells.header.indexOf(name);
  const missingText = new Set((options.missing ?? []).map((code) => String(code).trim()));
  const missingValues = new Set(
    [...missingText].filter((code) => code !== "").map(Number).filter(Number.isFinite),
  );
  const values = new Float64Array(cells.rows.length);
  let filled = 0;
  let last = NaN;
  let leading = 0;
  for (let i = 0; i < values.length; i++) {
    const cell = cells.rows[i][j];
    // Number("") and Number(" ") are 0: the empty cell needs its own test.
    const value = cell.trim() === "" ? NaN : Number(cell);
    if (missingValues.has(value) || missingText.has(cell.trim())) {
      filled++;
      if (Number.isNaN(last)) leading++;
      values[i] = last;
      continue;
    }
    if (!Number.isFinite(value)) throw badCell(cells, file, name, i, cell, columns);
    values[i] = last = value;
  }
  if (filled === values.length) {
    throw new DataError({ file, column: name }, "every cell is a missing value.");
  }
  values.fill(values[leading], 0, leading);
  if (filled > 0) {
    const codes = [...missingText].map((code) => code === "" ? "empty" : code).join(", ");
    notes.push(
      `column ${
        JSON.stringify(name)
      }: ${filled} missing cells (${codes}) took the value before them.`,
    );
  }
  return values;
}

function badCell(
  cells: Cells,
  file: string,
  column: string,
  i: number,
  cell: string,
  columns: string[],
): DataError {
  const t = cell.trim();
  const shown = t === "" ? "an empty cell" : `${JSON.stringify(t)} is not a finite number`;
  let advice = "Correct it, or declare its code as missing (empty cells: missing code '').";
  if (/^-?\d+,\d+$/.test(t)) advice = "Write numbers with a decimal point.";
  else if (t !== "" && !/^[-+]?(nan|na|null|none|inf(inity)?)$/i.test(t)) {
    const numeric = columns.filter((name) => isNumber(cells.rows[i][cells.header.indexOf(name)]));
    advice = numeric.length > 0
      ? `Choose the columns of numbers (in this row: ${
        numeric.join(",")
      }), or declare the code as missing.`
      : "Expected columns of numbers.";
  }
  return new DataError({ file, row: cells.rowNumber(i), column }, `${shown}. ${advice}`);
}

function readDates(cells: Cells, file: string, column: string): Float64Array {
  const j = cells.header.indexOf(column);
  const dates = new Float64Array(cells.rows.length);
  for (let i = 0; i < dates.length; i++) {
    dates[i] = parseDate(cells.rows[i][j]);
    if (Number.isNaN(dates[i])) {
      throw new DataError(
        { file, row: cells.rowNumber(i), column },
        `${JSON.stringify(cells.rows[i][j])} is not a date. Allowed: ${DATE_FORMATS}; ` +
          "for a file without dates choose date column none.",
      );
    }
  }
  return dates;
}

function orderByDate(
  series: Series,
  dates: Float64Array,
  cells: Cells,
  options: ReadOptions,
): Series {
  const { file, dateColumn: column } = series;
  const j = cells.header.indexOf(column!);
  const duplicates = options.duplicates ?? "error";
  let order = Array.from(dates, (_, i) => i);
  if (options.order === "sort") order.sort((a, b) => dates[a] - dates[b] || a - b);
  for (let k = 1; k < order.length; k++) {
    const step = dates[order[k]] - dates[order[k - 1]];
    if (step > 0 || (step === 0 && duplicates !== "error")) continue;
    const row = cells.rowNumber(order[k]);
    const shown = JSON.stringify(cells.rows[order[k]][j]);
    if (step === 0) {
      throw new DataError(
        { file, row, column },
        `the date ${shown} repeats row ${cells.rowNumber(order[k - 1])}. Dates must be unique: ` +
          'remove one, or set "duplicates" of the dataset entry to "first" or "keep".',
      );
    }
    throw new DataError(
      { file, row, column },
      `the date ${shown} is before that of row ${cells.rowNumber(order[k - 1])} ` +
        `(${JSON.stringify(cells.rows[order[k - 1]][j])}). Rows must be in order of time: sort ` +
        'them, or set "order" of the dataset entry to "sort".',
    );
  }
  if (duplicates === "first") {
    const kept = order.filter((i, k) => k === 0 || dates[i] !== dates[order[k - 1]]);
    if (kept.length < order.length) {
      series.notes.push(`${order.length - kept.length} rows with a repeated date are left out.`);
    }
    order = kept;
  }
  const pick = (values: Float64Array) => Float64Array.from(order, (i) => values[i]);
  return {
    ...series,
    rows: order.length,
    channels: series.channels.map(pick),
    dates: pick(dates),
  };
}
