/** @file Finds a number in the published tables by what names it. */
import type { CellResult, ExperimentResult, Results } from "./results.ts";

export function experimentOf({ experiments }: Results, id: string): ExperimentResult | undefined {
  return experiments.find((experiment) => experiment.id === id);
}

/** The rows whose labels read so. */
export function rowsWhere(
  { rows }: Pick<ExperimentResult, "rows">,
  labels: Record<string, string>,
): Map<string, CellResult>[] {
  return rows.filter((row) =>
    Object.entries(labels).every(([column, text]) => row.get(column)?.text === text)
  );
}

/** A measured number that is one; undefined for a cell that is absent, or NaN. */
export function finite(cell: CellResult | undefined): (CellResult & { value: number }) | undefined {
  return cell && cell.value !== null && Number.isFinite(cell.value)
    ? cell as CellResult & { value: number }
    : undefined;
}
