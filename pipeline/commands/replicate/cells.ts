/** @file Cells of published tables: which there are, and how one that was made again compares. */
import { nearestFirst } from "../../../lib/nearest.ts";
import { canonical } from "../../content/canonical.ts";
import { type Cell, isCell, type PublishedRow, type Row } from "../../results.ts";
import type { ExperimentRecord } from "../../publish/source.ts";
import { UsageError } from "../../usage_error.ts";

export interface PublishedCell {
  experiment: string;
  /** From 0. */
  row: number;
  column: string;
  cell: Cell;
}

/** How it is called on the command line: experiment, row from 1, column. */
export const nameOf = ({ experiment, row, column }: PublishedCell) =>
  `${experiment}/${row + 1}/${column}`;

/** What says where the numbers of a row were measured: they are another day's in another order where a table is sorted by them. */
export const labelsOf = (row: Row | PublishedRow): string =>
  canonical(Object.entries(row).filter(([, value]) => typeof value !== "object"));

/** The row of today's table with the labels of a published one; of several the one in its place. */
export function sameRow(published: PublishedRow, place: number, today: readonly Row[]) {
  const labels = labelsOf(published);
  const same = today.filter((row) => labelsOf(row) === labels);
  return same.length > 1 ? same.find((row) => row === today[place]) : same[0];
}

/** Cells that are made of scores: seconds and bytes belong to the machine, and are other ones elsewhere. */
export function cellsOf({ meta, summary }: ExperimentRecord): PublishedCell[] {
  return summary.rows.flatMap((values, row) =>
    Object.entries(values).flatMap(([column, cell]) =>
      isCell(cell) && cell.terms?.length ? [{ experiment: meta.id, row, column, cell }] : []
    )
  );
}

export const hasInterval = ({ cell: { low, high } }: PublishedCell) =>
  low !== undefined && high !== undefined;

/** @throws {UsageError} for a name that no cell has */
export function find(cells: readonly PublishedCell[], name: string): PublishedCell {
  const found = cells.find((cell) => nameOf(cell) === name);
  if (found) return found;
  const near = nearestFirst(name, cells.map(nameOf)).slice(0, 5).join(", ");
  throw new UsageError(
    `"${name}" is no published cell that can be made again; a cell is EXPERIMENT/ROW/COLUMN, such as ${
      near || "(none)"
    }.`,
  );
}

/** `bytes`: the same numbers to the last bit; `open`: there is no interval that it could be in. */
export type Agreement = "bytes" | "inside" | "outside" | "open";

/** A published cell beside the same one, made again. */
export function compare(published: Cell, again: Cell): Agreement {
  const same = (["value", "low", "high", "n"] as const)
    .every((part) => Object.is(published[part], again[part]));
  if (same) return "bytes";
  const { low, high } = published;
  if (low === undefined || high === undefined) return "open";
  return low <= again.value && again.value <= high ? "inside" : "outside";
}
