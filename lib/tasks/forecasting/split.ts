/**
 * @file Where training ends and testing begins: the splits of the long-horizon forecasting
 * literature (Zhou et al. 2021 for ETT, Wu et al. 2021 for the rest).
 */
import { DataError } from "../../data/data_error.ts";

/** How rows are split: see {@linkcode splitRows}. */
export type SplitName = "etth" | "ettm" | "70/10/20";
/** Names a user may give. */
export const SPLITS: readonly SplitName[] = ["etth", "ettm", "70/10/20"];

/** Half-open ranges of rows. Windows of validation and test may look back over their start. */
export interface Split {
  /** [first, end) of the rows that models fit on. */
  train: [number, number];
  /** [first, end) of the rows that choose between models. */
  validation: [number, number];
  /** [first, end) of the rows that scores are reported on. */
  test: [number, number];
}

/** Hours of 12, 4 and 4 months of 30 days. */
const ETT_HOURS = [12 * 30 * 24, 4 * 30 * 24, 4 * 30 * 24];

/**
 * Splits the rows of a series.
 * `etth`: 8640/2880/2880 rows, later rows are not used. `ettm`: the same at 15 minutes.
 * `70/10/20`: floor(0.7 n) train, floor(0.2 n) test, the rest validation.
 * @throws DataError when the series is shorter than the split.
 */
export function splitRows(rows: number, name: SplitName, file: string): Split {
  if (name === "70/10/20") {
    // Integer arithmetic: 0.7 * 90 is 62.99… in binary.
    const train = Math.floor(rows * 7 / 10);
    const test = Math.floor(rows * 2 / 10);
    return { train: [0, train], validation: [train, rows - test], test: [rows - test, rows] };
  }
  const [train, validation, test] = ETT_HOURS.map((hours) => name === "etth" ? hours : 4 * hours);
  const needed = train + validation + test;
  if (rows < needed) {
    throw new DataError(
      { file },
      `${rows} rows, but split ${name} needs ${needed}. Use split 70/10/20 for other data.`,
    );
  }
  return {
    train: [0, train],
    validation: [train, train + validation],
    test: [train + validation, needed],
  };
}
