/** @file Where the dates of a table are: in a column, in one for the day and one for the time, or in columns of year, month and day. */
import {
  column,
  isConstant,
  isCounter,
  isDated,
  isEpoch,
  isHand,
  isIncreasing,
  isMonthNames,
  isNumeric,
  LETTERS,
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
  const hands = findHands(cells, at);
  const numeric = (j: number, years: boolean) => {
    if (!isNumeric(cells, j) || cells.unnamed.has(j) && j > 0 || isConstant(cells, j)) return false;
    const [form] = likelyForms(column(cells, file, j), true, cells.unnamed.has(j) ? 1 : 0.9);
    if (form?.name !== "yyyy" || /^t$/i.test(cells.header[j])) {
      return form !== undefined && form.name !== "yyyy" && !years;
    }
    // Four digits could be anything. A year that repeats is one of several series, or of several months.
    return years && (isIncreasing(cells, j) || /^year$/i.test(cells.header[j]) && !hands);
  };
  const texts = named.filter((j) => !isNumeric(cells, j) && dates(j, false));
  // When something was issued or fetched is one date for all rows.
  return texts.find((j) => !isConstant(cells, j)) ?? texts[0] ??
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

/** Not `min`, which stands beside `max` as well. */
const MINUTE = /^(minute|mn)$/i;
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
  const repeats = cells.rows.length > 1 && cells.rows[0][j] === cells.rows[1][j];
  if (!repeats) return undefined;
  const hour = at.find((k) =>
    k !== j && /^(hour|hr|he|hourending|hourofday)$/.test(words(cells.header[k]).join("")) &&
    isHand(cells, k)
  );
  if (hour !== undefined) {
    const minute = at.find((k) => MINUTE.test(cells.header[k].trim()) && isHand(cells, k, LETTERS));
    const places = minute === undefined ? [j, hour] : [j, hour, minute];
    return joined(cells, file, places, ([a, h, m = "00"]) => `${a} ${pad(h)}:${pad(m)}`, name);
  }
  for (const k of at.filter((k) => k !== j && TIMES.has(words(cells.header[k]).join("")))) {
    const clock = clockOfDigits(cells, k);
    if (clock) return joined(cells, file, [j, k], ([a, b]) => `${a} ${clock(b)}`, name);
  }
}

/** How a column of digits tells the time: hours, 930 for 9:30, or 93000. */
function clockOfDigits(cells: Cells, j: number): ((cell: string) => string) | undefined {
  const digits = cells.rows.map((row) => row[j].trim());
  if (!digits.every((text) => /^\d{1,6}$/.test(text))) return undefined;
  const most = digits.reduce((a, text) => Math.max(a, Number(text)), 0);
  const width = most <= 24 ? 2 : most <= 2400 ? 4 : 6;
  const clock = (cell: string) =>
    `${cell.padStart(width, "0")}${width === 2 ? "00" : ""}`.match(/../g)!.join(":");
  const isTime = (text: string) => /^([01]\d|2[0-4])(:[0-5]\d)+$/.test(clock(text));
  return digits.every(isTime) ? clock : undefined;
}

interface Hands {
  places: number[];
  join(parts: string[]): string;
}

const pad = (text: string) => text.padStart(2, "0");

/** Columns that make a date together: year and month, day, hour, minute, or a part of the year of another kind. */
function findHands(cells: Cells, at: number[]): Hands | undefined {
  const named = (pattern: RegExp) => at.filter((j) => pattern.test(cells.header[j].trim()));
  const hand = (pattern: RegExp) => named(pattern).find((j) => isHand(cells, j, LETTERS));
  const year = hand(/^(year|yr|yyyy)$/i);
  if (year === undefined) return undefined;
  const name = named(/^(month|mnth|mon?)$/i).find((j) => isMonthNames(cells, j));
  const month = name ?? hand(/^(month|mnth|mo|mm)$/i);
  if (month === undefined) return partOfYear(year, hand);
  const places = [year, month];
  for (const pattern of [/^(day|dd|dy)$/i, /^(hour|hr|hh)$/i, MINUTE, /^(second|sec|ss)$/i]) {
    const j = hand(pattern);
    if (j === undefined) break;
    places.push(j);
  }
  const join = ([y, m, d, h, min = "00", s]: string[]) =>
    (name === undefined
      ? [y, m, d].filter((part) => part !== undefined).map(pad).join("-")
      : [d, m, y].filter((part) => part !== undefined).join(" ")) +
    (h === undefined ? "" : ` ${pad(h)}:${pad(min)}`) + (s === undefined ? "" : `:${pad(s)}`);
  return { places, join };
}

function partOfYear(
  year: number,
  hand: (pattern: RegExp) => number | undefined,
): Hands | undefined {
  const kinds: [RegExp, (part: string) => string][] = [
    [/^(quarter|qtr)$/i, (q) => `Q${q}`],
    [/^week$/i, (week) => `W${pad(week)}`],
    [/^(doy|yday|day[ _.]?of[ _.]?year)$/i, (day) => day.padStart(3, "0")],
  ];
  for (const [pattern, text] of kinds) {
    const j = hand(pattern);
    // A day of the year has no form with a time.
    if (j !== undefined && hand(/^(hour|hr|hh)$/i) !== undefined) return undefined;
    if (j !== undefined) return { places: [year, j], join: ([y, part]) => `${y}-${text(part)}` };
  }
}

/** Year, month, day and hour in columns of their own. */
function fromHands(cells: Cells, file: string, at: number[]): DateSource | undefined {
  const hands = findHands(cells, at);
  return hands && joined(cells, file, hands.places, hands.join, "date");
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
