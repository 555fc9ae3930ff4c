/**
 * @file A multivariate time series from a file: bytes, text, table, columns, dates, numbers, and the order of its rows. What
 * was decided on the way is said in one line.
 */
import { chooseColumns } from "./columns.ts";
import { type Cells, readCells, type TableOptions } from "./csv.ts";
import { DataError } from "./data_error.ts";
import { describeInterval, inferInterval, type Sampling } from "./dates/calendar.ts";
import { type DateSource, findDates } from "./date_source.ts";
import { type DateClock, readDates } from "./dates/clock.ts";
import { readChannels } from "./channels.ts";
import { refuseBlocks, refuseSeveral, selectSeries, type SeriesChoice } from "./long_format.ts";
import { describeNumbers, statedFormats } from "./numbers.ts";
import { orderRows } from "./order.ts";
import { decode } from "./text.ts";

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
  /** Of each row the line in the file in which it begins, from 1 on; absent for a series that is of no file. */
  lines?: Float64Array;
  /** Milliseconds since 1970 UTC, to the microsecond; strictly increasing unless duplicates are kept. */
  dates?: Float64Array;
  /** Its name in the header; absent for a file without dates. */
  dateColumn?: string;
  /** How the dates are written and what time zone they are in. */
  clock?: DateClock;
  /** The interval between the dates; absent for fewer than two of them. */
  sampling?: Sampling;
  /** How the file was read: its encoding, delimiter, header, decimal mark, dates, and what was left out; absent without a file. */
  how?: string;
  /** What was repaired: one sentence each, for the user to see. */
  notes: string[];
}

/** How a file is read; everything has a default. */
export interface ReadOptions extends TableOptions {
  /** Column of the dates, `COLUMN=FORM`, or columns joined by `+`; null for none; undefined looks for them. */
  date?: string | null;
  /** Time zone of dates that do not state theirs, and the one in which they go on. */
  zone?: string;
  /** Columns to read, in this order; undefined takes all but dates, clocks and counters. */
  columns?: string[];
  /** Columns to leave out, such as text, when `columns` is undefined. */
  ignore?: string[];
  /** Which of several series in one file. */
  series?: SeriesChoice;
  /** Cells that mean "no measurement", for instance -9999 or "NA" or "": carried forward. */
  missing?: (number | string)[];
  /** `sort` puts unsorted rows in order; `strict` refuses them. */
  order?: "strict" | "sort";
  /** Repeated dates: refuse, keep every row, or keep the first or last row of each date. */
  duplicates?: "error" | "keep" | "first" | "last";
  /** The decimal mark, `.` or `,`, or its name; undefined: found. */
  decimal?: string;
  /** What separates thousands, a sign or its name; undefined: nothing does. */
  thousands?: string;
  /** A label of the Encoding Standard; undefined: found. */
  encoding?: string;
}

/**
 * Reads a file of delimited text, or its text. Missing cells (only those declared) take the last value before them, which a
 * forecaster would have had too; before the first measurement they take the first one.
 * @throws DataError naming file, line, column, value, what is allowed and what to do.
 */
export function readSeries(
  content: Uint8Array | string,
  file: string,
  options: ReadOptions = {},
): Series {
  const { text, encoding } = typeof content === "string"
    ? { text: content.replace(/^\ufeff/, "").replace(/\r\n?/g, "\n"), encoding: undefined }
    : decode(content, file, options.encoding);
  const table = readCells(text, file, options);
  const cells = options.series ? selectSeries(table, file, options.series) : table;
  if (cells.rows.length === 0) {
    throw new DataError({ file }, "a header but no rows. Expected at least one row of numbers.");
  }
  const source = findDates(cells, file, options.date, options.columns);
  const dates = source && readDates(source, file, options);
  const apart = [...source?.columns ?? [], ...Object.keys(options.series ?? {})];
  if (dates) refuseSeveral(cells, file, dates.instants, apart, options.order === "sort");
  else refuseBlocks(cells, file);
  const order = dates && orderRows(dates.instants, source!.cells, options);
  const { columns, leftOut } = chooseColumns(cells, file, options, apart);
  const formats = statedFormats(file, options);
  const read = readChannels(cells, file, columns, { missing: options.missing, formats });
  const lines = Float64Array.from(cells.rows, (_, i) => cells.line(i));
  const series: Series = {
    file,
    lines: order ? order.pick(lines) : lines,
    columns,
    channels: order ? read.channels.map(order.pick) : read.channels,
    rows: order ? order.rows : cells.rows.length,
    notes: [...read.notes, ...order?.notes ?? [], ...dates?.notes ?? []],
  };
  if (dates && order) {
    series.dates = order.pick(dates.instants).map((instant) => instant / 1000);
    series.dateColumn = source!.name;
    series.clock = dates.clock;
    const local = order.pick(dates.local).map((time) => time / 1000);
    series.sampling = inferInterval(local, series.dates);
  }
  const left = [...cells.leftOut, ...leftOut];
  const how = [
    ...(encoding === undefined ? [] : [encoding]),
    ...cells.found,
    ...describeNumbers(read.format),
    ...describeDates(series, source, cells),
    ...Object.entries(options.series ?? {}).map(([name, value]) => `series ${name}=${value}`),
  ];
  series.how = how.join(", ") + (left.length > 0 ? `; left out: ${left.join(", ")}` : "");
  return series;
}

function describeDates(series: Series, source: DateSource | undefined, cells: Cells): string[] {
  if (!series.clock || !source) return ["no dates"];
  const { written, zone } = series.clock;
  const from = source.columns.map((name) =>
    cells.unnamed.has(cells.header.indexOf(name)) ? name : JSON.stringify(name)
  );
  return [
    `dates ${written.form.name} in ${from.join(" and ")}`,
    ...(zone.name === "UTC" ? [] : [`zone ${zone.name}`]),
    ...(series.sampling ? [describeInterval(series.sampling.interval)] : []),
  ];
}
