/** @file Where the dates of a table are: in a column, in one for the day and one for the time, or in columns of year, month and day. */
import {
  column,
  isConstant,
  isCounter,
  isDated,
  isEpoch,
  isHand,
  isIncreasing,
  isNumeric,
  words,
} from "./column_roles.ts";
import { requireColumn } from "./columns.ts";
import type { Cells } from "./csv.ts";
import { type DateCells, likelyForms } from "./dates/column.ts";

/** Where the dates of a table are. */
export interface DateSource {
  /** Names of the columns that they are made of. */
  columns: string[];
  /** What the column of dates is called. */
  name: string;
  /** Its form, where the user names it. */
  form?: string;
  /** Its cells. */
  cells: DateCells;
}

/**
 * The dates of a table: those that `date` names, or those that are found.
 * @param date a column, `COLUMN=FORM`, columns joined by `+`, null for none; undefined looks for one.
 * @param taken columns that are values because the user says so.
 */
export function findDates(
  cells: Cells,
  file: string,
  date: string | null | undefined,
  taken: string[] | undefined,
): DateSource | undefined {
  if (date === null) return undefined;
  if (date !== undefined) return namedDates(cells, file, date);
  const at = cells.header.map((_, j) => j).filter((j) => !taken?.includes(cells.header[j]));
  const j = findDateColumn(cells, file, at);
  if (j === undefined) return fromHands(cells, file, at);
  return withTime(cells, file, j, at) ?? source(cells, file, j);
}

function source(cells: Cells, file: string, j: number, form?: string): DateSource {
  const name = cells.unnamed.has(j) ? "date" : cells.header[j];
  return { columns: [cells.header[j]], name, form, cells: column(cells, file, j) };
}

function namedDates(cells: Cells, file: string, date: string): DateSource {
  if (cells.header.includes(date)) return source(cells, file, cells.header.indexOf(date));
  const equals = date.lastIndexOf("=");
  const [names, form] = equals < 0
    ? [date, undefined]
    : [date.slice(0, equals), date.slice(equals + 1)];
  if (cells.header.includes(names) || !names.includes("+")) {
    return source(cells, file, requireColumn(cells, file, names, "date column"), form);
  }
  const places = names.split("+").map((name) => requireColumn(cells, file, name, "date column"));
  return { ...joined(cells, file, places, (parts) => parts.join(" "), names), form };
}

function findDateColumn(cells: Cells, file: string, at: number[]): number | undefined {
  const named = at.filter((j) => isDated(cells.header[j]) || cells.unnamed.has(j));
  const dates = (j: number, digits: boolean) =>
    likelyForms(column(cells, file, j), digits, 0.5).length > 0;
  const months = at.some((j) => /^(month|mnth|mo)$/i.test(cells.header[j]) && isHand(cells, j));
  const numeric = (j: number, years: boolean) => {
    if (!isNumeric(cells, j) || cells.unnamed.has(j) && j > 0 || isConstant(cells, j)) return false;
    const [form] = likelyForms(column(cells, file, j), true, cells.unnamed.has(j) ? 1 : 0.9);
    if (form?.name !== "yyyy" || /^t$/i.test(cells.header[j])) {
      return form !== undefined && form.name !== "yyyy" && !years;
    }
    // Four digits could be anything. A year that repeats is one of several series, or of several months.
    return years && (isIncreasing(cells, j) || /^year$/i.test(cells.header[j]) && !months);
  };
  return named.find((j) => !isNumeric(cells, j) && dates(j, false)) ??
    named.find((j) => numeric(j, false)) ??
    at.find((j) => !isNumeric(cells, j) && dates(j, false)) ??
    named.find((j) => numeric(j, true)) ??
    at.find((j) => isEpoch(cells, file, j)) ??
    // Something is called a date and is none: the reader of dates says why.
    at.find((j) =>
      /^(date|datetime|date_?time|timestamp|ds)$/i.test(cells.header[j]) &&
      (!isNumeric(cells, j) || !isIncreasing(cells, j)) && !isHand(cells, j) && !isCounter(cells, j)
    );
}

const TIMES = new Set("time hour zeit uhrzeit clock hora ora heure".split(" "));
const TIME = /^\s*\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?\s*([ap]m)?\s*$/i;

/** A date in one column and the time of day in another. */
function withTime(cells: Cells, file: string, j: number, at: number[]): DateSource | undefined {
  if (/:|T\d|^\s*\d{9,}/.test(cells.rows[0][j])) return undefined;
  const name = cells.unnamed.has(j) ? "date" : cells.header[j];
  const time = at.find((k) => {
    const cell = cells.rows[0][k];
    const named = words(cells.header[k]).some((word) => TIMES.has(word));
    return k !== j && (named || k === j + 1) &&
      (TIME.test(cell) || named && /^\s*\d{1,2}\.\d{2}\.\d{2}\s*$/.test(cell));
  });
  if (time !== undefined) {
    return joined(cells, file, [j, time], ([a, b]) => `${a} ${b}`, `${name} ${cells.header[time]}`);
  }
  const hour = at.find((k) =>
    k !== j && /^(hour|hr|he|hourending|hourofday)$/.test(words(cells.header[k]).join("")) &&
    isHand(cells, k)
  );
  const repeats = cells.rows.length > 1 && cells.rows[0][j] === cells.rows[1][j];
  if (hour === undefined || !repeats) return undefined;
  return joined(cells, file, [j, hour], ([a, b]) => `${a} ${b.padStart(2, "0")}:00`, name);
}

/** Year, month, day and hour in columns of their own. */
function fromHands(cells: Cells, file: string, at: number[]): DateSource | undefined {
  const hand = (pattern: RegExp) =>
    at.find((j) => pattern.test(cells.header[j]) && isHand(cells, j));
  const places: number[] = [];
  for (
    const pattern of [
      /^(year|yr)$/i,
      /^(month|mnth|mo)$/i,
      /^day$/i,
      /^(hour|hr)$/i,
      /^(minute|min)$/i,
    ]
  ) {
    const j = hand(pattern);
    if (j === undefined) break;
    places.push(j);
  }
  if (places.length < 2) return undefined;
  const join = ([y, m, d, h, min = "00"]: string[]) =>
    [y, m, d].filter((part) => part !== undefined).map((part) => part.padStart(2, "0")).join("-") +
    (h === undefined ? "" : ` ${h.padStart(2, "0")}:${min.padStart(2, "0")}`);
  return joined(cells, file, places, join, "date");
}

function joined(
  cells: Cells,
  file: string,
  places: number[],
  join: (parts: string[]) => string,
  name: string,
): DateSource {
  return {
    columns: places.map((j) => cells.header[j]),
    name,
    cells: {
      length: cells.rows.length,
      cell: (i) => join(places.map((j) => cells.rows[i][j].trim())),
      // As `--date` takes it.
      place: (i) => ({
        file,
        line: cells.line(i),
        column: places.map((j) => cells.header[j]).join("+"),
      }),
    },
  };
}
