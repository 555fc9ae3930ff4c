/** @file Sampling intervals: calendars are recognised, gaps counted, and the dates that follow are those of the calendar. */
import assert from "node:assert/strict";
import { describeInterval, inferInterval, usualSeason } from "../../../lib/data/dates.ts";
import { futureDates } from "../../../lib/data/dates/clock.ts";
import { goesOn } from "./dates.ts";

const iso = (time: number) => new Date(time).toISOString().slice(0, 10);
const monthEnd = (month: number) => Date.UTC(2019, month + 1, 0);
const isWeekend = (time: number) => [0, 6].includes(new Date(time).getUTCDay());
function towards(time: number, step: number): number {
  while (isWeekend(time)) time += step * 86_400_000;
  return time;
}
/** The i-th day from 2019 on that is no Saturday or Sunday. */
function weekday(i: number): number {
  return Date.UTC(2019, 0, 7 + 7 * Math.floor(i / 5) + i % 5);
}

/** The n-th Friday of a month from 2019 on, or the last one before where there is no fifth. */
function nthFriday(month: number, n: number): number {
  const first = Date.UTC(2019, month, 1);
  const friday = first + ((5 - new Date(first).getUTCDay() + 7) % 7 + 7 * (n - 1)) * 86_400_000;
  return friday > monthEnd(month) ? friday - 7 * 86_400_000 : friday;
}

Deno.test("calendars: a rule of dates goes on as the rule, with its season", () => {
  const rules: [string, (i: number) => number, string, number | undefined][] = [
    ["month starts", (i) => Date.UTC(2019, i, 1), "1 month", 12],
    ["the 15th", (i) => Date.UTC(2019, i, 15), "1 month", 12],
    ["the 30th", (i) => Math.min(Date.UTC(2019, i, 30), monthEnd(i)), "1 month", 12],
    ["month ends", monthEnd, "1 month", 12],
    ["business month ends", (i) => towards(monthEnd(i), -1), "1 month", 12],
    ["business month starts", (i) => towards(Date.UTC(2019, i, 1), 1), "1 month", 12],
    ["quarter ends", (i) => monthEnd(3 * i + 2), "3 months", 4],
    ["business quarter ends", (i) => towards(monthEnd(3 * i + 2), -1), "3 months", 4],
    ["half-years", (i) => Date.UTC(2019, 6 * i, 1), "6 months", 2],
    ["years", (i) => Date.UTC(2019 + i, 0, 1), "1 year", undefined],
    ["ends of February", (i) => Date.UTC(2019 + i, 2, 0), "1 year", undefined],
    ["1st and 15th", (i) => Date.UTC(2019, i >> 1, i % 2 ? 15 : 1), "twice a month", 24],
    [
      "15th and end",
      (i) => i % 2 ? monthEnd(i >> 1) : Date.UTC(2019, i >> 1, 15),
      "twice a month",
      24,
    ],
    ["10th and 25th", (i) => Date.UTC(2019, i >> 1, i % 2 ? 25 : 10), "twice a month", 24],
    [
      "15th and 30th",
      (i) => Math.min(Date.UTC(2019, i >> 1, i % 2 ? 30 : 15), monthEnd(i >> 1)),
      "twice a month",
      24,
    ],
    [
      "1st, 11th, 21st",
      (i) => Date.UTC(2019, Math.floor(i / 3), 1 + 10 * (i % 3)),
      "three times a month",
      36,
    ],
    [
      "10th, 20th, end",
      (i) =>
        i % 3 === 2
          ? monthEnd(Math.floor(i / 3))
          : Date.UTC(2019, Math.floor(i / 3), 10 + 10 * (i % 3)),
      "three times a month",
      36,
    ],
    ["third Fridays", (i) => nthFriday(i, 3), "1 month", 12],
    ["last Fridays", (i) => Math.max(nthFriday(i, 4), nthFriday(i, 5)), "1 month", 12],
    ["weekdays", weekday, "weekdays", 5],
    [
      "Mondays and Thursdays",
      (i) => Date.UTC(2019, 0, 7 + 7 * (i >> 1) + 3 * (i % 2)),
      "2 days a week",
      2,
    ],
    [
      "Mondays, Wednesdays, Fridays",
      (i) => Date.UTC(2019, 0, 7 + 7 * Math.floor(i / 3) + 2 * (i % 3)),
      "3 days a week",
      3,
    ],
    ["every other day", (i) => Date.UTC(2019, 0, 7 + 2 * i), "2 days", undefined],
    ["every third day", (i) => Date.UTC(2019, 0, 7 + 3 * i), "3 days", undefined],
    [
      "days without Sundays",
      (i) => Date.UTC(2019, 0, 7 + 7 * Math.floor(i / 6) + i % 6),
      ...["6 days a week", 6] as [string, number],
    ],
    [
      "Sunday to Thursday",
      (i) => Date.UTC(2019, 0, 6 + 7 * Math.floor(i / 5) + i % 5),
      ...["5 days a week", 5] as [string, number],
    ],
    ["days", (i) => Date.UTC(2019, 0, 1 + i), "1 day", 7],
    ["weeks", (i) => Date.UTC(2019, 0, 1 + 7 * i), "1 week", 52],
    ["fortnights", (i) => Date.UTC(2019, 0, 1 + 14 * i), "2 weeks", undefined],
    ["28 days", (i) => Date.UTC(2019, 0, 1 + 28 * i), "4 weeks", undefined],
    ["30 days", (i) => Date.UTC(2019, 0, 1 + 30 * i), "30 days", undefined],
  ];
  for (const [name, date, described, season] of rules) {
    for (const rows of [25, 36]) {
      const all = Array.from({ length: rows + 30 }, (_, i) => iso(date(i)));
      const { interval, irregular, next } = goesOn(all.slice(0, rows), 30);
      assert.deepEqual(next, all.slice(rows), name);
      assert.deepEqual([irregular, describeInterval(interval), usualSeason(interval)], [
        ...[0, described, season],
      ], name);
    }
  }
});

Deno.test("calendars: two dates are enough for months, and for quarter ends", () => {
  assert.deepEqual(goesOn(["2020-01-31", "2020-02-29"], 2).next, ["2020-03-31", "2020-04-30"]);
  assert.deepEqual(goesOn(["2020-06-30", "2020-09-30"], 1).next, ["2020-12-31"]);
  assert.deepEqual(goesOn(["2020-01-01", "2021-01-01"], 1).next, ["2022-01-01"]);
});

Deno.test("calendars: gaps are counted, wherever they are", () => {
  for (const gap of [1, 2, 20]) {
    const rows = Array.from({ length: 30 }, (_, i) => iso(monthEnd(i >= gap ? i + 4 : i)));
    const { interval, irregular, next } = goesOn(rows, 1);
    assert.deepEqual([describeInterval(interval), irregular], ["1 month", 1], `gap at ${gap}`);
    assert.equal(next[0], iso(monthEnd(34)));
  }
  const hours = Float64Array.of(0, 1, 2, 4, 5).map((h) => h * 3_600_000);
  assert.deepEqual(inferInterval(hours), {
    ...{ interval: { kind: "fixed", ms: 3_600_000 }, irregular: 1 },
  });
  // Holidays of a market.
  const market = Array.from({ length: 60 }, (_, i) => iso(weekday(i))).filter((_, i) =>
    i % 23 !== 4
  );
  assert.deepEqual(goesOn(market, 1).interval, { kind: "weekdays" });
});

Deno.test("calendars: steps within a day, down to a microsecond", () => {
  for (const ms of [3_600_000, 900_000, 1000, 1, 0.1, 0.001]) {
    const start = Date.UTC(2024, 0, 20);
    const dates = Float64Array.from({ length: 500 }, (_, i) => start + i * ms);
    const { interval, irregular } = inferInterval(dates)!;
    assert.deepEqual([interval, irregular], [{ kind: "fixed", ms }, 0]);
    const [next] = futureDates({ dates }, interval, 1);
    const [seconds, fraction = ""] = next.slice(20 - 9).split(".");
    const micro = Number(fraction.padEnd(6, "0"));
    const [h, m, s] = seconds.split(":").map(Number);
    assert.equal(
      ((h * 60 + m) * 60 + s) * 1e6 + micro,
      Math.round(500 * ms * 1000) % 86_400e6,
      next,
    );
  }
  assert.equal(usualSeason({ kind: "fixed", ms: 0.1 }), 864_000_000);
  assert.equal(usualSeason({ kind: "fixed", ms: 7_000 }), undefined);
  assert.equal(describeInterval({ kind: "fixed", ms: 0.1 }), "100 microseconds");
  assert.equal(describeInterval({ kind: "fixed", ms: 1500 }), "1500 milliseconds");
});

Deno.test("calendars: fewer than two dates have no interval", () => {
  assert.equal(inferInterval(Float64Array.of()), undefined);
  assert.equal(inferInterval(Float64Array.of(0)), undefined);
  assert.equal(inferInterval(Float64Array.of(5, 5)), undefined);
});
