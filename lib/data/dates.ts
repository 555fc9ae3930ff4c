/**
 * @file Dates of a series: reading them without the locale and time zone guesses of `Date.parse`,
 * finding the sampling interval, and continuing it beyond the last row.
 */

const MONTHS = "janfebmaraprmayjunjulaugsepoctnovdec";
const DAY = 86_400_000;

/** Formats that `parseDate` reads, for error messages. */
export const DATE_FORMATS =
  "2016-07-01, 2016-07-01 13:00[:00], 2016-07-01T13:00Z, 2016/7/1 13:00, 2016-07, 2016, Jul 1 2016, or Unix seconds or milliseconds";

/**
 * Milliseconds since 1970 UTC, or NaN. Times without a zone are read as UTC, so that no machine's
 * time zone can change a result. Day-first and month-first dates (1/2/2016) are ambiguous: NaN.
 */
export function parseDate(text: string): number {
  const t = text.trim();
  const iso =
    /^(\d{4})[-/](\d{1,2})(?:[-/](\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(\.\d+)?)?)?)?\s*(Z|[+-]\d{2}:?\d{2})?$/
      .exec(t);
  if (iso) {
    const [, y, mo, d = "1", h = "0", mi = "0", s = "0", fraction = "0", zone = "Z"] = iso;
    if (+h > 23 || +mi > 59 || +s > 60) return NaN;
    const day = utcDay(+y, +mo, +d);
    const offset = zone === "Z"
      ? 0
      : (zone[0] === "-" ? -1 : 1) * (+zone.slice(1, 3) * 60 + +zone.slice(-2));
    return day + ((+h * 60 + +mi - offset) * 60 + +s) * 1000 + Math.round(+fraction * 1000);
  }
  if (/^\d{4}$/.test(t)) return utcDay(+t, 1, 1);
  if (/^\d{9,10}$/.test(t)) return +t * 1000;
  if (/^\d{12,13}$/.test(t)) return +t;
  const named = /^([A-Za-z]{3})[a-z]* (\d{1,2}),? (\d{4})$/.exec(t);
  if (named) {
    const at = MONTHS.indexOf(named[1].toLowerCase());
    if (at % 3 === 0) return utcDay(+named[3], at / 3 + 1, +named[2]);
  }
  return NaN;
}

function utcDay(year: number, month: number, day: number): number {
  const time = Date.UTC(year, month - 1, day);
  const back = new Date(time);
  // Date.UTC rolls 31 February over into March: refuse what does not come back.
  return back.getUTCMonth() === month - 1 && back.getUTCDate() === day ? time : NaN;
}

/** How a series continues in time. `weekdays`: daily without Saturdays and Sundays, as markets do. */
export type Interval =
  | { kind: "fixed"; ms: number }
  | { kind: "months"; months: number }
  | { kind: "weekdays" };

/**
 * The sampling interval of increasing dates: the commonest step, recognised as calendar months or
 * weekdays where it is one. `irregular` counts the steps that differ from it (gaps, daylight saving).
 * Undefined for fewer than two dates.
 */
export function inferInterval(
  dates: Float64Array,
): { interval: Interval; irregular: number } | undefined {
  if (dates.length < 2) return undefined;
  const counts = new Map<number, number>();
  for (let i = 1; i < dates.length; i++) {
    const step = dates[i] - dates[i - 1];
    counts.set(step, (counts.get(step) ?? 0) + 1);
  }
  const [ms, count] = [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0])[0];
  if (ms >= 28 * DAY && ms % DAY === 0) {
    const months = monthNumber(dates[1]) - monthNumber(dates[0]);
    let irregular = 0;
    for (let i = 1; i < dates.length; i++) {
      const regular = monthNumber(dates[i]) - monthNumber(dates[i - 1]) === months &&
        new Date(dates[i]).getUTCDate() === new Date(dates[i - 1]).getUTCDate();
      if (!regular) irregular++;
    }
    if (months > 0 && irregular <= 0.1 * dates.length) {
      return { interval: { kind: "months", months }, irregular };
    }
  }
  if (ms === DAY && dates.length >= 10 && dates.every((d) => !isWeekend(d))) {
    let irregular = 0;
    for (let i = 1; i < dates.length; i++) {
      if (nextDate(dates[i - 1], { kind: "weekdays" }) !== dates[i]) irregular++;
    }
    return { interval: { kind: "weekdays" }, irregular };
  }
  return { interval: { kind: "fixed", ms }, irregular: dates.length - 1 - count };
}

function monthNumber(time: number): number {
  const d = new Date(time);
  return d.getUTCFullYear() * 12 + d.getUTCMonth();
}

function isWeekend(time: number): boolean {
  const day = new Date(time).getUTCDay();
  return day === 0 || day === 6;
}

/** The date one sampling interval later. */
export function nextDate(time: number, interval: Interval): number {
  if (interval.kind === "fixed") return time + interval.ms;
  if (interval.kind === "weekdays") {
    let next = time + DAY;
    while (isWeekend(next)) next += DAY;
    return next;
  }
  const d = new Date(time);
  const month = d.getUTCMonth() + interval.months;
  const lastDay = new Date(Date.UTC(d.getUTCFullYear(), month + 1, 0)).getUTCDate();
  return Date.UTC(d.getUTCFullYear(), month, Math.min(d.getUTCDate(), lastDay)) + time % DAY;
}

/**
 * The season a reader expects of a sampling interval, in rows: the day for anything sampled within
 * a day, the week for daily, the year for weekly to quarterly. Undefined where none is usual.
 */
export function usualSeason(interval: Interval): number | undefined {
  if (interval.kind === "weekdays") return 5;
  if (interval.kind === "months") return interval.months < 12 ? 12 / interval.months : undefined;
  if (interval.ms < DAY) return Number.isInteger(DAY / interval.ms) ? DAY / interval.ms : undefined;
  if (interval.ms === DAY) return 7;
  if (interval.ms === 7 * DAY) return 52;
  return undefined;
}

/** "1 hour", "15 minutes", "1 month", "weekdays". */
export function describeInterval(interval: Interval): string {
  if (interval.kind === "weekdays") return "weekdays";
  if (interval.kind === "months") return plural(interval.months, "month");
  const units: [number, string][] = [[DAY, "day"], [3_600_000, "hour"], [60_000, "minute"]];
  for (const [ms, name] of units) {
    if (interval.ms % ms === 0) return plural(interval.ms / ms, name);
  }
  return plural(interval.ms / 1000, "second");
}

function plural(n: number, unit: string): string {
  return `${n} ${unit}${n === 1 ? "" : "s"}`;
}

/** `2016-07-01` where every date of a series is midnight, else `2016-07-01 13:00:00`. */
export function formatDate(time: number, dateOnly: boolean): string {
  const iso = new Date(time).toISOString();
  if (dateOnly) return iso.slice(0, 10);
  return iso.slice(0, 10) + " " + iso.slice(11, time % 1000 === 0 ? 19 : 23);
}
