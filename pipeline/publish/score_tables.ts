/**
 * @file The tables from which every number and every verdict can be computed again: `score` (what runs scored), `term` (which scores a
 * cell or a clause is made of), `clause` (what the judge judged) and `student` (quantiles of t).
 */
import { tQuantile } from "../../lib/analysis/intervals.ts";
import { isCell } from "../results.ts";
import type { Term } from "../terms.ts";
import type { ExperimentRecord } from "./source.ts";
import { type Table, TAGS, type Value } from "./rows.ts";

/** The scores of all experiments as a file. */
export const SCORES = "scores.parquet";

/** One row for each number of a run. */
export function scoreTable(experiments: readonly ExperimentRecord[]): Table {
  return {
    name: "score",
    columns: {
      ...{ experiment: "VARCHAR", run: "VARCHAR", tags: TAGS, seed: "BIGINT", part: "INTEGER" },
      ...{ metric: "VARCHAR", value: "DOUBLE" },
    },
    rows: experiments.flatMap(({ meta, summary: { scores = [], tags = {} } }) =>
      scores.map(({ run, metric, part = null, value }): Value[] => {
        const own = tags[run] ?? {};
        const seed = Number.isSafeInteger(own.seed) ? own.seed as number : null;
        const text = Object.entries(own).map(([tag, value]) => [tag, String(value)]);
        return [meta.id, run, Object.fromEntries(text), seed, part, metric, value];
      })
    ),
  };
}

/** `term`, `clause` and `student`. */
export function termTables(experiments: readonly ExperimentRecord[]): Table[] {
  const terms: Value[][] = [];
  const clauses: Value[][] = [];
  let most = 2;
  for (const { meta: { id }, summary: { rows, verdict, scores = [] } } of experiments) {
    for (const { part = 0 } of scores) most = Math.max(most, part + 1);
    const add = (place: Value[], list: readonly Term[] = []) => {
      for (const [i, { coefficient, metric, gap = null, spread = false, runs }] of list.entries()) {
        terms.push([id, ...place, i, coefficient, metric, gap, spread, [...runs]]);
        most = Math.max(most, runs.length);
      }
    };
    for (const [r, row] of rows.entries()) {
      for (const [column, value] of Object.entries(row)) {
        if (isCell(value)) add([r, column, null], value.terms);
      }
    }
    for (const [i, clause] of (verdict.clauses ?? []).entries()) {
      const { kind, what, metric, scale, margin, n, effect, low, high, p, reversed, means } =
        clause;
      add([null, null, i], clause.terms);
      clauses.push([
        ...[id, i, kind, what, metric, scale, margin, n, effect, low ?? null, high ?? null, p],
        ...[reversed ?? null, means?.value ?? null, means?.low ?? null, means?.high ?? null],
      ]);
    }
  }
  const text = { experiment: "VARCHAR" } as const;
  return [
    {
      name: "term",
      columns: {
        ...{ ...text, row: "INTEGER", column: "VARCHAR", clause: "INTEGER", term: "INTEGER" },
        ...{ coefficient: "DOUBLE", metric: "VARCHAR", gap: "VARCHAR", spread: "BOOLEAN" },
        runs: "VARCHAR[]",
      },
      rows: terms,
    },
    {
      name: "clause",
      columns: {
        ...{ ...text, clause: "INTEGER", kind: "VARCHAR", what: "VARCHAR", metric: "VARCHAR" },
        ...{ scale: "VARCHAR", margin: "DOUBLE", n: "INTEGER", effect: "DOUBLE", low: "DOUBLE" },
        ...{ high: "DOUBLE", p: "DOUBLE", reversed: "DOUBLE", means: "DOUBLE" },
        ...{ means_low: "DOUBLE", means_high: "DOUBLE" },
      },
      rows: clauses,
    },
    {
      name: "student",
      columns: { degrees: "INTEGER", t950: "DOUBLE", t975: "DOUBLE" },
      rows: Array.from({ length: most }, (_, i) => [
        ...[i + 1, tQuantile(0.95, i + 1), tQuantile(0.975, i + 1)],
      ]),
    },
  ];
}
