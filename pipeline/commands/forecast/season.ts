/** @file The season of a seasonal naive forecast, where the user names none. */
import { describeInterval, type Interval, usualSeason } from "../../../lib/data/dates.ts";

/**
 * The season to use; undefined where none is known.
 * @param known what the user or a dataset's entry says
 * @param note hears how it was found
 */
export function chooseSeason(
  known: number | undefined,
  { interval, rows }: { interval?: Interval; rows: number },
  note: (line: string) => void,
): number | undefined {
  if (known !== undefined) return known;
  const season = interval && usualSeason(interval);
  if (season === undefined) {
    note(
      "seasonal-naive is left out: no usual season is known for this series. Give --season ROWS.",
    );
    return undefined;
  }
  if (season > rows) {
    note(
      `seasonal-naive is left out: the file has less than the usual season at ${
        describeInterval(interval!)
      }. Give --season ROWS.`,
    );
    return undefined;
  }
  note(
    `season ${season} rows, the usual one at ${describeInterval(interval!)} (--season changes it).`,
  );
  return season;
}
