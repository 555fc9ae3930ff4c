/** @file The SQL page and its files, when the site is built with them. */
import { cellsQuery, verdictsQuery } from "../pipeline/publish/recompute.ts";
import { SCORES } from "../pipeline/publish/score_tables.ts";
import type { Results } from "./results.ts";

interface Data {
  results: Results;
  /** Absent unless asked for. */
  sql?: { name: string; bytes: Uint8Array }[];
}

export default function* ({ results, sql }: Data) {
  if (!sql) return;
  yield {
    url: "/sql.html",
    layout: "layouts/sql.vto",
    root: "",
    section: "sql",
    title: "SQL",
    description: "Query the results in your browser.",
    // Results of earlier versions have no scores.
    recompute: results.files.some(({ name }) => name === SCORES)
      ? [
        { what: "SQL for every cell", sql: cellsQuery },
        { what: "SQL for every verdict", sql: verdictsQuery },
      ]
      : [],
    example: results.experiments[0]?.id ?? "eigenvalue-sweep",
  };
  for (const { name, bytes } of sql) yield { url: `/sql/${name}`, content: bytes };
}
