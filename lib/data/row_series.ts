/** @file Files with one series a row, its name first and as many values as it has, as the M4 competition publishes them. */
// @ts-types="./papaparse.d.ts"
import Papa from "papaparse";
import { DataError } from "./data_error.ts";

/** One row. */
export interface RowSeries {
  /** In its first cell; no other row has it. */
  name: string;
  /** In the units of the file, in the order of the row. */
  values: Float64Array;
}

/**
 * Reads every row after the header; empty cells at the end of a row are none of its values.
 * @throws {DataError} for a row without a name or without values, a name that repeats, a cell that is no number, and an empty one between values
 */
export function readRowSeries(content: Uint8Array | string, file: string): RowSeries[] {
  const text = typeof content === "string" ? content : new TextDecoder().decode(content);
  const { data } = Papa.parse<string[]>(text.replace(/\r\n?/g, "\n").trimEnd(), {
    ...{ delimiter: ",", newline: "\n", preview: 0 },
  });
  const names = new Set<string>();
  const series = data.slice(1).map(([name, ...cells], i): RowSeries => {
    const line = i + 2;
    if (!name || names.has(name)) {
      const what = name ? `the name ${JSON.stringify(name)} repeats` : "a row without a name";
      throw new DataError({ file, line }, `${what}. Expected one series a row, its name first.`);
    }
    names.add(name);
    const length = cells.findLastIndex((cell) => cell !== "") + 1;
    if (length === 0) throw new DataError({ file, line }, `series ${name} has no values.`);
    const values = Float64Array.from(
      cells.slice(0, length),
      (cell) => cell === "" ? NaN : Number(cell),
    );
    const bad = values.findIndex((value) => !Number.isFinite(value));
    if (bad < 0) return { name, values };
    throw new DataError(
      { file, line },
      `value ${bad + 1} of series ${name} is ${
        JSON.stringify(cells[bad])
      }. Expected a number with a decimal point.`,
    );
  });
  if (series.length === 0) {
    throw new DataError({ file }, "a header but no rows. Expected at least one series.");
  }
  return series;
}
