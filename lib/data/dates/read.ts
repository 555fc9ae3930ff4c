/** @file One cell to a date, or to the reason why it is none. Times are in microseconds, which a double holds exactly for 285 years to both sides of 1970. */
import { type DateForm, monthOf } from "./forms.ts";

/** What a cell says. */
export interface Reading {
  /** Wall-clock time as microseconds since 1970 as if it were UTC; of an epoch, the instant. */
  local: number;
  /** Microseconds that the wall clock is ahead of UTC; NaN where the cell does not say. */
  offset: number;
  /** An IANA name where the cell has one. */
  zone?: string;
  /** The parts as they were found. */
  match: RegExpExecArray;
}

const MINUTE = 60e6, HOUR = 3600e6;
/** Microseconds of a day. */
export const DAY = 86_400e6;

/** The cell in a form: its date, why there is no such date, or undefined for a cell of another form. */
export function readDate(form: DateForm, cell: string): Reading | string | undefined {
  const match = form.pattern.exec(cell.trim());
  if (!match) return undefined;
  const g = match.groups!;
  if (form.unit !== undefined) return readEpoch(form, match);
  const year = yearOf(g.y);
  const month = g.mon !== undefined
    ? monthOf(g.mon)
    : g.q !== undefined
    ? 3 * Number(g.q) - 2
    : Number(g.m ?? 1);
  if (month === 0) return `${g.mon} is no month's name`;
  if (month < 1 || month > 12) return `month ${g.m}: allowed are 1 to 12`;
  const day = Number(g.d ?? 1);
  const most = daysIn(year, month);
  if (day < 1 || day > most) return `day ${g.d}: month ${month} of ${year} has ${most} days`;
  const date = g.w !== undefined
    ? weekStart(g)
    : g.j !== undefined
    ? dayOfYear(year, g.j)
    : dayNumber(year, month, day);
  if (typeof date === "string") return date;
  const time = readTime(g);
  if (typeof time === "string") return time;
  const offset = readOffset(g.z);
  if (typeof offset === "string") return offset;
  return { local: date * DAY + time, offset, zone: g.zone, match };
}

type Groups = Record<string, string>;

function readEpoch({ unit }: DateForm, match: RegExpExecArray): Reading {
  const { unix, f } = match.groups!;
  // Nineteen digits are more than a double holds.
  const local = unit! < 1
    ? Number(unix.slice(0, -3))
    : Number(unix) * unit! + (f === undefined ? 0 : Math.round(Number(`0.${f}`) * unit!));
  return { local, offset: 0, match };
}

/** Two digits are years from 1969 to 2068, as POSIX reads them. */
function yearOf(text: string): number {
  const year = Number(text);
  return text.length > 2 ? year : year < 69 ? 2000 + year : 1900 + year;
}

/** Days since 1970; `Date.UTC` would take the years 0 to 99 for 1900 to 1999. */
export function dayNumber(year: number, month: number, day: number): number {
  if (year >= 100) return Date.UTC(year, month - 1, day) / 86_400_000;
  return new Date(0).setUTCFullYear(year, month - 1, day) / 86_400_000;
}

/** Days of a month from 1. */
export function daysIn(year: number, month: number): number {
  return month === 2
    ? (year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28)
    : [4, 6, 9, 11].includes(month)
    ? 30
    : 31;
}

/** ISO 8601: the first week is that of 4 January. */
function weekStart({ y, w, wd = "1" }: Groups): number | string {
  const fourth = dayNumber(Number(y), 1, 4);
  const monday = fourth - ((fourth + 3) % 7 + 7) % 7;
  const day = monday + 7 * (Number(w) - 1) + Number(wd) - 1;
  const next = dayNumber(Number(y) + 1, 1, 4);
  const last = next - ((next + 3) % 7 + 7) % 7;
  if (w === "00" || monday + 7 * (Number(w) - 1) >= last) {
    return `week ${w}: ${y} has ${(last - monday) / 7} weeks`;
  }
  return day;
}

function dayOfYear(year: number, j: string): number | string {
  const first = dayNumber(year, 1, 1), days = dayNumber(year + 1, 1, 1) - first;
  if (Number(j) >= 1 && Number(j) <= days) return first + Number(j) - 1;
  return `day ${j}: ${year} has ${days} days`;
}

function readTime({ H = "0", M = "0", S = "0", f = "", ap }: Groups): number | string {
  let hour = Number(H);
  if (ap !== undefined) {
    if (hour < 1 || hour > 12) return `hour ${H} ${ap}: allowed are 1 to 12`;
    hour = hour % 12 + (/p/i.test(ap) ? 12 : 0);
  }
  const [minute, second] = [Number(M), Number(S)];
  const fraction = f === "" ? 0 : Math.floor(Number(f.padEnd(7, "0").slice(0, 7)) / 10 + 0.5);
  // ISO 8601 lets a day end at 24:00.
  if (hour > 24 || hour === 24 && minute + second + fraction > 0) {
    return `hour ${H}: allowed are 0 to 23`;
  }
  if (minute > 59) return `minute ${M}: allowed are 0 to 59`;
  if (second > 59) return `second ${S}: allowed are 0 to 59`;
  return hour * HOUR + minute * MINUTE + second * 1e6 + fraction;
}

function readOffset(z: string | undefined): number | string {
  if (z === undefined) return NaN;
  if (!/^[+-]/.test(z)) return 0;
  const hours = Number(z.slice(1, 3)), minutes = Number(z.slice(3).replace(":", "") || 0);
  const total = hours * 60 + minutes;
  const sign = z[0] === "-" ? -1 : 1;
  if (minutes > 59 || total > (sign < 0 ? 12 * 60 : 14 * 60)) {
    return `offset ${z}: zones lie between -12:00 and +14:00`;
  }
  return sign * total * MINUTE;
}
