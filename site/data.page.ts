/** @file What can be downloaded, and the one line that opens it. */
import { cellsQuery, verdictsQuery } from "../pipeline/publish/recompute.ts";
import { SCORES } from "../pipeline/publish/score_tables.ts";
import type { Results } from "./results.ts";

export const layout = "layouts/data.vto";

export default function* ({ results }: { results: Results }) {
  const sizes = new Map(results.files.map(({ name, bytes }) => [name, size(bytes.length)]));
  const file = (name: string, what: string) => ({ name, what, size: sizes.get(name) });
  yield {
    url: "/data.html",
    root: "",
    section: "data",
    title: "Data",
    description: "The results as Parquet, DuckDB and Markdown.",
    profile: results.profile,
    database: file("results.duckdb", "All tables in one DuckDB database"),
    experiments: results.experiments.map(({ id, title }) => ({
      title,
      files: [file(`${id}.parquet`, "Parquet"), file(`${id}.md`, "Markdown")],
    })),
    example: results.experiments[0]?.id,
    // Results of earlier versions have no scores.
    scores: sizes.has(SCORES)
      ? { file: file(SCORES, "All scores as Parquet"), cells: cellsQuery, verdicts: verdictsQuery }
      : undefined,
  };
}

function size(bytes: number): string {
  return bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
