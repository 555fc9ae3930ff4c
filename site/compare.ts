/**
 * @file Two runs of the same tables side by side: the published one and the reader's own. Cells are compared by the difference of
 * their values in standard errors, both intervals taken together.
 */
import { DuckDBInstance } from "@duckdb/node-api";
import { basename, join } from "node:path";
import { type ProfileName, PROFILES } from "../pipeline/profiles.ts";
import type { Column } from "../pipeline/results.ts";
import type { CellResult, ExperimentResult, Results } from "./results.ts";
import { rowLabel } from "./view.ts";

/** The tables of another run, without what they came from. */
export interface Tables {
  profile: string;
  experiments: Pick<ExperimentResult, "id" | "columns" | "rows">[];
}

export interface Comparison {
  /** Profiles. */
  here: string;
  there: string;
  agree: number;
  of: number;
  experiments: { id: string; title: string; agree: number; of: number; cells: Compared[] }[];
}

/** A cell in words. */
type Shown = Pick<CellResult, "text" | "interval">;

export interface Compared {
  row: string;
  column: string;
  here: Shown;
  there: Shown;
  /** Difference, here minus there, in standard errors. */
  apart: number;
}

/** Beyond so many standard errors two cells do not agree: 95 % of equal ones lie within. */
const APART = 1.96;
/** Cells of an experiment that are listed, those first that lie furthest apart. */
const LISTED = 40;

/** @param reports the folder of one profile, which holds results */
export async function readTables(reports: string): Promise<Tables> {
  const path = join(reports, "results.duckdb");
  const instance = await DuckDBInstance.create(path, { access_mode: "READ_ONLY", threads: "1" });
  const connection = await instance.connect();
  // deno-lint-ignore no-explicit-any -- rows of the database
  const query = async (sql: string): Promise<any[]> =>
    (await connection.runAndReadAll(sql)).getRowObjectsJS();
  try {
    const cells = Map.groupBy(
      await query("SELECT * EXCLUDE n, n::DOUBLE AS n FROM cell ORDER BY rowid"),
      ({ experiment }) => experiment as string,
    );
    const found = await query(
      "SELECT id, profile, rows, columns FROM experiment ORDER BY position",
    );
    return {
      profile: found[0]?.profile ?? basename(reports),
      experiments: found.map(({ id, rows: count, columns }) => {
        const rows = Array.from({ length: count }, () => new Map<string, CellResult>());
        for (
          const { row, column, kind, value, low, high, n, text, interval } of cells.get(id) ?? []
        ) {
          rows[row].set(column, { kind, value, low, high, n, text, interval, runs: [] });
        }
        return { id, rows, columns: JSON.parse(columns) as Column[] };
      }),
    };
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** Cells that both have, in rows of the same labels; without an interval in both nothing tells how far apart they may be. */
export function compared(
  results: Pick<Results, "profile" | "experiments">,
  other: Tables,
): Comparison {
  const experiments = results.experiments.flatMap((experiment) => {
    const beside = other.experiments.find(({ id }) => id === experiment.id);
    const cells = beside ? cellsApart(experiment, beside) : [];
    if (!cells.length) return [];
    const agree = cells.filter(({ apart }) => Math.abs(apart) <= APART).length;
    const { id, title } = experiment;
    const furthest = cells.sort((a, b) => Math.abs(b.apart) - Math.abs(a.apart)).slice(0, LISTED);
    return [{ id, title, agree, of: cells.length, cells: furthest }];
  });
  const sum = (part: "agree" | "of") => experiments.reduce((all, one) => all + one[part], 0);
  return {
    ...{ here: results.profile, there: other.profile, experiments },
    ...{ agree: sum("agree"), of: sum("of") },
  };
}

/** What came of it, without a full stop: the smaller run beside the larger one, from whichever's pages it is read. */
export function agreementOf({ here, there, agree, of }: Omit<Comparison, "experiments">): string {
  const size = (profile: string) => PROFILES.indexOf(profile as ProfileName);
  const [large, small] = size(here) < size(there) ? [there, here] : [here, there];
  return `The ${small} run agrees with the ${large} one on ${agree} of the ${of} cells that have an interval in both`;
}

function cellsApart(
  here: Pick<ExperimentResult, "columns" | "rows">,
  there: Pick<ExperimentResult, "columns" | "rows">,
): Compared[] {
  const rows = byLabel(there);
  return [...byLabel(here)].flatMap(([label, row]) => {
    const beside = row && rows.get(label);
    if (!beside) return [];
    return here.columns.flatMap((column): Compared[] => {
      const [a, b] = [row.get(column.id), beside.get(column.id)];
      if (a?.kind !== "measured" || b?.kind !== "measured") return [];
      const errors = [errorOf(a), errorOf(b)];
      const apart = (a.value! - b.value!) / Math.hypot(...errors);
      return errors.every((error) => error > 0) && Number.isFinite(apart)
        ? [{ row: label, column: column.label, here: shown(a), there: shown(b), apart }]
        : [];
    });
  });
}

/** Rows by what names them; undefined where several have one name. */
function byLabel({ columns, rows }: Pick<ExperimentResult, "columns" | "rows">) {
  const named = new Map<string, Map<string, CellResult> | undefined>();
  for (const [r, row] of rows.entries()) {
    const label = rowLabel(columns, row, r);
    named.set(label, named.has(label) ? undefined : row);
  }
  return named;
}

/** Standard error, by the half width of a 95 % interval; 0 for a number without one. */
function errorOf({ low, high }: CellResult): number {
  return low === null || high === null ? 0 : (high - low) / 2 / 1.96;
}

const shown = ({ text, interval }: CellResult): Shown => ({ text, interval });
