/** @file Tables of Weka's ARFF format with numbers only, as the UCI repository publishes them. */
import { DataError } from "./data_error.ts";

/** Columns by name, in the order of the file. */
export type Columns = Map<string, Float64Array>;

/**
 * Reads a file whose attributes are numeric, or nominal with numbers as values.
 * @throws {DataError} for a row with another number of values and a value that is no number, with its line
 */
export function readArff(bytes: Uint8Array, file: string): Columns {
  const lines = new TextDecoder().decode(bytes).split(/\r?\n/);
  const start = lines.findIndex((line) => /^@data/i.test(line));
  if (start < 0) throw new DataError({ file }, "no line @DATA; expected a file in ARFF.");
  const names = lines.slice(0, start).flatMap((line) =>
    /^@attribute\s+(\S+)/i.exec(line)?.slice(1) ?? []
  );
  const rows = lines.slice(start + 1).map((line, i) => ({ line, number: start + 2 + i }))
    .filter(({ line }) => line.trim() !== "" && !line.startsWith("%"));
  const columns: Columns = new Map(names.map((name) => [name, new Float64Array(rows.length)]));
  for (const [r, { line, number }] of rows.entries()) {
    const cells = line.split(",");
    if (cells.length !== names.length) {
      throw new DataError(
        { file, line: number },
        `${cells.length} values, but ${names.length} attributes are declared.`,
      );
    }
    names.forEach((column, c) => {
      const value = cells[c].trim() === "" ? NaN : Number(cells[c]);
      if (!Number.isFinite(value)) {
        throw new DataError(
          { file, line: number, column },
          `the value is ${cells[c]}; expected a number.`,
        );
      }
      columns.get(column)![r] = value;
    });
  }
  return columns;
}
