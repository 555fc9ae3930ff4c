/** @file Moves the numbers that a table is made of out of its cells, into one list of scores. */
import { type Cell, isCell, type Row, type Summary } from "../results.ts";
import type { Tags } from "../tags.ts";
import { type Score, Scores, type Term } from "../terms.ts";

/**
 * @param tags of all runs, by name
 * @returns the summary with terms for every cell and with the scores that they name. Numbers without terms are scores themselves, called like
 * their column.
 * @throws {Error} for a cell with an interval of which nobody says what it is over, and for two numbers of one run with one name
 */
export function withScores(summary: Summary, tags: ReadonlyMap<string, Tags>): Summary {
  // What is malformed is the business of parseSummary, which says so.
  if (!Array.isArray(summary?.rows)) return summary;
  const scores = new Scores();
  const rows = summary.rows.map((row, r): Row =>
    Object.fromEntries(
      Object.entries(row).map(([column, value]) => [
        column,
        isCell(value) ? moved(value, column, r, scores) : value,
      ]),
    )
  );
  const clauses = summary.verdict?.clauses?.map((clause, i) => ({
    ...clause,
    terms: clause.terms.map((term) =>
      scores.take({ ...term, metric: term.metric || `${clause.kind} ${i + 1}` })
    ),
  }));
  const all: Score[] = scores.list();
  return {
    ...summary,
    rows,
    verdict: clauses ? { ...summary.verdict, clauses } : summary.verdict,
    ...(all.length ? { scores: all, tags: Object.fromEntries(tags) } : {}),
  };
}

function moved(cell: Cell, column: string, row: number, scores: Scores): Cell {
  const terms = cell.terms ?? itself(cell, column, row);
  if (terms.length === 0) return cell;
  return { ...cell, terms: terms.map((term) => named(term, column, row, scores)) };
}

/** A number that was computed by no known rule: a score by itself, of the first of its runs. */
function itself({ value, low, runs }: Cell, column: string, row: number): Term[] {
  // A malformed one is the business of parseSummary.
  if (!Array.isArray(runs) || runs.length === 0) return [];
  if (low === undefined) {
    return [{ coefficient: 1, metric: "", runs: runs.slice(0, 1), values: [value] }];
  }
  throw new Error(
    `rows.${row}.${column} has an interval, and no terms that say what it is over; make it with cellOf, or give it terms ` +
      "(pipeline/terms.ts).",
  );
}

/** With a name where it has none: the column's, and its row where another row has the same run there. */
function named(term: Term, column: string, row: number, scores: Scores): Term {
  if (term.metric) return scores.take(term);
  const free = term.runs.every((run, i) =>
    scores.is({ run, metric: column, value: term.values![i] })
  );
  return scores.take({ ...term, metric: free ? column : `${column}, row ${row}` });
}
