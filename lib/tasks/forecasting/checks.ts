/** @file Values that cannot be scored, as errors that say which, where and what to do; and those that decide the scores, as notes. */
import { DataError } from "../../data/data_error.ts";
import type { Series } from "../../data/series.ts";
import { findOutliers } from "./outliers.ts";

/** Squares of larger ones, summed over all windows, would leave the range of doubles. */
const LARGEST_STANDARDISED = 1e140;

/**
 * Every value of a channel is a number.
 * @throws DataError for the first that is infinite or none.
 */
export function requireFinite({ file, columns, channels, ...series }: Series, c: number): void {
  const bad = channels[c].findIndex((value) => !Number.isFinite(value));
  if (bad < 0) return;
  throw new DataError(
    { file, column: columns[c] },
    `value ${channels[c][bad]} at ${placeOf(series, bad)}. Values must be finite.`,
  );
}

/**
 * What is to be said of values of a channel that decide its scores.
 * @throws DataError for a spike beside which all other values are one number.
 */
export function outlierNotes({ file, columns, channels, ...series }: Series, c: number): string[] {
  const found = findOutliers(channels[c]);
  if (!found) return [];
  const { rows, furthest, distance } = found;
  const value = channels[c][furthest];
  const place = placeOf(series, furthest);
  const remedy = `If it means "no measurement", declare it: --missing ${value}` +
    ' (or "missing" in the dataset entry).';
  if (found.kind === "vanishing") {
    throw new DataError(
      { file, column: columns[c] },
      `the value ${value} at ${place} is ${
        times(distance)
      } times as far from the median as values ` +
        `usually are${
          others(rows.length)
        }: beside it all others are the same number, and no score means ` +
        `anything. ${remedy} Otherwise correct it, or choose other columns.`,
    );
  }
  return [
    `column ${JSON.stringify(columns[c])}: the value ${value} at ${place} is ${
      times(distance)
    } times ` +
    `as far from the median as values usually are${others(rows.length)}: errors there decide the ` +
    `scores. ${remedy}`,
  ];
}

/**
 * Every value of a channel can be scored.
 * @throws DataError for one whose square no score could hold.
 */
export function requireScorable(
  { file, columns, channels, ...series }: Series,
  c: number,
  standardised: Float64Array,
): void {
  const bad = standardised.findIndex((value) => !(Math.abs(value) <= LARGEST_STANDARDISED));
  if (bad < 0) return;
  throw new DataError(
    { file, column: columns[c] },
    `the value ${channels[c][bad]} at ${placeOf(series, bad)} is ` +
      `${
        times(Math.abs(standardised[bad]))
      } standard deviations of the training rows away from their mean: ` +
      "its squared error leaves the range of numbers. Correct it, choose other columns, or forecast the " +
      "logarithm of this one.",
  );
}

/** The line of the file, or the row where there is none, and the date. */
function placeOf({ dates, lines }: Pick<Series, "dates" | "lines">, row: number): string {
  const date = dates && new Date(dates[row]);
  const known = date !== undefined && !Number.isNaN(date.getTime());
  return (lines ? `line ${lines[row]}` : `data row ${row + 1}`) +
    (known ? ` (${date.toISOString().replace(".000Z", "Z")})` : "");
}

function others(count: number): string {
  return count === 1 ? "" : `, and ${count - 1} more like it`;
}

function times(value: number): string {
  return value < 1e6 ? String(Math.round(value)) : value.toExponential(0).replace("+", "");
}
