import assert from "node:assert/strict";
import {
  describeInterval,
  formatDate,
  inferInterval,
  nextDate,
  parseDate,
  usualSeason,
} from "../../lib/data/dates.ts";

const utc = (text: string) => Date.parse(text + "Z");

Deno.test("dates: every documented format gives its UTC instant", () => {
  const noon = utc("2016-07-01T13:00:00");
  for (
    const text of ["2016-07-01 13:00:00", "2016-07-01T13:00", "2016/7/1 13:00", "2016-07-01T13:00Z"]
  ) assert.equal(parseDate(text), noon, text);
  assert.equal(parseDate("2016-07-01T13:00:00+02:00"), noon - 2 * 3_600_000);
  assert.equal(parseDate("2016-07-01 13:00:00.250"), noon + 250);
  const day = utc("2016-07-01T00:00:00");
  for (const text of ["2016-07-01", " 2016/7/1 ", "Jul 1 2016", "July 1, 2016", "2016-07"]) {
    assert.equal(parseDate(text), day, text);
  }
  assert.equal(parseDate("1749"), utc("1749-01-01T00:00:00"));
  assert.equal(parseDate("1502942400000"), 1502942400000);
  assert.equal(parseDate("1502942400"), 1502942400000);
});

Deno.test("dates: impossible, ambiguous and missing ones are refused", () => {
  for (
    const text of [
      "",
      "NaN",
      "2016-02-30",
      "2016-13-01",
      "1/2/2016",
      "01.02.2016",
      "2016-07-01 25:00",
    ]
  ) assert.ok(Number.isNaN(parseDate(text)), text);
});

const series = (start: string, n: number, step: (t: number) => number) => {
  const dates = new Float64Array(n);
  dates[0] = utc(start);
  for (let i = 1; i < n; i++) dates[i] = step(dates[i - 1]);
  return dates;
};

Deno.test("dates: hourly, quarter-hourly, daily, monthly and weekdays are recognised and continued", () => {
  const cases: [string, (t: number) => number, string, number | undefined, string][] = [
    ["2020-02-28T22:00:00", (t) => t + 3_600_000, "1 hour", 24, "2020-03-01 00:00:00"],
    ["2020-02-28T22:00:00", (t) => t + 900_000, "15 minutes", 96, "2020-02-29 04:30:00"],
    ["2020-02-20T00:00:00", (t) => t + 86_400_000, "1 day", 7, "2020-03-17 00:00:00"],
    ["2020-02-20T00:00:00", (t) => t + 7 * 86_400_000, "7 days", 52, "2020-08-20 00:00:00"],
  ];
  for (const [start, step, name, season, next] of cases) {
    const dates = series(start, 26, step);
    const { interval, irregular } = inferInterval(dates)!;
    assert.equal(irregular, 0);
    assert.equal(describeInterval(interval), name);
    assert.equal(usualSeason(interval), season);
    assert.equal(formatDate(nextDate(dates[25], interval), false), next);
  }
  const months = Float64Array.from(
    { length: 14 },
    (_, i) => Date.UTC(2019, i, 1),
  );
  const monthly = inferInterval(months)!;
  assert.deepEqual(monthly, { interval: { kind: "months", months: 1 }, irregular: 0 });
  assert.equal(usualSeason(monthly.interval), 12);
  assert.equal(formatDate(nextDate(months[13], monthly.interval), true), "2020-03-01");
  const weekdays = series("2024-01-01T00:00:00", 15, (t) => nextDate(t, { kind: "weekdays" }));
  assert.deepEqual(inferInterval(weekdays), { interval: { kind: "weekdays" }, irregular: 0 });
  assert.equal(
    formatDate(nextDate(utc("2024-01-19T00:00:00"), { kind: "weekdays" }), true),
    "2024-01-22",
  );
});

Deno.test("dates: a month's end stays in its month, gaps are counted, one date has no interval", () => {
  assert.equal(
    formatDate(nextDate(utc("2024-01-31T06:00:00"), { kind: "months", months: 1 }), false),
    "2024-02-29 06:00:00",
  );
  const gap = Float64Array.of(0, 1, 2, 4, 5).map((h) => h * 3_600_000);
  assert.equal(inferInterval(gap)!.irregular, 1);
  assert.equal(inferInterval(Float64Array.of(0)), undefined);
  assert.equal(usualSeason({ kind: "months", months: 12 }), undefined);
});
