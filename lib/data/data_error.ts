/**
 * @file The one error class of bad data. It names the file, and where known the line, the column and
 * the value, because "NaN in input" sends a user hunting through 70,000 rows.
 */

/** Where in the data something is wrong; what is known of it. */
export interface Place {
  /** Path, URL or dataset id, as the user wrote it. */
  file: string;
  /** 1-based line as an editor shows it; where cells hold line breaks, the line in which the row begins. */
  line?: number;
  /** Its name in the header. */
  column?: string;
}

/** Data that cannot be used, with the place where it is and what to do next. */
export class DataError extends Error {
  /** Shown before the message. */
  override name = "DataError";
  /** The message is the place, then the `problem`: what is wrong and what to do next. */
  constructor(readonly place: Place, problem: string, options?: ErrorOptions) {
    const parts = [place.file];
    if (place.line !== undefined) parts.push(`line ${place.line}`);
    if (place.column !== undefined) parts.push(`column ${JSON.stringify(place.column)}`);
    super(`${parts.join(", ")}: ${problem}`, options);
  }
}
