/** @file A column of dates: which form its cells have, by all of them, and their wall-clock times. */
import { DataError, type Place } from "../data_error.ts";
import { AMBIGUOUS, DATE_FORMATS, type DateForm, FORMS } from "./forms.ts";
import { readDate } from "./read.ts";
import type { Written } from "./write.ts";

/** Dates as a file has them, before a time zone is known. */
export interface WallClock {
  /** Microseconds since 1970 on the wall clock, one a row. */
  local: Float64Array;
  /** Microseconds that the wall clock is ahead of UTC, one a row; absent where cells do not say. */
  offsets?: Float64Array;
  /** The IANA zone that cells name. */
  zone?: string;
  /** How the cells are written. */
  written: Written;
}

/** Cells of one column. */
export interface DateCells {
  /** Their number. */
  length: number;
  /** Text of row i. */
  cell(i: number): string;
  /** Where it is. */
  place(i: number): Place;
}

const SAMPLE = 50;

/** Forms that a share of a sample of the cells has, best first; digits count only where `digits` says so. */
export function likelyForms(cells: DateCells, digits: boolean, share = 0.9): DateForm[] {
  const n = Math.min(SAMPLE, cells.length);
  const sample = Array.from(
    { length: n },
    (_, k) => cells.cell(n === 1 ? 0 : Math.round(k * (cells.length - 1) / (n - 1))),
  );
  return FORMS.filter((form) => {
    if (form.digits && !digits) return false;
    const read = sample.filter((cell) => typeof readDate(form, cell) === "object").length;
    return read > 0 && read >= share * n;
  });
}

/**
 * Reads a column of dates.
 * @param named the form, where the user names it.
 * @throws DataError for a cell that is no date or none of the column's form, and where day and month could be either.
 */
export function readDateColumn(cells: DateCells, named: string | undefined): WallClock {
  if (cells.length === 0) throw new RangeError("a column of dates without rows");
  const forms = named === undefined ? candidates(cells) : [formNamed(named, cells)];
  let failure: DataError | undefined;
  const fitting: [DateForm, WallClock][] = [];
  for (const form of forms) {
    if (fitting.length > 0 && !ambiguous(fitting[0][0], form)) break;
    const read = readAll(cells, form);
    if (read instanceof DataError) failure ??= read;
    else fitting.push([form, read]);
  }
  if (fitting.length === 0) throw failure;
  if (fitting.length === 1) {
    if (named === undefined) refuseDays(cells, fitting[0]);
    return fitting[0][1];
  }
  // Several readings are possible: rows that are in order of time in one of them only decide.
  const ordered = fitting.filter(([, { local }]) => isSorted(local));
  const yearFirst = ordered.find(([{ name }]) => name.startsWith("yy"));
  const others = ordered.filter((one) => one !== yearFirst);
  // The year is the number that changes least, wherever it stands.
  const longer = (days: number) => others.every(([, { local }]) => span(local) > 10 * days);
  if (yearFirst && longer(span(yearFirst[1].local))) return yearFirst[1];
  const dayFirst = fitting.filter(([{ name }]) => !name.startsWith("yy"));
  if (others.length === 1 || dayFirst.length === 1) return (others[0] ?? dayFirst[0])[1];
  const [day, month] = dayFirst.map(([form]) => form.name);
  const { column } = cells.place(0);
  throw new DataError(
    cells.place(0),
    `${JSON.stringify(cells.cell(0))} and every other date here may be ${day} or ${month}. ` +
      `Say which: --date ${JSON.stringify(`${column}=${day}`)} or --date ${
        JSON.stringify(`${column}=${month}`)
      } ("date" in a dataset entry).`,
  );
}

/** @throws DataError where "Jan 15" may be a day of January: no other month is there to tell. */
function refuseDays(cells: DateCells, [form, { local }]: [DateForm, WallClock]) {
  if (form.name !== "Mon yy" || cells.length === 1) return;
  const months = new Set(local.map((time) => new Date(time / 1000).getUTCMonth()));
  if (months.size > 1) return;
  throw new DataError(
    cells.place(0),
    `${
      JSON.stringify(cells.cell(0))
    } and every other date here may be a day of a month as well as a month of ` +
      `a year. If these are months: --date ${
        JSON.stringify(`${cells.place(0).column}=Mon yy`)
      }; if days, write the year.`,
  );
}

function ambiguous(a: DateForm, b: DateForm): boolean {
  return AMBIGUOUS.some((names) => names.includes(a.name) && names.includes(b.name));
}

function span(times: Float64Array): number {
  return times[times.length - 1] - times[0];
}

function candidates(cells: DateCells): DateForm[] {
  const likely = likelyForms(cells, true);
  if (likely.length > 0) return likely;
  const some = likelyForms(cells, true, 0.01);
  if (some.length > 0) return some;
  // Of a form, but impossible: 2016-02-30, 12:00:60, +99:99.
  for (let i = 0; i < Math.min(SAMPLE, cells.length); i++) {
    const form = FORMS.find((form) => readDate(form, cells.cell(i)) !== undefined);
    if (form) return [form];
  }
  const zone = / (?!UTC$|GMT$|AM$|PM$)([A-Z]{2,5})$/.exec(cells.cell(0).trim());
  const why = zone
    ? `${
      zone[1]
    } is no zone that one could tell apart from others; remove it and say --zone NAME, or write ` +
      "the offset from UTC, such as -05:00"
    : `allowed are ${DATE_FORMATS}`;
  throw notDate(cells, 0, why);
}

/** @throws DataError with the forms that exist. */
function formNamed(name: string, cells: DateCells): DateForm {
  const form = FORMS.find((form) => form.name.toLowerCase() === name.trim().toLowerCase());
  if (form) return form;
  const names = FORMS.map(({ name }) => name).join(", ");
  throw new DataError(
    cells.place(0),
    `${JSON.stringify(name)} is no form of dates. Allowed: ${names}.`,
  );
}

function notDate(cells: DateCells, i: number, why: string): DataError {
  const cell = cells.cell(i).trim();
  return new DataError(
    cells.place(i),
    `${
      cell === "" ? "an empty cell" : JSON.stringify(cell)
    } is not a date: ${why}. Correct it, or remove ` +
      "the row if it is no data; to read the file without dates: --date none.",
  );
}

/** A cell that has the form. */
function example(cells: DateCells, form: DateForm): string {
  for (let i = 0; i < cells.length; i++) {
    if (typeof readDate(form, cells.cell(i)) === "object") return JSON.stringify(cells.cell(i));
  }
  return form.name;
}

function readAll(cells: DateCells, form: DateForm): WallClock | DataError {
  const n = cells.length;
  const local = new Float64Array(n);
  const offsets = new Float64Array(n);
  const written: Written = {
    form,
    model: "",
    unpadded: new Set(),
    wideMonth: false,
    fraction: 0,
  };
  // Parts of the cell that has most, and of the last cell.
  let parts = -1, last = -1;
  let zone: string | undefined, withOffset = 0, before = "";
  for (let i = 0; i < n; i++) {
    const cell = cells.cell(i);
    const read = readDate(form, cell);
    if (typeof read !== "object") {
      return notDate(
        cells,
        i,
        read ?? `the column has the form ${form.name}, as in ${example(cells, form)}`,
      );
    }
    local[i] = read.local;
    offsets[i] = read.offset;
    if (!Number.isNaN(read.offset)) withOffset++;
    if (read.zone !== undefined) {
      if (zone !== undefined && zone !== read.zone) {
        return notDate(cells, i, `its zone is ${read.zone}, but ${zone} before; a file has one`);
      }
      zone = read.zone;
    }
    // Digits for digits, a cell is written like the one before.
    if (parts === last && isAlike(cell, before)) written.model = cell.trim();
    else {
      last = observe(written, read.match);
      if (last >= parts) {
        written.model = cell.trim();
        parts = last;
      }
    }
    before = cell;
  }
  if (withOffset > 0 && withOffset < n) {
    const i = offsets.findIndex((offset) => Number.isNaN(offset));
    return notDate(cells, i, "it has no offset from UTC, but others have");
  }
  return { local, written, zone, ...(withOffset > 0 ? { offsets } : {}) };
}

/** Whether two cells differ in nothing but which digits they have. */
function isAlike(a: string, b: string): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) {
    const c = a.charCodeAt(i), d = b.charCodeAt(i);
    if (c !== d && !(isDigit(c) && isDigit(d))) return false;
  }
  return true;
}

const isDigit = (code: number) => code >= 48 && code <= 57;

/**
 * Takes note of how a cell is written; the last of the cells with most parts is the model for further ones.
 * @returns its number of parts
 */
function observe(written: Written, match: RegExpExecArray): number {
  const groups = match.groups!;
  let parts = 0;
  for (const name in groups) {
    const text = groups[name];
    if (text === undefined) continue;
    parts++;
    if (text.length === 1 && (name === "m" || name === "d" || name === "H")) {
      written.unpadded.add(name);
    }
  }
  if (groups.f !== undefined) written.fraction = Math.max(written.fraction, groups.f.length);
  if (groups.mon !== undefined && /^(?!sept$).{4}/i.test(groups.mon)) written.wideMonth = true;
  return parts;
}

function isSorted(values: Float64Array): boolean {
  for (let i = 1; i < values.length; i++) if (values[i] < values[i - 1]) return false;
  return true;
}
