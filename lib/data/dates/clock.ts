/** @file The dates of a series as instants and on its wall clock, and further dates in the same form and zone. */
import type { DateSource } from "../date_source.ts";
import { DataError } from "../data_error.ts";
import { type Interval, nextLocal } from "./calendar.ts";
import { readDateColumn } from "./column.ts";
import { DAY } from "./read.ts";
import { dateWriter, plainDates, type Written } from "./write.ts";
import { offsetName, toInstants, type Zone, zoneNamed } from "./zones.ts";

/** How a series writes its dates. */
export interface DateClock {
  /** The form of its cells. */
  written: Written;
  /** The time zone in which its days and months are whole. */
  zone: Zone;
}

/** The dates of all rows. */
export interface Dates {
  /** Microseconds since 1970 UTC. */
  instants: Float64Array;
  /** The same on the wall clock, as if it showed UTC. */
  local: Float64Array;
  /** How to write more of them. */
  clock: DateClock;
  /** What a user should know. */
  notes: string[];
}

/**
 * Reads the dates of a table.
 * @throws DataError for a cell that is no date, a zone that is none, and a time that clocks skip.
 */
export function readDates(source: DateSource, file: string, options: { zone?: string }): Dates {
  const { cells } = source;
  const { local, offsets, zone: named, written } = readDateColumn(cells, source.form);
  const wanted = options.zone ?? named;
  if (!offsets) {
    const zone = zoneNamed(wanted ?? "UTC", file);
    const timed = local.some((time) => time % DAY !== 0);
    const instants = toInstants(local, zone, cells, timed);
    return { instants, local, clock: { written, zone }, notes: [] };
  }
  const instants = local.map((time, i) => time - offsets[i]);
  if (wanted === undefined) {
    const zone = zoneNamed(offsetName(offsets.at(-1)!), file);
    const all = [...new Set(offsets)].map(offsetName);
    const notes = all.length > 1
      ? [
        `dates carry the offsets ${all.join(" and ")}: forecasts go on at the last, ${zone.name} ` +
        "(--zone, such as Europe/Berlin, changes the clocks in season).",
      ]
      : [];
    return { instants, local, clock: { written, zone }, notes };
  }
  const zone = zoneNamed(wanted, file);
  if (named !== undefined) requireOffsets(instants, offsets, zone, cells);
  return {
    instants,
    local: instants.map((instant) => instant + zone.offsetAt(instant)),
    clock: { written, zone },
    notes: [],
  };
}

/** A cell that names both has to name the offset of its zone. */
function requireOffsets(
  instants: Float64Array,
  offsets: Float64Array,
  zone: Zone,
  cells: DateSource["cells"],
): void {
  const i = instants.findIndex((instant, i) => zone.offsetAt(instant) !== offsets[i]);
  if (i < 0) return;
  throw new DataError(
    cells.place(i),
    `${JSON.stringify(cells.cell(i))}: ${zone.name} is at ${
      offsetName(zone.offsetAt(instants[i]))
    } then. ` +
      "Correct the offset, or remove the name of the zone.",
  );
}

/** A date after the last one of a series. */
export interface FutureDate {
  /** In the form and zone of the series. */
  text: string;
  /** Microseconds on the wall clock, as if it showed UTC. */
  local: number;
}

/**
 * The dates after the last one of a series, as text in its form and zone.
 * @param series its dates in milliseconds and, where they were read from a file, how they are written there.
 * @param count how many.
 */
export function futureDates(
  series: { dates?: Float64Array; clock?: DateClock },
  interval: Interval,
  count: number,
): string[] {
  return futureTimes(series, interval, count).map(({ text }) => text);
}

/** The same with their place on the wall clock. */
export function futureTimes(
  series: { dates?: Float64Array; clock?: DateClock },
  interval: Interval,
  count: number,
): FutureDate[] {
  const instants = series.dates!.map((ms) => Math.round(ms * 1000));
  const zone = series.clock?.zone ?? zoneNamed("UTC", "");
  const write = series.clock ? dateWriter(series.clock.written) : plainDates(instants);
  let instant = instants.at(-1)!;
  let local = instant + zone.offsetAt(instant);
  return Array.from({ length: count }, () => {
    if (interval.kind === "fixed" && !interval.wall && interval.ms * 1000 < DAY) {
      instant += Math.round(interval.ms * 1000);
      local = instant + zone.offsetAt(instant);
    } else {
      local = nextLocal(local, interval);
      instant = zone.instantOf(local);
    }
    // A time that clocks skip is shown as they show it; the day after has its own again.
    const offset = zone.offsetAt(instant), shown = instant + offset;
    return { text: write(shown, offset), local: shown };
  });
}
