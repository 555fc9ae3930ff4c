/** @file Columns of cells to numbers; a declared missing cell takes the value before it. */
import type { Cells } from "./csv.ts";
import { DataError } from "./data_error.ts";
import {
  eitherPoint,
  explainNumber,
  findFormat,
  type NumberFormat,
  parseNumber,
} from "./numbers.ts";

/** Numbers of the chosen columns. */
export interface Channels {
  /** One array a column. */
  channels: Float64Array[];
  /** How they are written. */
  format: NumberFormat;
  /** What was carried forward. */
  notes: string[];
}

const POINT: NumberFormat = { decimal: "." };

/** A cell that is no number. */
interface Failure {
  /** Row of data and column of the table. */
  i: number;
  j: number;
}

/**
 * Reads columns as numbers. Only where a decimal point does not explain every cell is the format looked for.
 * @throws DataError with the place of a cell that is neither a number nor declared missing.
 */
export function readChannels(
  cells: Cells,
  file: string,
  columns: string[],
  options: { missing?: (number | string)[]; formats: NumberFormat[] },
): Channels {
  const at = new Map(cells.header.map((name, j) => [name, j]));
  const places = columns.map((name) => at.get(name)!);
  const missing = new MissingCodes(options.missing ?? []);
  const stated = options.formats.length > 0;
  const numbers = {
    rows: cells.rows,
    columns: places,
    isMissing: (cell: string) => missing.has(parseNumber(cell, POINT), cell),
    place: (i: number, j: number) => ({ file, line: cells.line(i), column: cells.header[j] }),
  };
  let failed: [NumberFormat, Failure] | undefined;
  for (const format of stated ? options.formats : [POINT]) {
    const read = readAll(cells, places, format, missing);
    if (!("i" in read)) {
      const made = finish(cells, file, places, read, missing);
      const either = stated ? undefined : eitherPoint(numbers, cells.delimiter);
      if (either !== undefined) made.notes.push(pointNote(either));
      return { ...made, format };
    }
    // The format that goes furthest is the one that is meant.
    if (!failed || read.i > failed[1].i) failed = [format, read];
  }
  const [format, failure] = failed!;
  if (stated) throw badCell(cells, file, places, failure, format);
  const found = findFormat(numbers);
  if (found.decimal === format.decimal) throw badCell(cells, file, places, failure, found);
  const again = readAll(cells, places, found, missing);
  if ("i" in again) throw badCell(cells, file, places, again, found);
  return { ...finish(cells, file, places, again, missing), format: found };
}

function pointNote(cell: string): string {
  return `every point has three digits after it: ${cell} is read as ${Number(cell)}, not as ` +
    `${cell.replace(".", "")} (--thousands point changes it).`;
}

/** What "no measurement" looks like. */
class MissingCodes {
  readonly texts: Set<string>;
  readonly values: Set<number>;
  constructor(codes: (number | string)[]) {
    this.texts = new Set(codes.map((code) => String(code).trim()));
    this.values = new Set(
      [...this.texts].map((code) => parseNumber(code, POINT)).filter(Number.isFinite),
    );
  }
  has(value: number, cell: string): boolean {
    return this.values.has(value) || this.texts.has(cell.trim());
  }
  describe(): string {
    return [...this.texts].map((code) => code === "" ? "empty" : code).join(", ");
  }
}

/** Values with NaN for a missing cell, or the first cell that is no number. */
function readAll(
  cells: Cells,
  places: number[],
  format: NumberFormat,
  missing: MissingCodes,
): Float64Array[] | Failure {
  const { rows } = cells;
  const channels = places.map(() => new Float64Array(rows.length));
  const some = missing.texts.size > 0;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i];
    for (let c = 0; c < places.length; c++) {
      const cell = row[places[c]];
      const value = parseNumber(cell, format);
      if (some && missing.has(value, cell)) channels[c][i] = NaN;
      else if (Number.isNaN(value)) return { i, j: places[c] };
      else channels[c][i] = value;
    }
  }
  return channels;
}

function finish(
  cells: Cells,
  file: string,
  places: number[],
  channels: Float64Array[],
  missing: MissingCodes,
): { channels: Float64Array[]; notes: string[] } {
  const notes: string[] = [];
  channels.forEach((values, c) => {
    const column = cells.header[places[c]];
    const first = values.findIndex((value) => !Number.isNaN(value));
    if (first < 0) {
      throw new DataError(
        { file, column },
        "every cell is a missing value. Leave the column out: name the others with --columns.",
      );
    }
    let filled = first;
    values.fill(values[first], 0, first);
    for (let i = first + 1; i < values.length; i++) {
      if (!Number.isNaN(values[i])) continue;
      values[i] = values[i - 1];
      filled++;
    }
    if (filled === 0) return;
    const name = JSON.stringify(column), codes = missing.describe();
    notes.push(`column ${name}: ${filled} missing cells (${codes}) took the value before them.`);
  });
  return { channels, notes };
}

function badCell(
  cells: Cells,
  file: string,
  places: number[],
  { i, j }: Failure,
  format: NumberFormat,
): DataError {
  const numeric = places
    .filter((place) => !Number.isNaN(parseNumber(cells.rows[i][place], format)))
    .slice(0, 20)
    .map((place) => cells.header[place]);
  return new DataError(
    { file, line: cells.line(i), column: cells.header[j] },
    explainNumber(cells.rows[i][j], format, numeric) + seriesIn(cells, j),
  );
}

/** Texts that come in blocks may be the names of series, one below the other. */
function seriesIn(cells: Cells, j: number): string {
  const labels = cells.rows.map((row) => row[j].trim());
  const blocks = labels.filter((label, i) => i === 0 || label !== labels[i - 1]);
  const one = blocks.length === new Set(blocks).size && blocks.length > 1;
  if (!one || blocks.length > labels.length / 2) return "";
  return ` If its values are the names of several series: --series ${
    JSON.stringify(`${cells.header[j]}=${blocks[0]}`)
  } reads one of them.`;
}
