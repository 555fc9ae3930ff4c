/** @file What others published of a data set, beside ours: rows of tables that have both. */
import type { ExperimentResult } from "./results.ts";
import { sourceUrl } from "./sources.ts";

export interface PublishedTable {
  id: string;
  title: string;
  /** What names a row, then our number, the published one, and their difference where the table has it. */
  columns: { label: string; numeric: boolean }[];
  rows: { text: string; href: string | null }[][];
}

/**
 * Tables with a column `published` ("published MSE") and one of the same quantity ("MSE"), of which rows are about the data set.
 *
 * @param dataset as a cell of such a row has it
 */
export function publishedBeside(
  experiments: readonly ExperimentResult[],
  dataset: string,
): PublishedTable[] {
  return experiments.flatMap(({ id, title, columns, rows }) => {
    const theirs = columns.find((column) => column.id === "published");
    const ours = columns.find(({ label }) => theirs?.label === `published ${label}`);
    if (!theirs || !ours) return [];
    const of = rows.map((row, r) => ({ row, r })).filter(({ row }) =>
      row.has("published") &&
      [...row.values()].some((cell) => cell.kind === "label" && cell.text === dataset)
    );
    if (!of.length) return [];
    const naming = columns.filter((column) =>
      column !== theirs && column !== ours && of.every(({ row }) =>
        row.get(column.id)?.kind === "label"
      ) &&
      of.some(({ row }) => row.get(column.id)!.text !== dataset)
    );
    const over = columns.filter((column) => column.id === "over_published");
    const shown = [...naming, ours, theirs, ...over];
    return [{
      ...{ id, title },
      columns: shown.map(({ label }) => ({
        label,
        numeric: !naming.some((n) => n.label === label),
      })),
      rows: of.map(({ row, r }) =>
        shown.map((column) => {
          const cell = row.get(column.id);
          const href = cell?.kind === "measured" ? sourceUrl(id, r, column.id) : null;
          return { text: cell?.text ?? "–", href };
        })
      ),
    }];
  });
}
