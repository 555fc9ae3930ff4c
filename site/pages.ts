/** @file Cuts what is too long for one page: no page of the site has more than 5,000 nodes or 200 kB of HTML. */
import type { TableView } from "./view.ts";

/** Nodes and bytes that a table may put on one page; the rest of it is for plots and text. */
const NODES = 3300;
const BYTES = 85_000;

/** The rows of a table on as many pages as they need: the first row of each page and the one after its last. */
export function tablePages({ rows }: Pick<TableView, "rows">): { from: number; to: number }[] {
  const pages: { from: number; to: number }[] = [];
  let [from, nodes, bytes] = [0, 0, 0];
  for (const [r, { cells }] of rows.entries()) {
    const [more, longer] = [
      cells.length * 3 + 1,
      cells.reduce((sum, cell) => sum + sizeOf(cell), 60),
    ];
    if (r > from && (nodes + more > NODES || bytes + longer > BYTES)) {
      pages.push({ from, to: r });
      [from, nodes, bytes] = [r, 0, 0];
    }
    nodes += more;
    bytes += longer;
  }
  return [...pages, { from, to: rows.length }];
}

function sizeOf({ text, interval, source }: TableView["rows"][number]["cells"][number]): number {
  return 40 + text.length + (interval?.length ?? 0) + (source ? source.length + 40 : 0);
}

/** A list in parts of at most `most`; one part where it is empty. */
export function inParts<T>(list: readonly T[], most: number): T[][] {
  const parts = Array.from(
    { length: Math.max(1, Math.ceil(list.length / most)) },
    (_, i) => list.slice(i * most, (i + 1) * most),
  );
  return parts;
}
