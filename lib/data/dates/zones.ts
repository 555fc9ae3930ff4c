/** @file Wall clocks and instants: time zones by Temporal, where an hour may come twice or not at all. */
import { DataError } from "../data_error.ts";
import type { DateCells } from "./column.ts";

const MINUTE = 60e6;

/** Offset of a zone from UTC in microseconds: at an instant, or at the wall-clock time that an instant later shows. */
export interface Zone {
  /** As Temporal names it: an IANA name, `UTC`, or an offset such as `+02:00`. */
  name: string;
  /** What holds around an instant. */
  stretchAt(instant: number): Stretch;
  /** Microseconds that its wall clocks are ahead of UTC at an instant. */
  offsetAt(instant: number): number;
  /** The instant of a wall-clock time; of one that clocks skip, as far after the gap. */
  instantOf(local: number): number;
}

/** The zone of a name or an offset. @throws DataError for what is neither, with names that look like it. */
export function zoneNamed(name: string, file: string): Zone {
  const start = Temporal.Instant.fromEpochMilliseconds(0);
  try {
    start.toZonedDateTimeISO(name);
  } catch (cause) {
    throw new DataError({ file }, zoneProblem(name), { cause });
  }
  const fixed = fixedOffset(name);
  if (fixed !== undefined) {
    return {
      name,
      stretchAt: () => ({ from: -Infinity, to: Infinity, offset: fixed }),
      offsetAt: () => fixed,
      instantOf: (local) => local - fixed,
    };
  }
  const stretchAt = stretchesOf(name);
  return {
    name,
    stretchAt,
    offsetAt: (instant) => stretchAt(instant).offset,
    instantOf: (local) => earlierAndLater(local, name)[0],
  };
}

function zoneProblem(name: string): string {
  const supported = (Intl as unknown as { supportedValuesOf?(key: string): string[] })
    .supportedValuesOf?.("timeZone") ?? [];
  const wanted = name.toLowerCase();
  const near = supported.filter((zone) => {
    const city = zone.toLowerCase().split("/").at(-1)!;
    return wanted.includes(city) || zone.toLowerCase().startsWith(wanted.slice(0, -2)) ||
      wanted.length > 3 && city.startsWith(wanted.split("/").at(-1)!.slice(0, 4));
  }).slice(0, 5);
  return `${
    JSON.stringify(name)
  } is no time zone. Allowed: a name such as Europe/Berlin, UTC, or an offset ` +
    `such as +02:00${near.length > 0 ? `. Near it: ${near.join(", ")}` : ""}.`;
}

function fixedOffset(name: string): number | undefined {
  if (/^(UTC|Etc\/UTC|GMT|Z)$/i.test(name)) return 0;
  const match = /^([+-])(\d{2}):?(\d{2})?$/.exec(name);
  if (!match) return undefined;
  return (match[1] === "-" ? -1 : 1) * (Number(match[2]) * 60 + Number(match[3] ?? 0)) * MINUTE;
}

/** The name of a fixed offset. */
export function offsetName(offset: number): string {
  if (offset === 0) return "UTC";
  const minutes = Math.abs(Math.round(offset / MINUTE));
  const two = (n: number) => String(n).padStart(2, "0");
  return `${offset < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

/** Between two changes of the clocks. */
export interface Stretch {
  /** First and last instant, exclusive. */
  from: number;
  /** Its end. */
  to: number;
  /** Microseconds that wall clocks are ahead of UTC. */
  offset: number;
}

/** Asks Temporal once for every stretch. */
function stretchesOf(name: string): (instant: number) => Stretch {
  let stretch: Stretch = { from: Infinity, to: -Infinity, offset: 0 };
  return (instant) => {
    if (instant >= stretch.from && instant < stretch.to) return stretch;
    const zoned = Temporal.Instant.fromEpochMilliseconds(Math.floor(instant / 1000))
      .toZonedDateTimeISO(name);
    const at = (change: Temporal.ZonedDateTime | null, none: number) =>
      change ? change.epochMilliseconds * 1000 : none;
    // At a change itself the new offset holds, and the change counts as one before it.
    const before = zoned.add({ nanoseconds: 1 }).getTimeZoneTransition("previous");
    return stretch = {
      from: at(before, -Infinity),
      to: at(zoned.getTimeZoneTransition("next"), Infinity),
      offset: zoned.offsetNanoseconds / 1000,
    };
  };
}

/** Both instants of a wall-clock time, equal but where clocks go back, and whether it exists; where clocks skip it, it is moved past the gap. */
function earlierAndLater(local: number, name: string): [number, number, boolean] {
  const wall = Temporal.Instant.fromEpochMilliseconds(Math.floor(local / 1000))
    .toZonedDateTimeISO("UTC").toPlainDateTime();
  const rest = local - Math.floor(local / 1000) * 1000;
  const [earlier, later] = (["earlier", "later"] as const).map((disambiguation) =>
    wall.toZonedDateTime(name, { disambiguation })
  );
  const exists = earlier.toPlainDateTime().equals(wall);
  const [a, b] = [earlier, later].map((zoned) => zoned.epochMilliseconds * 1000 + rest);
  return exists ? [a, b, true] : [b, b, false];
}

const DAY = 24 * 3600e6;

/**
 * The instants of wall-clock times in a zone. An hour that comes twice is told apart by the order of the rows, and by the step from row to row.
 * @param timed whether cells state a time of day; a day whose midnight is skipped begins after it.
 * @throws DataError for a time that the clocks skip.
 */
export function toInstants(
  local: Float64Array,
  zone: Zone,
  cells: DateCells,
  timed = true,
): Float64Array {
  const instants = new Float64Array(local.length);
  let previous = -Infinity;
  let near: Stretch = { from: Infinity, to: -Infinity, offset: 0 };
  for (let i = 0; i < local.length; i++) {
    const guess = local[i] - near.offset;
    // A day away from a change of the clocks there is nothing to tell apart.
    if (guess > near.from + DAY && guess < near.to - DAY) {
      previous = instants[i] = guess;
      continue;
    }
    const [earlier, later, exists] = earlierAndLater(local[i], zone.name);
    if (!exists && timed) {
      throw new DataError(
        cells.place(i),
        `${
          JSON.stringify(cells.cell(i))
        } does not exist in ${zone.name}: the clocks skip it. Correct it, ` +
          "or name the zone of the file: --zone.",
      );
    }
    const second = earlier !== later &&
      (previous >= earlier || i > 1 && later - previous === instants[i - 1] - instants[i - 2]);
    previous = instants[i] = second ? later : earlier;
    near = zone.stretchAt(instants[i]);
  }
  return instants;
}
