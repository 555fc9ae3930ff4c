/** @file Dates in the form in which a file has them. */
import { type DateForm, monthName } from "./forms.ts";
import { DAY, dayNumber } from "./read.ts";

/** How the cells of a column are written. */
export interface Written {
  /** Their form. */
  form: DateForm;
  /** The cell whose separators and parts the next ones take. */
  model: string;
  /** Parts that have one digit where one is enough: m, d, H. */
  unpadded: Set<string>;
  /** Whether months are written out: January and not Jan. */
  wideMonth: boolean;
  /** Most digits of a fraction of a second. */
  fraction: number;
}

/** Dates without a column to follow: 2016-07-01, or 2016-07-01 13:00:00.000 to the digits that are needed. */
export function plainDates(locals: Float64Array): (local: number, offset: number) => string {
  const dateOnly = locals.every((local) => local % DAY === 0);
  const digits = locals.every((local) => local % 1e6 === 0)
    ? 0
    : locals.every((local) => local % 1e3 === 0)
    ? 3
    : 6;
  return (local) => {
    const iso = new Date(Math.floor(local / 1000)).toISOString();
    if (dateOnly) return iso.slice(0, 10);
    const fraction = String(((local % 1e6) + 1e6) % 1e6).padStart(6, "0").slice(0, digits);
    return `${iso.slice(0, 10)} ${iso.slice(11, 19)}${digits > 0 ? `.${fraction}` : ""}`;
  };
}

/**
 * The writer of a column's form.
 * @returns of wall-clock microseconds and the offset of that clock from UTC, the cell.
 */
export function dateWriter(written: Written): (local: number, offset: number) => string {
  const { form, model } = written;
  if (form.unit !== undefined) return (local, offset) => writeEpoch(written, local - offset);
  const match = new RegExp(form.pattern.source, "d").exec(model)!;
  const spans = Object.entries(match.indices!.groups!)
    .filter(([, span]) => span !== undefined)
    .sort(([, a], [, b]) => a[0] - b[0]);
  const { z } = match.groups!;
  const utc = z !== undefined && !/^[+-]/.test(z);
  return (wall, ahead) => {
    // A cell that says Z shows UTC, in whichever zone the days of the series are whole.
    const [local, offset] = utc ? [wall - ahead, 0] : [wall, ahead];
    let out = "", at = 0;
    for (const [name, [from, to]] of spans) {
      out += model.slice(at, from) + part(name, model.slice(from, to), written, local, offset);
      at = to;
    }
    return out + model.slice(at);
  };
}

function writeEpoch({ form, fraction, model }: Written, instant: number): string {
  if (form.unit! < 1) return `${instant}000`;
  const units = Math.floor(instant / form.unit!);
  if (fraction === 0) return String(units) + (model.endsWith(".0") ? ".0" : "");
  const rest = String(instant - units * form.unit!).padStart(6, "0").padEnd(fraction, "0");
  return `${units}.${rest.slice(0, fraction)}`;
}

function part(name: string, model: string, written: Written, local: number, offset: number) {
  const day = Math.floor(local / DAY);
  const date = new Date(day * 86_400_000);
  const time = local - day * DAY;
  const hour = Math.floor(time / 3600e6);
  const pad = (value: number) =>
    written.unpadded.has(name) ? `${value}` : `${value}`.padStart(2, "0");
  const month = date.getUTCMonth() + 1;
  switch (name) {
    case "y": {
      const year = written.form.name.includes("ww") ? isoWeek(day).year : date.getUTCFullYear();
      const text = String(year).padStart(4, "0");
      return model.length === 2 ? text.slice(2) : text;
    }
    case "m":
      return pad(month);
    case "mon": {
      const whole = monthName(month);
      const text = written.wideMonth ? whole : whole.slice(0, 3);
      if (model === model.toUpperCase()) return text.toUpperCase();
      return model === model.toLowerCase() ? text : text[0].toUpperCase() + text.slice(1);
    }
    case "d":
      return pad(date.getUTCDate());
    case "name": {
      const weekday = WEEKDAYS[((day + 4) % 7 + 7) % 7];
      return model.length > 3 ? weekday : weekday.slice(0, 3);
    }
    case "q":
      return String(Math.floor((month + 2) / 3));
    case "j":
      return String(day - dayNumber(date.getUTCFullYear(), 1, 1) + 1).padStart(3, "0");
    case "w":
      return String(isoWeek(day).week).padStart(2, "0");
    case "wd":
      return String(isoWeek(day).day);
    case "H":
      return pad(/[ap]m$/i.test(written.model) ? (hour + 11) % 12 + 1 : hour);
    case "M":
      return String(Math.floor(time / 60e6) % 60).padStart(2, "0");
    case "S":
      return String(Math.floor(time / 1e6) % 60).padStart(2, "0");
    case "f":
      return String(time % 1e6).padStart(6, "0").padEnd(written.fraction, "0")
        .slice(0, written.fraction);
    case "ap": {
      const text = hour < 12 ? "AM" : "PM";
      return model === model.toLowerCase() ? text.toLowerCase() : text;
    }
    case "z":
      return /^[+-]/.test(model) ? offsetText(offset, model) : model;
    default:
      return model;
  }
}

const WEEKDAYS = [
  ...["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"],
];

function offsetText(offset: number, model: string): string {
  const minutes = Math.abs(Math.round(offset / 60e6));
  const hours = String(Math.floor(minutes / 60)).padStart(2, "0");
  const rest = String(minutes % 60).padStart(2, "0");
  const sign = offset < 0 ? "-" : "+";
  if (model.length === 3 && rest === "00") return `${sign}${hours}`;
  return `${sign}${hours}${model.includes(":") ? ":" : ""}${rest}`;
}

/** ISO 8601: the week belongs to the year of its Thursday. */
function isoWeek(day: number): { year: number; week: number; day: number } {
  const weekday = ((day + 3) % 7 + 7) % 7;
  const thursday = day - weekday + 3;
  const year = new Date(thursday * 86_400_000).getUTCFullYear();
  const week = Math.floor((thursday - dayNumber(year, 1, 1)) / 7) + 1;
  return { year, week, day: weekday + 1 };
}
