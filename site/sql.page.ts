/** @file The SQL page and its files, when the site is built with them. */
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
    example: results.experiments[0]?.id ?? "eigenvalue-sweep",
  };
  for (const { name, bytes } of sql) yield { url: `/sql/${name}`, content: bytes };
}
