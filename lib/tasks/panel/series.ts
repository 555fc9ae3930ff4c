/** @file Several series that are forecast from the same few origins at their ends, each by itself, with one model for all. */

/** One series in the units of its file. */
export interface PanelSeries {
  /** For messages and tables. */
  readonly name: string;
  /** Every value of it, oldest first. */
  readonly values: Float64Array;
}

/** Series and the origins from which their last values are forecast. */
export interface Panel {
  /** They need not be of one length. */
  readonly series: readonly PanelSeries[];
  /** Rows a season: of the seasonal naive forecast, and of the errors that scores are scaled by. */
  readonly season: number;
  /** Rows of one forecast. */
  readonly horizon: number;
  /** Forecasts of each series, one right after the other; the last one ends with the series. */
  readonly windows: number;
  /** Of the quantiles that are forecast, ascending; may be none. */
  readonly levels: readonly number[];
}

/** First rows that are forecast, one for each window: what lies before them is known. */
export function originsOf({ horizon, windows }: Panel, { values }: PanelSeries): number[] {
  return Array.from({ length: windows }, (_, w) => values.length - horizon * (windows - w));
}

/** Rows of a series before its first origin: all that a model may be fitted on. */
export function history(panel: Panel, { values }: PanelSeries): Float64Array {
  return values.subarray(0, values.length - panel.horizon * panel.windows);
}

/** The same panel one whole test period earlier: for choosing between models, without what they are scored on. */
export function earlier(panel: Panel): Panel {
  const series = panel.series.map((one) => ({ ...one, values: history(panel, one) }));
  return { ...panel, series };
}

/**
 * Checks that every series is long enough.
 * @param rows that are needed before the first origin @param why what needs them, for the message
 * @throws {RangeError} for a series that has fewer rows before its first origin than are needed.
 */
export function requireHistory(panel: Panel, rows: number, why: string): void {
  for (const one of panel.series) {
    const known = one.values.length - panel.horizon * panel.windows;
    if (known >= rows) continue;
    throw new RangeError(
      `series ${one.name} has ${
        Math.max(known, 0)
      } rows before its first forecast, but ${why} needs ${rows}. ` +
        "Leave it out, or choose a shorter horizon, lookback or season, or fewer windows.",
    );
  }
}
