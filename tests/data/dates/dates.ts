/** @file Columns of dates for the tests, out of plain texts. */
import { readDates } from "../../../lib/data/dates/clock.ts";
import { inferInterval } from "../../../lib/data/dates.ts";
import { futureDates } from "../../../lib/data/dates/clock.ts";

/** How texts are read. */
interface Options {
  zone?: string;
  form?: string;
}

function read(texts: string[], { zone, form }: Options) {
  const cells = {
    length: texts.length,
    cell: (i: number) => texts[i],
    place: (i: number) => ({ file: "f", line: i + 2, column: "d" }),
  };
  return readDates({ columns: ["d"], name: "d", form, cells }, "f", { zone });
}

/** Milliseconds of each text. */
export function instants(texts: string[], options: Options = {}): number[] {
  return [...read(texts, options).instants].map((time) => time / 1000);
}

/** The interval of the texts and the next ones. */
export function goesOn(texts: string[], count: number, options: Options = {}) {
  const { instants, local, clock } = read(texts, options);
  const dates = instants.map((time) => time / 1000);
  const sampling = inferInterval(local.map((time) => time / 1000), dates)!;
  return { ...sampling, next: futureDates({ dates, clock }, sampling.interval, count) };
}
