/** @file A table as a list of columns, each of which says how its cells follow from what a row is about. */
import type { Column, Row, RowValue, Summary } from "../results.ts";

/** @template R what a row is about */
export interface TableColumn<R> extends Column {
  /** The value in one row; undefined where nothing was measured. */
  of(row: R): RowValue | undefined;
}

/** The columns and rows of a summary. */
export function tableOf<R>(
  rows: readonly R[],
  columns: readonly TableColumn<NoInfer<R>>[],
): Pick<Summary, "columns" | "rows"> {
  return {
    columns: columns.map(({ of: _, ...column }) => column),
    rows: rows.map((row): Row =>
      Object.fromEntries(columns.flatMap(({ id, of }) => {
        const value = of(row);
        return value === undefined ? [] : [[id, value]];
      }))
    ),
  };
}

/** The column with values in some rows only. */
export function onlyIf<R>(holds: (row: R) => boolean, column: TableColumn<R>): TableColumn<R> {
  return { ...column, of: (row) => holds(row) ? column.of(row) : undefined };
}
