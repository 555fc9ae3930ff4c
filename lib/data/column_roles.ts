/** @file What a column is by its name and its cells: a clock's hand, a counter of rows, an epoch. */
import type { Cells } from "./csv.ts";
import type { Place } from "./data_error.ts";
import { type DateCells, likelyForms } from "./dates/column.ts";
import { monthOf } from "./dates/forms.ts";
import { parseNumber } from "./numbers.ts";

const POINT = { decimal: "." } as const;
const DATED = new Set(
  "date time datetime timestamp ts month day ds year yr week quarter period when epoch unix unixtime utc datum zeit fecha fec jahr monat"
    .split(" "),
);
/** What a clock's hands are called, and the whole numbers that they show. */
const HANDS: Record<string, [number, number]> = {
  year: [1000, 3000],
  yr: [1000, 3000],
  month: [1, 12],
  mnth: [1, 12],
  day: [1, 31],
  hour: [0, 24],
  hr: [0, 24],
  he: [1, 24],
  hourending: [1, 24],
  hourofday: [0, 24],
  minute: [0, 59],
  second: [0, 59],
  week: [0, 53],
  weekday: [0, 7],
  dayofweek: [0, 7],
  dow: [0, 7],
  dayofyear: [1, 366],
  doy: [1, 366],
  yday: [0, 366],
  quarter: [1, 4],
  qtr: [1, 4],
};
/** The same in letters, which may as well be millimetres or a direction where nothing stands beside them. */
export const LETTERS: Record<string, [number, number]> = {
  ...HANDS,
  yyyy: [1000, 3000],
  mm: [1, 12],
  mo: [1, 12],
  dd: [1, 31],
  dy: [1, 31],
  hh: [0, 24],
  mn: [0, 59],
  ss: [0, 59],
};
const COUNTERS = new Set(
  "index idx row rows rownum rowname rownames rowid id no nr number n i t time step steps obs sample unnamed level cycle seq sequence record tick"
    .split(" "),
);

/** A name in lower-case words: "Date Time", "dateTime" and "date_time" are [date, time]. */
export function words(name: string): string[] {
  return name.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase().split(/[^\p{L}]+/u).filter(Boolean);
}

/** Words that a name of times may have besides. */
const BESIDE = new Set(
  "of the since start elapsed local gmt decimal serial s sec secs seconds milliseconds ms us ns minutes hours days in h min"
    .split(" "),
);

/** Whether a name speaks of dates or times. */
export function isDated(name: string): boolean {
  return /^t$/i.test(name) || words(name).some((word) => DATED.has(word));
}

/** Whether a name speaks of nothing else: a "year change" is no clock, nor is the temperature "T (degC)". */
export function isClockName(name: string): boolean {
  const all = words(name);
  return (isDated(name) || /^(elapsed|(milli)?seconds|minutes|hours)$/.test(all[0] ?? "")) &&
    all.every((word) => /^t$/.test(word) || DATED.has(word) || BESIDE.has(word));
}

/** Whether a name speaks of an index or a counter, or is missing. */
export function isCounterName(cells: Cells, j: number): boolean {
  const [word, ...rest] = words(cells.header[j]);
  return cells.unnamed.has(j) || rest.length === 0 && COUNTERS.has(word) ||
    /^unnamed/i.test(cells.header[j]);
}

/** Cells of one column. */
export function column(cells: Cells, file: string, j: number): DateCells {
  return {
    length: cells.rows.length,
    cell: (i) => cells.rows[i][j],
    place: (i): Place => ({ file, line: cells.line(i), column: cells.header[j] }),
  };
}

/** Whether the first cell is a number. */
export function isNumeric(cells: Cells, j: number): boolean {
  return !Number.isNaN(parseNumber(cells.rows[0][j], POINT));
}

/** Whether all cells are the same. */
export function isConstant(cells: Cells, j: number): boolean {
  return cells.rows.length > 1 && cells.rows.every((row) => row[j] === cells.rows[0][j]);
}

/** Whether the numbers go up from row to row. */
export function isIncreasing(cells: Cells, j: number): boolean {
  let last = -Infinity;
  return cells.rows.every((row) => {
    const value = parseNumber(row[j], POINT);
    const more = value > last;
    last = value;
    return more;
  });
}

/** Whether all cells are names of months. */
export function isMonthNames(cells: Cells, j: number): boolean {
  return cells.rows.every((row) => monthOf(row[j].trim()) > 0);
}

/** Milliseconds or less since 1970, which nothing else looks like. */
export function isEpoch(cells: Cells, file: string, j: number): boolean {
  if (!/^\s*\d{12,19}(\.0)?\s*$/.test(cells.rows[0][j]) || isConstant(cells, j)) return false;
  return likelyForms(column(cells, file, j), true, 1).some(({ unit }) => unit !== undefined);
}

/** Whether a column is called like a clock's hand and shows its numbers. */
export function isHand(cells: Cells, j: number, hands = HANDS): boolean {
  const name = words(cells.header[j]).join("");
  const range = Object.hasOwn(hands, name) ? hands[name] : undefined;
  return range !== undefined && cells.rows.every((row) => {
    const value = parseNumber(row[j], POINT);
    return Number.isInteger(value) && value >= range[0] && value <= range[1];
  });
}

/** Numbers that go up by the same step in every row: from 0 or 1 by one, or, under a name of dates, by any. */
export function isCounter(cells: Cells, j: number): boolean {
  const first = parseNumber(cells.rows[0][j], POINT);
  const named = isClockName(cells.header[j]);
  if (!named && !((first === 0 || first === 1) && cells.rows.length >= 10)) return false;
  if (Number.isNaN(first) || cells.rows.length === 1) return false;
  const step = parseNumber(cells.rows[1][j], POINT) - first;
  if (!(step > 0) || !named && step !== 1) return false;
  return cells.rows.every((row, i) =>
    Math.abs(parseNumber(row[j], POINT) - first - i * step) <= 1e-6 * step * Math.max(1, i)
  );
}

/**
 * Whether a column numbers the rows: one that is called so and goes up, or by one down, or begins again; or one that has no
 * name beside others that have, as data frames write it, whatever rows are left and however they are sorted.
 */
export function isIndex(cells: Cells, j: number): boolean {
  const unnamed = cells.unnamed.has(j) || /^unnamed/i.test(cells.header[j]);
  if (!unnamed && !isCounterName(cells, j)) return false;
  if (cells.unnamed.size === cells.header.length || !isWhole(cells.rows[0][j])) return false;
  const values = cells.rows.map((row) => isWhole(row[j]) ? Number(row[j]) : NaN);
  if (values.some(Number.isNaN)) return false;
  if (unnamed) return new Set(values).size === values.length;
  // A water level may rise by whole centimetres for a while; a key has no other reason to go up.
  const gaps = /^(index|idx|id|row\w*)$/i.test(cells.header[j].trim());
  const steps = values.slice(1).map((value, i) => value - values[i]);
  return steps.length > 0 &&
    (gaps && steps.every((step) => step > 0) || steps.every((step) => step === 1) ||
      steps.every((step) => step === -1) ||
      steps.every((step, i) => step === 1 || values[i + 1] === values[0]) && steps.includes(1));
}

function isWhole(cell: string): boolean {
  return Number.isInteger(parseNumber(cell, POINT));
}
