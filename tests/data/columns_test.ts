/** @file Columns by their role: which one is the date, which count rows or tell the time, and how a name is chosen. */
import assert from "node:assert/strict";
import { type ReadOptions, readSeries } from "../../lib/data/series.ts";
import { refused } from "./refused.ts";

const day = (i: number) => new Date(Date.UTC(2020, 0, 1 + i)).toISOString().slice(0, 10);
const value = (i: number) => String(10 + ((i * 37) % 23) / 4);

function table(header: string, row: (i: number) => string, rows = 30): string {
  return [header, ...Array.from({ length: rows }, (_, i) => row(i))].join("\n") + "\n";
}
const read = (text: string | Uint8Array, options?: ReadOptions) =>
  readSeries(text, "f.csv", options);

Deno.test("columns: indices, counters and clocks are left out and named", () => {
  const cases: [string, string, (i: number) => string, string[], RegExp][] = [
    ["pandas index", ",date,v", (i) => `${i},${day(i)},${value(i)}`, ["v"], /column 1 \(index\)/],
    [
      "again",
      "Unnamed: 0,date,v",
      (i) => `${i},${day(i)},${value(i)}`,
      ["v"],
      /Unnamed: 0 \(index/,
    ],
    ["no date", ",v", (i) => `${i},${value(i)}`, ["v"], /column 1 \(index\)/],
    ["a sample", ",v", (i) => `${(i * 7) % 31},${value(i)}`, ["v"], /column 1 \(index\)/],
    [
      "what is left",
      ",date,v",
      (i) => `${3 * i + (i % 2)},${day(i)},${value(i)}`,
      ["v"],
      /column 1 \(in/,
    ],
    ["ids", "id,date,v", (i) => `${1000 + 3 * i},${day(i)},${value(i)}`, ["v"], /id \(index\)/],
    ["downwards", "No,date,v", (i) => `${90 - i},${day(i)},${value(i)}`, ["v"], /No \(index\)/],
    [
      "time of day",
      "date,v,sunrise",
      (i) => `${day(i)},${value(i)},${10 + i % 9}:30`,
      ["v"],
      /sunrise \(clock/,
    ],
    [
      "years",
      "date,decimal date,v",
      (i) => `${day(i)},${2020 + i / 366},${value(i)}`,
      ["v"],
      /decimal date \(/,
    ],
    ["step", "step,load", (i) => `${i + 1},${value(i)}`, ["load"], /step \(index\)/],
    ["restarts", "step,load", (i) => `${i % 7},${value(i)}`, ["load"], /step \(index\)/],
    ["by value", "n_obs,load", (i) => `${i},${value(i)}`, ["load"], /n_obs \(counts rows\)/],
    [
      "seconds",
      "time,load",
      (i) => `${(i / 10).toFixed(1)},${value(i)}`,
      ["load"],
      /time \(clock\)/,
    ],
    [
      "month",
      "month,date,v",
      (i) => `${i < 15 ? 1 : 2},${day(i)},${value(i)}`,
      ["v"],
      /month \(clock/,
    ],
    [
      "weekday",
      "date,dayofweek,v",
      (i) => `${day(i)},${i % 7},${value(i)}`,
      ["v"],
      /dayofweek \(cl/,
    ],
    [
      "epoch",
      "date,unix,v",
      (i) => `${day(i)},${1577836800 + 86400 * i},${value(i)}`,
      ["v"],
      /unix \(/,
    ],
    [
      "two dates",
      "open,close,v",
      (i) => `${day(i)},${day(i + 1)},${value(i)}`,
      ["v"],
      /close \(cloc/,
    ],
  ];
  for (const [name, header, row, columns, left] of cases) {
    const series = read(table(header, row));
    assert.deepEqual(series.columns, columns, name);
    assert.match(series.how!, new RegExp(`left out: .*${left.source}`), name);
  }
});

Deno.test("columns: what is asked for is read, whatever it counts", () => {
  const text = table(",date,v", (i) => `${i},${day(i)},${value(i)}`);
  assert.deepEqual(read(text, { columns: ["column 1", "v"] }).columns, ["column 1", "v"]);
  // The only column there is, or one that goes up otherwise.
  assert.deepEqual(read(table("n", (i) => String(i))).columns, ["n"]);
  assert.deepEqual(read(table("a,b", (i) => `${2 * i},${value(i)}`)).columns, ["a", "b"]);
  const rising = read(table("date,level", (i) => `${day(i)},${100 + 3 * i + i % 2}`));
  assert.deepEqual(rising.columns, ["level"]);
  // What is measured may go up too, under a name with a word of time or of a letter.
  for (const name of ["T (degC)", "year change", "load per day"]) {
    assert.deepEqual(read(table(`date,${name}`, (i) => `${day(i)},${i / 3}`)).columns, [name]);
  }
  assert.deepEqual(read(table("level,b", (i) => `${i + (i === 9 ? 1 : 0)},${value(i)}`)).columns, [
    ...["level", "b"],
  ]);
});

Deno.test("columns: the date is found by name and content, not by name alone", () => {
  const cases: [string, (i: number) => string, string | undefined][] = [
    ["YEAR,v", (i) => `${1700 + i},${value(i)}`, "YEAR"],
    ["month,timestamp,v", (i) => `1,${day(i)},${value(i)}`, "timestamp"],
    ["v,when it was", (i) => `${value(i)},${day(i)}`, "when it was"],
    ["ts,v", (i) => `${day(i).replaceAll("-", "")},${value(i)}`, "ts"],
    ["Date Time,v", (i) => `${day(i).split("-").reverse().join(".")},${value(i)}`, "Date Time"],
    ["o_t,v", (i) => `${1502942400000 + 3600000 * i},${value(i)}`, "o_t"],
    ["a,b", (i) => `${value(i)},${value(i + 3)}`, undefined],
    // Four digits are years only where something says so.
    ["load,b", (i) => `${1990 + i},${value(i)}`, undefined],
  ];
  for (const [header, row, name] of cases) {
    assert.equal(read(table(header, row)).dateColumn, name, header);
  }
});

Deno.test("columns: a date and its time, or year, month, day and hour, are one date", () => {
  const hours = (i: number) => String(i % 24).padStart(2, "0");
  const apart = read(table("Date;Time;v", (i) => `16/12/2006;${hours(i)}:24:00;${value(i)}`, 24));
  assert.deepEqual([apart.dateColumn, apart.columns], ["Date Time", ["v"]]);
  assert.equal(apart.dates![1], Date.UTC(2006, 11, 16, 1, 24));
  const hour = read(
    table("dteday,hr,v", (i) => `${day(Math.floor(i / 24))},${i % 24},${value(i)}`, 48),
  );
  assert.equal(hour.dates![30], Date.UTC(2020, 0, 2, 6));
  const hands = read(table("No,year,month,day,hour,pm2.5", (i) => {
    const [y, m, d] = day(Math.floor(i / 24)).split("-").map(Number);
    return `${i + 1},${y},${m},${d},${i % 24},${value(i)}`;
  }, 60));
  assert.deepEqual([hands.columns, hands.dates![59]], [["pm2.5"], Date.UTC(2020, 0, 3, 11)]);
  const months = read(
    table("year,month,v", (i) => `${2010 + Math.floor(i / 12)},${i % 12 + 1},${value(i)}`),
  );
  assert.deepEqual(months.sampling!.interval, { kind: "months", months: 1, day: 1 });
  const dotted = read(
    table("Date;Time;CO", (i) => `${13 + i}/03/2004;18.30.00;${value(i)}`, 10),
  );
  assert.deepEqual([dotted.columns, dotted.dates![0]], [["CO"], Date.UTC(2004, 2, 13, 18, 30)]);
  // A number beside a date is a number, however much it looks like half past ten.
  assert.deepEqual(read(table("date,v", (i) => `${day(i)},${10 + i % 9}.30`)).columns, ["v"]);
  const ending = read(table("Date,Hour Ending,v", (i) => `${day(0)},${i + 1},${value(i)}`, 24));
  assert.deepEqual([ending.columns, ending.dates![23]], [["v"], Date.UTC(2020, 0, 2)]);
  const either = table("Date,Time,v", (i) => `03/0${i + 1}/2004,18:00,${value(i)}`, 4);
  refused(() => read(either), /--date "Date\+Time=dd\/mm\/yyyy"/);
  const told = read(either, { date: "Date+Time=dd/mm/yyyy" });
  assert.equal(told.dates![1], Date.UTC(2004, 1, 3, 18));
  const named = read(table("a,b,v", (i) => `${day(i)},12:00,${value(i)}`), { date: "a+b" });
  assert.equal(named.dates![0], Date.UTC(2020, 0, 1, 12));
});

Deno.test("columns: without dates a file needs no dates that can be read", () => {
  const text = table("date,v", (i) => `${i === 7 ? "Total" : day(i)},${value(i)}`);
  refused(() => read(text), /line 9, .*"Total" is not a date.*--date none/);
  const series = read(text, { date: null });
  assert.deepEqual([series.columns, series.dates, series.rows], [["v"], undefined, 30]);
  assert.match(series.how!, /no dates; left out: date \(clock\)/);
});

Deno.test("columns: names with commas may be chosen, whole or in the pieces of a list", () => {
  const text = table('date,"price, EUR",load', (i) => `${day(i)},${value(i)},${value(i + 1)}`);
  for (const columns of [["price, EUR", "load"], ["price", "EUR", "load"]]) {
    assert.deepEqual(read(text, { columns }).columns, ["price, EUR", "load"]);
  }
  refused(
    () => read(text, { columns: ["price"] }),
    /no column "price"\. The file has: date, price/,
  );
  refused(() => read(text, { columns: ["Load"] }), /Did you mean "load"\?/);
  refused(() => read(text, { columns: ["load", "load"] }), /column "load": chosen twice/);
});

Deno.test("columns: parts of a date in columns of their own make one, whatever parts they are", () => {
  const names = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
  const hour = (i: number) => new Date(Date.UTC(2020, 0, 1, i)).toISOString();
  const cases: [string, (i: number) => string, string, string][] = [
    [
      "year,month,v",
      (i) => `${2000 + Math.floor(i / 12)},${names[i % 12]},${value(i)}`,
      "1 month",
      "2002-06-01",
    ],
    [
      "Year,Quarter,v",
      (i) => `${2000 + (i >> 2)},${i % 4 + 1},${value(i)}`,
      "3 months",
      "2007-04-01",
    ],
    ["year,week,v", (i) => `2020,${i + 1},${value(i)}`, "1 week", "2020-07-20"],
    ["year,doy,v", (i) => `2020,${i + 1},${value(i)}`, "1 day", "2020-01-30"],
    ["yr,mo,dy,v", (i) => `${day(i).replaceAll("-", ",")},${value(i)}`, "1 day", "2020-01-30"],
    [
      "date,hour,minute,v",
      (i) => `2020-01-01,${i >> 2},${15 * (i % 4)},${value(i)}`,
      "15 minutes",
      "2020-01-01T07:15",
    ],
    [
      "year,month,day,hour,minute,second,v",
      (i) => `2020,1,1,0,${Math.floor(i / 6)},${10 * (i % 6)},${value(i)}`,
      "10 seconds",
      "2020-01-01T00:04:50",
    ],
    [
      "<DATE>,<TIME>,v",
      (i) => `${hour(i).slice(0, 10)},${hour(i).slice(11, 13)}0000,${value(i)}`,
      "1 hour",
      "2020-01-02T05",
    ],
    ["issue_date,target_date,v", (i) => `2019-12-31,${day(i)},${value(i)}`, "1 day", "2020-01-30"],
    ["YYYY,MM,DD,v", (i) => `${day(i).replaceAll("-", ",")},${value(i)}`, "1 day", "2020-01-30"],
    [
      "date,time,v",
      (i) => `${hour(i).slice(0, 10)},${hour(i).slice(11, 13)}00,${value(i)}`,
      "1 hour",
      "2020-01-02T05",
    ],
    [
      "date,time,v",
      (i) => `${hour(i).slice(0, 10)},${i % 24 * 100},${value(i)}`,
      "1 hour",
      "2020-01-02T05",
    ],
    [
      "date,time,v",
      (i) => `${hour(i).slice(0, 10)},${i % 24},${value(i)}`,
      "1 hour",
      "2020-01-02T05",
    ],
    [
      "date,time,v",
      (i) => `${hour(i).slice(0, 10)},${i % 24 * 10000},${value(i)}`,
      "1 hour",
      "2020-01-02T05",
    ],
  ];
  for (const [header, row, interval, last] of cases) {
    const series = read(new TextEncoder().encode(table(header, row)));
    assert.deepEqual(series.columns, ["v"], header);
    assert.match(series.how!, new RegExp(`, ${interval}(;|$)`), header);
    assert.ok(new Date(series.dates!.at(-1)!).toISOString().startsWith(last), header);
  }
  // Millimetres of rain and a direction are no parts of a date, and seconds that count are a clock.
  const rain = read(table("date,mm,dd", (i) => `${day(i)},${i % 7 + 1},${i * 7 % 31 + 1}`));
  assert.deepEqual(rain.columns, ["mm", "dd"]);
  const range = (i: number) => `${hour(i).slice(0, 10)},${i % 24},${i % 9},${20 + i % 9}`;
  assert.deepEqual(read(table("date,hour,min,max", range)).columns, ["min", "max"]);
  assert.deepEqual(read(table("seconds,v", (i) => `${i / 2},${value(i)}`)).columns, ["v"]);
});
