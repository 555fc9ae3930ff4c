/** @file Rows of the leaderboard as text, best first. */
import { formatInterval, formatNumber } from "../../publish/format.ts";
import {
  type Column,
  isCell,
  numberOf,
  type PublishedRow,
  type PublishedSummary,
} from "../../results.ts";

/** Columns that are shown: the tasks, the size, the state. */
const isShown = ({ id }: Column) =>
  id === "layer" || id.startsWith("gap_") || id === "parameters" || id === "memory";

/**
 * A table, ordered by the mean of the gaps closed.
 * @param others rows that stand among them; those of `own`, whose columns these are, are marked then.
 */
export function boardText(own: PublishedSummary, others?: readonly PublishedRow[]): string {
  const columns = own.columns.filter(isShown);
  const gaps = columns.filter(({ id }) => id.startsWith("gap_"));
  const score = (row: PublishedRow) => {
    const values = gaps.map(({ id }) => numberOf(row[id])).filter((x) => x !== undefined);
    return values.length ? values.reduce((a, b) => a + b, 0) / values.length : -Infinity;
  };
  const named = new Set(own.rows.map(({ layer }) => layer));
  const rows = [
    ...own.rows.map((row) => ({ row, mark: others ? "*" : "" })),
    // What was run again is not shown twice.
    ...(others ?? []).filter(({ layer }) => !named.has(layer)).map((row) => ({ row, mark: "" })),
  ].toSorted((a, b) => score(b.row) - score(a.row));
  const lines = [
    columns.map(({ label }) => label),
    ...rows.map(({ row, mark }) =>
      columns.map((column) => `${written(column, row)}${column.id === "layer" ? mark : ""}`)
    ),
  ];
  const widths = columns.map((_, i) => Math.max(...lines.map((line) => line[i].length)));
  return lines.map((line) =>
    line.map((cell, i) => i ? cell.padStart(widths[i]) : cell.padEnd(widths[i])).join("  ")
      .trimEnd()
  ).join("\n");
}

/** "93.4 % [91.0, 95.8]" */
function written({ id, format }: Column, row: PublishedRow): string {
  const value = row[id];
  if (value === undefined) return "-";
  if (!isCell(value)) return String(value);
  const interval = value.low === undefined
    ? ""
    : ` ${formatInterval(value.low, value.high!, format)}`;
  return formatNumber(value.value, format) + interval;
}
