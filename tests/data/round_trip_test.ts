/**
 * @file Round trips: a series written in any of the accepted forms is read as the same numbers and instants, and goes on in its
 * form. The writer is the test's own, on Temporal; every choice is drawn by a fixed seed, so that all pairs of choices meet.
 */
import assert from "node:assert/strict";
import { futureDates } from "../../lib/data/dates.ts";
import { type ReadOptions, readSeries } from "../../lib/data/series.ts";
import { keyOf, uniforms } from "../../lib/random/random.ts";

type Zoned = Temporal.ZonedDateTime;
const two = (n: number) => String(n).padStart(2, "0");
const four = (n: number) => String(n).padStart(4, "0");
const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
const ymd = (t: Zoned) => `${four(t.year)}-${two(t.month)}-${two(t.day)}`;
const clock = (t: Zoned) => `${two(t.hour)}:${two(t.minute)}:${two(t.second)}`;
const digits = (t: Zoned) => `${four(t.year)}${two(t.month)}${two(t.day)}`;

/** How a date may be written; `unit` is the finest step that it can tell, `instant` whether the zone is in it. */
interface Form {
  name: string;
  unit: "time" | "minute" | "hour" | "day" | "month" | "quarter" | "week" | "year";
  write(time: Zoned): string;
  instant?: boolean;
  date?: string;
}

const FORMS: Form[] = [
  { name: "ISO", unit: "time", write: (t) => `${ymd(t)} ${clock(t)}` },
  { name: "ISO T", unit: "time", write: (t) => `${ymd(t)}T${clock(t)}` },
  { name: "offset", unit: "time", write: (t) => `${ymd(t)}T${clock(t)}${t.offset}`, instant: true },
  { name: "Z", unit: "time", write: (t) => t.toInstant().toString(), instant: true },
  { name: "day", unit: "day", write: ymd },
  {
    name: "slashes",
    unit: "minute",
    write: (t) => `${t.year}/${t.month}/${t.day} ${t.hour}:${two(t.minute)}`,
  },
  {
    name: "German",
    unit: "minute",
    write: (t) => `${two(t.day)}.${two(t.month)}.${t.year} ${two(t.hour)}:${two(t.minute)}`,
  },
  {
    name: "dd/mm",
    unit: "time",
    write: (t) => `${two(t.day)}/${two(t.month)}/${t.year} ${clock(t)}`,
    date: "dd/mm/yyyy",
  },
  {
    name: "mm/dd",
    unit: "time",
    write: (t) => `${two(t.month)}/${two(t.day)}/${t.year} ${clock(t)}`,
    date: "mm/dd/yyyy",
  },
  {
    name: "AM PM",
    unit: "minute",
    write: (t) =>
      `${t.month}/${t.day}/${t.year} ${(t.hour + 11) % 12 + 1}:${two(t.minute)} ${
        t.hour < 12 ? "AM" : "PM"
      }`,
    date: "mm/dd/yyyy",
  },
  { name: "named", unit: "day", write: (t) => `${t.day} ${MONTHS[t.month - 1]} ${t.year}` },
  { name: "digits", unit: "day", write: digits },
  { name: "digits to hours", unit: "hour", write: (t) => digits(t) + two(t.hour) },
  {
    name: "digits to minutes",
    unit: "minute",
    write: (t) => digits(t) + two(t.hour) + two(t.minute),
  },
  {
    name: "digits to seconds",
    unit: "time",
    write: (t) => digits(t) + clock(t).replaceAll(":", ""),
  },
  {
    name: "seconds",
    unit: "time",
    write: (t) => String(t.epochMilliseconds / 1000),
    instant: true,
  },
  { name: "milliseconds", unit: "time", write: (t) => String(t.epochMilliseconds), instant: true },
  { name: "microseconds", unit: "time", write: (t) => `${t.epochMilliseconds}000`, instant: true },
  { name: "nanoseconds", unit: "time", write: (t) => String(t.epochNanoseconds), instant: true },
  { name: "month", unit: "month", write: (t) => `${t.year}-${two(t.month)}` },
  { name: "named month", unit: "month", write: (t) => `${MONTHS[t.month - 1]} ${t.year}` },
  { name: "quarter", unit: "quarter", write: (t) => `${t.year}-Q${Math.ceil(t.month / 3)}` },
  { name: "week", unit: "week", write: (t) => `${t.yearOfWeek}-W${two(t.weekOfYear!)}` },
  { name: "year", unit: "year", write: (t) => String(t.year) },
];

/** Rules of the dates of a series: the i-th one, and the forms that can tell them apart. */
const CALENDARS: {
  name: string;
  start: string;
  step(i: number): Temporal.DurationLike;
  units: string[];
  end?: boolean;
}[] = [
  {
    name: "seconds",
    start: "2024-03-30T23:59:00",
    step: (i) => ({ seconds: 30 * i }),
    units: ["time"],
  },
  {
    name: "quarter hours",
    start: "2024-10-26T22:00",
    step: (i) => ({ minutes: 15 * i }),
    units: ["time", "minute"],
  },
  {
    name: "hours",
    start: "2023-12-31T20:00",
    step: (i) => ({ hours: i }),
    units: ["time", "minute", "hour"],
  },
  {
    name: "hours in October",
    start: "2024-10-26T20:00",
    step: (i) => ({ hours: i }),
    units: ["time", "minute", "hour"],
  },
  {
    name: "days",
    start: "2024-02-20",
    step: (i) => ({ days: i }),
    units: ["time", "minute", "hour", "day"],
  },
  {
    name: "weeks",
    start: "2020-10-26",
    step: (i) => ({ weeks: i }),
    units: ["time", "minute", "hour", "day", "week"],
  },
  {
    name: "months",
    start: "2023-01-01",
    step: (i) => ({ months: i }),
    units: ["time", "minute", "hour", "day", "month"],
  },
  {
    name: "month ends",
    start: "2023-01-31",
    step: (i) => ({ months: i }),
    units: ["time", "minute", "day"],
    end: true,
  },
  {
    name: "quarters",
    start: "2019-01-01",
    step: (i) => ({ months: 3 * i }),
    units: ["time", "day", "month", "quarter"],
  },
  {
    name: "years",
    start: "1990-01-01",
    step: (i) => ({ years: i }),
    units: ["time", "day", "month", "year"],
  },
];
const ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "+05:30"];
const DELIMITERS = [",", ";", "\t", "|", " "];
const ENCODINGS = [
  "utf-8",
  "utf-8 with mark",
  "utf-16le",
  "utf-16be",
  "utf-16le without mark",
  "windows-1252",
];
const ENDS = ["\n", "\r\n", "\r"];
const ROWS = 40, MORE = 15;

/** Draws one of a list. */
type Draw = <T>(choices: readonly T[]) => T;

function encode(text: string, encoding: string): Uint8Array {
  if (encoding === "windows-1252") return Uint8Array.from(text, (c) => c.charCodeAt(0));
  if (encoding.startsWith("utf-8")) {
    return new TextEncoder().encode((encoding.endsWith("mark") ? "\ufeff" : "") + text);
  }
  const marked = (encoding.endsWith("without mark") ? "" : "\ufeff") + text;
  const codes = Array.from({ length: marked.length }, (_, i) => marked.charCodeAt(i));
  const little = encoding.includes("le");
  return Uint8Array.from(codes.flatMap((c) => little ? [c & 255, c >> 8] : [c >> 8, c & 255]));
}

/** Times of a calendar in a zone; those of a day and longer are midnights on its wall clock. */
function datesOf(
  { start, step, end }: typeof CALENDARS[number],
  zone: string,
  rows: number,
): Zoned[] {
  const first = Temporal.PlainDateTime.from(start).toZonedDateTime(zone);
  return Array.from({ length: rows }, (_, i) => {
    const time = first.add(step(i));
    return end ? time.with({ day: time.daysInMonth }) : time;
  });
}

function numberText(value: number, decimal: string, thousands: string | undefined): string {
  const [whole, fraction] = String(value).split(".");
  const grouped = thousands === undefined ? whole : whole.replace(/\B(?=(\d{3})+$)/g, thousands);
  return fraction === undefined ? grouped : `${grouped}${decimal}${fraction}`;
}

function roundTrip(draw: Draw, values: number[]): void {
  const calendar = draw(CALENDARS);
  const form = draw(FORMS.filter(({ unit }) => calendar.units.includes(unit)));
  const zone = draw(ZONES);
  const times = datesOf(calendar, zone, ROWS + MORE);
  const texts = times.map((time) => form.write(time));
  const delimiter = draw(DELIMITERS);
  const decimal = draw(delimiter === "," ? [".", "."] : [".", ","]);
  const thousands = draw([undefined, undefined, decimal === "." && delimiter !== "," ? "," : "'"]);
  const [header, always, encoding, end] = [
    draw([true, true, false]),
    draw([true, false]),
    draw(ENCODINGS),
    draw(ENDS),
  ];
  const quote = (cell: string) => always || cell.includes(delimiter) ? `"${cell}"` : cell;
  const rows = Array.from({ length: ROWS }, (_, i) => [
    texts[i],
    ...[0, 1].map((c) => numberText(values[2 * i + c], decimal, thousands)),
  ]);
  const all = header ? [["date", "kälte", "a b"], ...rows] : rows;
  const file = all.map((row) => row.map(quote).join(delimiter)).join(end) + end;
  const options: ReadOptions = {
    ...(form.instant && zone === "UTC" ? {} : { zone }),
    ...(form.date === undefined ? {} : { date: `${header ? "date" : "column 1"}=${form.date}` }),
    ...(thousands === undefined ? {} : { thousands, decimal }),
    // Without a name, digits are a date where the user says so.
    ...(header || form.date !== undefined ? {} : { date: "column 1" }),
  };
  const name = JSON.stringify({
    ...{
      calendar: calendar.name,
      form: form.name,
      zone,
      delimiter,
      decimal,
      thousands,
      header,
      always,
      encoding,
    },
    first: file.slice(0, 90),
  });
  let series;
  try {
    series = readSeries(encode(file, encoding), "f.csv", options);
  } catch (error) {
    throw new Error(`${name}: ${(error as Error).message}`);
  }
  const ms = times.map(({ epochMilliseconds }) => epochMilliseconds);
  assert.deepEqual([...series.dates!], ms.slice(0, ROWS), name);
  for (const c of [0, 1]) {
    const column = Array.from({ length: ROWS }, (_, i) => values[2 * i + c]);
    assert.deepEqual([...series.channels[c]], column, name);
  }
  assert.equal(series.sampling!.irregular, 0, name);
  assert.deepEqual(futureDates(series, series.sampling!.interval, MORE), texts.slice(ROWS), name);
  if (header) assert.deepEqual(series.columns, ["kälte", "a b"], name);
}

Deno.test("round trip: form, zone, calendar, delimiter, decimal mark and encoding in 600 draws", () => {
  for (let seed = 0; seed < 600; seed++) {
    const random = uniforms(keyOf(seed), 40 + 2 * ROWS);
    let next = 0;
    const draw: Draw = (choices) => choices[Math.floor(random[next++] * choices.length)];
    const values = Array.from({ length: 2 * ROWS }, (_, i) => {
      const value = (random[40 + i] - 0.3) * 10 ** (i % 7);
      return Number(value.toPrecision(6));
    }).map((value) => Math.abs(value) < 1e-4 ? 0.25 : value);
    roundTrip(draw, values);
  }
});
