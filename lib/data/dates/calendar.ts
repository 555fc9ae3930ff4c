/** @file The sampling interval of dates: found on the wall clock, where days and months are whole, and continued beyond the last row. */
import { DAY, daysIn } from "./read.ts";

/** A day of the month on which something recurs; 31 is the last day of shorter months. */
export type MonthDay =
  | number
  | "last"
  | "first weekday"
  | "last weekday"
  /** The second Friday, or the last one: `nth` is 1 to 4, or 5 for the last; `weekday` 0 for Sunday. */
  | { nth: number; weekday: number };

/** How a series continues in time. `weekdays`: daily without Saturdays and Sundays, as markets do, or on other
 * days of the week, 0 being Sunday; `monthParts`: twice or three times a month.
 * A fixed step of less than a day is one between instants, or, if `wall`, on a clock that is changed twice a year. */
export type Interval =
  | { kind: "fixed"; ms: number; wall?: true }
  | { kind: "months"; months: number; day?: MonthDay }
  | { kind: "monthParts"; days: MonthDay[] }
  | { kind: "weekdays"; days?: number[] };

/** An interval, and how many steps differ from it: gaps, changes of the clocks. */
export interface Sampling {
  /** The commonest step. */
  interval: Interval;
  /** Steps that are another. */
  irregular: number;
}

/**
 * The sampling interval of increasing dates.
 * @param local wall-clock times in milliseconds, as if the clock showed UTC.
 * @param instants milliseconds since 1970; absent: the same.
 * @returns undefined for fewer than two different dates.
 */
export function inferInterval(
  local: Float64Array,
  instants: Float64Array = local,
): Sampling | undefined {
  const steps = commonest(differences(instants)), wallSteps = commonest(differences(local));
  if (steps === undefined || wallSteps === undefined) return undefined;
  const [ms, count] = wallSteps;
  const n = local.length - 1;
  if (ms < DAY / 1000) {
    return wallSteps[1] > steps[1]
      ? { interval: { kind: "fixed", ms, wall: true }, irregular: n - count }
      : { interval: { kind: "fixed", ms: steps[0] }, irregular: n - steps[1] };
  }
  const days = local.map((time) => time * 1000);
  const fixed: Sampling = { interval: { kind: "fixed", ms }, irregular: n - count };
  const calendars = candidates(days, ms)
    .map((interval) => ({ interval, irregular: countIrregular(days, interval) }))
    .filter(({ interval, irregular }) => isMarket(interval, ms) || irregular <= 0.1 * n);
  // Months explain a step of 30 or 31 days better than the step itself; a market's holidays are gaps however its days are counted.
  return calendars.reduce((a, b) => {
    if (isMarket(b.interval, ms)) return b;
    const plainer = a === fixed && b.interval.kind === "months";
    return b.irregular < a.irregular || plainer && b.irregular === a.irregular ? b : a;
  }, fixed);
}

/** Days of the week of which most follow each other; what is missing then is a holiday. */
function isMarket({ kind }: Interval, ms: number): boolean {
  return kind === "weekdays" && ms * 1000 === DAY;
}

function differences(times: Float64Array): Float64Array {
  // To the microsecond: a double's last digits are finer than that, and not exact.
  return Float64Array.from(
    { length: Math.max(0, times.length - 1) },
    (_, i) => Math.round((times[i + 1] - times[i]) * 1000) / 1000,
  );
}

/** The commonest positive step and its count; of equally common ones the smallest. */
function commonest(steps: Float64Array): [number, number] | undefined {
  const counts = new Map<number, number>();
  for (const step of steps) if (step > 0) counts.set(step, (counts.get(step) ?? 0) + 1);
  let best: [number, number] | undefined;
  for (const [step, count] of counts) {
    if (!best || count > best[1] || count === best[1] && step < best[0]) best = [step, count];
  }
  return best;
}

/** Calendars that dates with a commonest step of `ms` could follow, the plainest first. */
function candidates(local: Float64Array, ms: number): Interval[] {
  const day = DAY / 1000;
  if (ms < 7 * day && ms % day === 0) return daysOfWeek(local);
  if (ms >= 28 * day) {
    const months = commonest(differences(local.map(monthNumber)));
    if (!months) return [];
    return monthDays(local).map((at) => ({ kind: "months", months: months[0], day: at }));
  }
  if (ms < 8 * day || ms > 19 * day) return [];
  const thirds = ms < 12 * day ? partsOfMonth(local, [10, 20]) : [];
  const halves = partsOfMonth(local, [14]);
  // The 15th and the last day, or the 10th and the 25th, lie on one side of the 14th or on both.
  return [...thirds, ...halves, ...twoDays(local)].map((days) => ({ kind: "monthParts", days }));
}

/** The days that dates could mean in each part of the month. @param ends last day of each part but the last */
function partsOfMonth(local: Float64Array, ends: number[]): MonthDay[][] {
  const parts = [...ends, 31].map((end, k) =>
    local.filter((time) => {
      const day = dateOf(time).getUTCDate();
      return day > (ends[k - 1] ?? 0) && day <= end;
    })
  );
  return parts.map((times) => times.length === 0 ? [] : monthDays(times))
    .reduce<MonthDay[][]>((all, days) => all.flatMap((a) => days.map((day) => [...a, day])), [[]]);
}

const MARKET_DAYS = [1, 2, 3, 4, 5];

/** Days of the week that the dates keep to, if they leave some out; two weeks must be seen. */
function daysOfWeek(local: Float64Array): Interval[] {
  const days = [...new Set(local.map((time) => dateOf(time).getUTCDay()))].sort((a, b) => a - b);
  if (days.length === 7 || local.length < 2 * days.length) return [];
  return [days.join() === MARKET_DAYS.join() ? { kind: "weekdays" } : { kind: "weekdays", days }];
}

/** The days of the month that all dates could mean. */
function monthDays(local: Float64Array): MonthDay[] {
  const days = local.map((time) => dateOf(time).getUTCDate());
  const most = days.reduce((a, b) => Math.max(a, b), 0);
  const at = commonestOf(local, (date) => date.getUTCDate());
  const ends: MonthDay[] = ["last", "last weekday", "first weekday"];
  // 30 June and 30 September are the ends of their months, and so will 31 December be.
  const isEnd = local.every((time, i) => {
    const date = dateOf(time);
    return days[i] === daysIn(date.getUTCFullYear(), date.getUTCMonth() + 1);
  });
  return [
    ...isEnd ? ends : [],
    ...new Set<MonthDay>([at, most]),
    ...isEnd ? [] : ends,
    ...nthWeekdays(local),
  ];
}

/** The third Friday of every month, or the last. */
function nthWeekdays(local: Float64Array): MonthDay[] {
  const weekdays = commonestOf(local, (date) => date.getUTCDay());
  const nth = commonestOf(local, (date) => Math.ceil(date.getUTCDate() / 7));
  return [...new Set([nth, 5])].map((nth) => ({ nth, weekday: weekdays }));
}

function commonestOf(local: Float64Array, of: (date: Date) => number): number {
  const counts = new Array(32).fill(0);
  for (const time of local) counts[of(dateOf(time))]++;
  return counts.indexOf(Math.max(...counts));
}

/** The 15th and the end of the month. */
function twoDays(local: Float64Array): MonthDay[][] {
  const late = local.filter((time) => dateOf(time).getUTCDate() > 25);
  const early = local.filter((time) => dateOf(time).getUTCDate() <= 25);
  if (late.length === 0 || early.length === 0) return [];
  const at = commonestOf(early, (date) => date.getUTCDate());
  const lateDay = commonestOf(late, (date) => date.getUTCDate());
  return [[at, "last"], [at, "last weekday"], [at, lateDay]];
}

function countIrregular(local: Float64Array, interval: Interval): number {
  let irregular = 0;
  for (let i = 1; i < local.length; i++) {
    if (nextLocal(local[i - 1], interval) !== local[i]) irregular++;
  }
  return irregular;
}

/** The wall-clock time one interval later, in microseconds; of a fixed interval of days or more, or of a calendar. */
export function nextLocal(local: number, interval: Interval): number {
  if (interval.kind === "fixed") return local + Math.round(interval.ms * 1000);
  const day = Math.floor(local / DAY), time = local - day * DAY;
  if (interval.kind === "weekdays") {
    let next = local + DAY;
    while (!(interval.days ?? MARKET_DAYS).includes(dateOf(next).getUTCDay())) next += DAY;
    return next;
  }
  const month = monthNumber(local);
  if (interval.kind === "months") {
    const at = interval.day ?? dateOf(local).getUTCDate();
    return dayInMonth(month + interval.months, at) * DAY + time;
  }
  const coming = [month, month + 1].flatMap((m) => interval.days.map((at) => dayInMonth(m, at)));
  return coming.find((candidate) => candidate > day)! * DAY + time;
}

function dayInMonth(month: number, at: MonthDay): number {
  const [year, index] = [Math.floor(month / 12), ((month % 12) + 12) % 12];
  const days = daysIn(year, index + 1);
  const first = new Date(0).setUTCFullYear(year, index, 1) / 86_400_000;
  if (typeof at === "number") return first + Math.min(at, days) - 1;
  const last = first + days - 1;
  if (at === "last") return last;
  if (typeof at === "object") {
    const nth = first + (at.weekday - weekdayOf(first) + 7) % 7 + 7 * (at.nth - 1);
    return nth > last ? nth - 7 : nth;
  }
  const step = at === "last weekday" ? -1 : 1;
  let day = at === "last weekday" ? last : first;
  while (isWeekend(day * DAY)) day += step;
  return day;
}

function dateOf(local: number): Date {
  return new Date(Math.floor(local / 1000));
}

function monthNumber(local: number): number {
  const date = dateOf(local);
  return date.getUTCFullYear() * 12 + date.getUTCMonth();
}

function isWeekend(local: number): boolean {
  const weekday = weekdayOf(local / DAY);
  return weekday === 0 || weekday === 6;
}

/** Of a day since 1970, 0 for Sunday. */
function weekdayOf(day: number): number {
  return dateOf(day * DAY).getUTCDay();
}

/**
 * The season a reader expects of a sampling interval, in rows: the day for anything sampled within
 * a day, the week for daily, the year for weekly to half-yearly. Undefined where none is usual.
 */
export function usualSeason(interval: Interval): number | undefined {
  if (interval.kind === "weekdays") return (interval.days ?? MARKET_DAYS).length;
  if (interval.kind === "monthParts") return 12 * interval.days.length;
  if (interval.kind === "months") {
    return interval.months < 12 && 12 % interval.months === 0 ? 12 / interval.months : undefined;
  }
  const step = Math.round(interval.ms * 1000);
  if (step < DAY) return DAY % step === 0 ? DAY / step : undefined;
  if (step === DAY) return 7;
  if (step === 7 * DAY) return 52;
  return undefined;
}

/** "1 hour", "15 minutes", "1 month", "weekdays", "twice a month". */
export function describeInterval(interval: Interval): string {
  if (interval.kind === "weekdays") {
    return interval.days ? `${interval.days.length} days a week` : "weekdays";
  }
  if (interval.kind === "monthParts") {
    return interval.days.length === 2 ? "twice a month" : "three times a month";
  }
  if (interval.kind === "months") {
    return interval.months % 12 === 0
      ? plural(interval.months / 12, "year")
      : plural(interval.months, "month");
  }
  const step = Math.round(interval.ms * 1000);
  const units: [number, string][] = [
    ...[[7 * DAY, "week"], [DAY, "day"], [3600e6, "hour"], [60e6, "minute"]] as [number, string][],
    ...[[1e6, "second"], [1e3, "millisecond"], [1, "microsecond"]] as [number, string][],
  ];
  const [size, name] = units.find(([size]) => step % size === 0) ?? [1, "microsecond"];
  return plural(step / size, name);
}

function plural(n: number, unit: string): string {
  return `${n} ${unit}${n === 1 ? "" : "s"}`;
}
