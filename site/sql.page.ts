/** @file The SQL page and its files, when the site is built with them. */
import { cellsQuery, verdictsQuery } from "../pipeline/publish/recompute.ts";
import { SCORES } from "../pipeline/publish/score_tables.ts";
import type { Results } from "./results.ts";

/** What a reader can ask about; scores only where results have them. */
const SCHEMA = [
  {
    name: "experiment",
    what: "a row an experiment",
    columns:
      "id, title, question, hypothesis, outcome, rule, reason, findings, p, q, commit, older",
  },
  {
    name: "cell",
    what: "a row a number of a table",
    columns: "experiment, row, column, kind, value, low, high, n, text, interval",
  },
  {
    name: "provenance",
    what: "the runs behind a cell",
    columns: "experiment, row, column, run, job",
  },
  {
    name: "job",
    what: "a row a job",
    columns:
      "key, stage, label, params, code, engine, machine, seed, seconds, command, inputs, commit",
  },
  { name: "curve", what: "points of training curves", columns: "job, name, step, value" },
  {
    name: "about",
    what: "the results themselves",
    columns: "project, version, licence, source, profile, of, bibtex",
  },
  { name: "commit", what: "versions they came from", columns: "commit, date, dirty, tables" },
  { name: "machine", what: "where jobs ran", columns: "id, description" },
  {
    name: "score",
    what: "what runs scored",
    columns: "experiment, run, tags, seed, part, metric, value",
  },
  {
    name: "clause",
    what: "what the judge judged",
    columns: "experiment, clause, kind, what, metric, scale, n, effect, low, high, p",
  },
];

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
    schema: SCHEMA,
    example: results.experiments[0]?.id ?? "eigenvalue-sweep",
  };
  for (const { name, bytes } of sql) yield { url: `/sql/${name}`, content: bytes };
}
