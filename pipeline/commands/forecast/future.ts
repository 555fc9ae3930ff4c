/** @file The rows of a forecast in time: dates that go on from the last one, or steps where there are none. */
import { futureTimes } from "../../../lib/data/dates.ts";
import type { Series } from "../../../lib/data/series.ts";

/** When the forecast rows are. */
export interface Future {
  /** Whether `texts` are dates. */
  dated: boolean;
  /** One text a row, as it is written to the CSV. */
  texts: string[];
  /** Times of the series' rows for an axis: milliseconds on the wall clock, or row numbers from 1 on. */
  past: Float64Array;
  /** Times of the forecast rows, in the same unit. */
  times: Float64Array;
}

/** The `horizon` rows after the last one; steps where the dates have no interval. */
export function futureOf(
  series: Pick<Series, "rows" | "dates" | "clock" | "sampling">,
  horizon: number,
): Future {
  const { dates, rows, clock, sampling } = series;
  if (!dates || !sampling) {
    return {
      dated: false,
      texts: Array.from({ length: horizon }, (_, h) => String(h + 1)),
      past: Float64Array.from({ length: rows }, (_, t) => t + 1),
      times: Float64Array.from({ length: horizon }, (_, h) => rows + h + 1),
    };
  }
  const coming = futureTimes(series, sampling.interval, horizon);
  return {
    dated: true,
    texts: coming.map(({ text }) => text),
    past: clock ? dates.map((ms) => ms + clock.zone.offsetAt(ms * 1000) / 1000) : dates,
    times: Float64Array.from(coming, ({ local }) => local / 1000),
  };
}
