/**
 * @file Reads what publish wrote. The site knows nothing of the pipeline but this one database, so
 * it can be built from a committed `reports/` folder on a machine that never ran a job.
 */
import { DuckDBInstance } from "@duckdb/node-api";
import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import {
  bibtex,
  type CommitRecord,
  commitRecords,
  versionText,
} from "../pipeline/publish/about.ts";
import { olderText } from "../pipeline/publish/markdown.ts";
import { SCORES } from "../pipeline/publish/score_tables.ts";
import type { Column, Outcome, PlotSpec } from "../pipeline/results.ts";
import type { Judged } from "../pipeline/terms.ts";

export interface Results {
  profile: string;
  experiments: ExperimentResult[];
  /** Machine id to its description. */
  machines: Map<string, string>;
  /** Commits that the tables are of, as a footer says them; empty where none was recorded. */
  version: string;
  /** Likewise, one by one. */
  commits: CommitRecord[];
  /** How to cite them, as BibTeX. */
  citation: string;
  /** Where the code is; null where that was not said. */
  source: string | null;
  /** Losses while the layers of the leaderboard were trained. */
  curves: Curve[];
  /** What a visitor can download, by name. */
  files: { name: string; bytes: Uint8Array }[];
}

export interface ExperimentResult {
  id: string;
  title: string;
  question: string;
  hypothesis: string;
  method: string;
  command: string;
  outcome: Outcome;
  rule: string;
  reason: string;
  findings: string[];
  /** What the judge judged, as far as it was one; its terms are in the database. */
  clauses: Clause[];
  /** What is said of a table that the project of today would make from other jobs; null otherwise. */
  older: string | null;
  /** Of the project when the table was made, with "-dirty" where files differed from it; null where it was not recorded. */
  commit: string | null;
  /** Jobs, seeds, sizes, engine, commit and machine, a sentence each. */
  made: string[];
  columns: Column[];
  plots: PlotSpec[];
  /** One entry a row: column id to what the cell holds; a missing cell has no entry. */
  rows: Map<string, CellResult>[];
  /** Inputs before their users. */
  jobs: JobResult[];
}

/** One effect that a verdict rests on; of a factor the logarithm. */
export type Clause = Pick<
  Judged,
  "kind" | "what" | "metric" | "scale" | "n" | "effect" | "p" | "low" | "high" | "reversed"
>;

/** The loss of one seed. */
export interface Curve {
  /** Module of the layer, such as "rg_lru", and the row that it was trained for. */
  layer: string;
  row: string;
  task: string;
  name: string;
  points: { step: number; loss: number }[];
}

export interface CellResult {
  kind: "label" | "measured";
  /** Null for text. */
  value: number | null;
  low: number | null;
  high: number | null;
  n: number | null;
  /** As publish wrote it; shown as it is. */
  text: string;
  interval: string | null;
  runs: { run: string; job: string }[];
}

export interface JobResult {
  key: string;
  stage: string;
  label: string;
  params: unknown;
  code: string;
  engine: string;
  engineVersion: string;
  machine: string | null;
  seed: number | null;
  seconds: number | null;
  /** Null outside git, and in results of earlier versions. */
  commit: string | null;
  command: string;
  /** `job` is null for a file of the user's. */
  inputs: { name: string; job: string | null; content: string }[];
}

/**
 * @param reports the folder of one profile, such as `reports/quick`
 * @throws {Error} when the folder holds no results, with the command that makes them
 */
export async function readResults(reports: string): Promise<Results> {
  const path = join(reports, "results.duckdb");
  const names = await readdir(reports).catch(() => [] as string[]);
  if (!names.includes("results.duckdb")) {
    throw new Error(
      `${path} does not exist. The site shows published results; ` +
        `make them with: deno task pipeline --profile ${basename(reports)}`,
    );
  }
  const instance = await DuckDBInstance.create(path, { access_mode: "READ_ONLY", threads: "1" });
  const connection = await instance.connect();
  // deno-lint-ignore no-explicit-any
  const query = async (sql: string): Promise<any[]> => {
    const found = await connection.runAndReadAll(sql);
    // By columns, which takes a quarter of the time that rows take.
    const columns = found.getColumnsJS();
    const names = found.columnNames();
    return Array.from(
      { length: found.currentRowCount },
      (_, r) => Object.fromEntries(names.map((name, c) => [name, columns[c][r]])),
    );
  };
  try {
    const cells = await query('SELECT *, n::DOUBLE AS size FROM cell ORDER BY experiment, "row"');
    const links = await query("SELECT * FROM provenance ORDER BY rowid");
    const [known] = await query("SELECT 1 FROM duckdb_tables() WHERE table_name = 'clause'");
    // Results of earlier versions have no such table.
    const clauses = known ? await query("SELECT * FROM clause ORDER BY experiment, clause") : [];
    const jobs = new Map<string, JobResult>();
    for (const row of await query("SELECT *, seed::DOUBLE AS s FROM job ORDER BY rowid")) {
      const { key, stage, label, code, engine, machine, seconds, command, inputs } = row;
      const params = JSON.parse(row.params);
      const engineVersion = row.engine_version;
      jobs.set(key, {
        ...{ key, stage, label, params, code, engine, engineVersion, machine, seed: row.s },
        ...{ seconds, commit: row.commit ?? null, command, inputs },
      });
    }
    const cellsOf = Map.groupBy(cells, (cell) => cell.experiment);
    const linksOf = Map.groupBy(links, (link) => link.experiment);
    const experiments: ExperimentResult[] = [];
    let profile = basename(reports);
    for (const row of await query("SELECT * FROM experiment ORDER BY position")) {
      profile = row.profile;
      const rows = Array.from({ length: row.rows }, () => new Map<string, CellResult>());
      for (const c of cellsOf.get(row.id) ?? []) {
        const { kind, value, low, high, text, interval } = c;
        rows[c.row].set(c.column, { kind, value, low, high, n: c.size, text, interval, runs: [] });
      }
      for (const { row: r, column, run, job } of linksOf.get(row.id) ?? []) {
        rows[r].get(column)!.runs.push({ run, job });
      }
      experiments.push({
        ...row,
        columns: JSON.parse(row.columns),
        plots: JSON.parse(row.plots),
        clauses: clauses.filter((c) => c.experiment === row.id).map(clauseOf),
        // Results that do not say are of a version that did not record it.
        commit: row.commit ?? null,
        older: row.older ?? true ? olderText({ commit: row.commit ?? null }) : null,
        rows,
        jobs: behind(rows, jobs),
      });
    }
    const curves = await readCurves(query);
    const about = await readAbout(query, profile, experiments);
    const machines = (await query("SELECT * FROM machine")).map((m) => [m.id, m.description]);
    const wanted = [
      "results.duckdb",
      ...names.filter((name) => name === SCORES),
      ...experiments.flatMap(({ id }) => [`${id}.md`, `${id}.parquet`]),
    ];
    const files = await Promise.all(wanted.map(async (name) => ({
      name,
      bytes: new Uint8Array(await readFile(join(reports, name))),
    })));
    return {
      ...{ profile, experiments, ...about, curves, files },
      machines: new Map(machines as [string, string][]),
    };
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** What results say of themselves; of those of earlier versions what can be told from their tables. */
async function readAbout(
  // deno-lint-ignore no-explicit-any -- rows of the database
  query: (sql: string) => Promise<any[]>,
  profile: string,
  experiments: readonly ExperimentResult[],
): Promise<Pick<Results, "version" | "commits" | "citation" | "source">> {
  const [known] = await query("SELECT 1 FROM duckdb_tables() WHERE table_name = 'about'");
  if (!known) {
    const commits = commitRecords(experiments);
    const version = versionText(commits);
    return { version, commits, citation: bibtex(profile, version), source: null };
  }
  const [about] = await query("SELECT * FROM about");
  const commits = await query("SELECT * FROM commit ORDER BY rowid") as CommitRecord[];
  return { version: about.of, commits, citation: about.bibtex, source: about.source };
}

/** Of the leaderboard's trainings: one curve for each seed. */
// deno-lint-ignore no-explicit-any -- rows of the database
async function readCurves(query: (sql: string) => Promise<any[]>): Promise<Curve[]> {
  const rows = await query(
    `SELECT label, params, name, step, value FROM curve JOIN job ON job = key
     WHERE stage = 'train' AND label LIKE 'leaderboard/%' AND name LIKE 'loss%' AND isfinite(value)
     ORDER BY label, name, step`,
  );
  const curves = new Map<string, Curve>();
  for (const { label, params, name, step, value } of rows) {
    const key = `${label} ${name}`;
    let curve = curves.get(key);
    if (!curve) {
      const layer = JSON.parse(params).layers?.[0]?.name ?? "";
      const tag = (of: string) => new RegExp(`/${of}=([^/]*)`).exec(label)?.[1] ?? "";
      curve = { layer, row: tag("layer"), task: tag("task"), name, points: [] };
      curves.set(key, curve);
    }
    curve.points.push({ step, loss: value });
  }
  return [...curves.values()];
}

// deno-lint-ignore no-explicit-any -- a row of the database
function clauseOf({ kind, what, metric, scale, n, effect, p, low, high, reversed }: any): Clause {
  const known = Object.entries({ low, high, reversed }).filter(([, value]) => value !== null);
  return { kind, what, metric, scale, n, effect, p, ...Object.fromEntries(known) };
}

/** The jobs a table came from, in the order of the job table (inputs before their users). */
function behind(rows: Map<string, CellResult>[], jobs: Map<string, JobResult>): JobResult[] {
  const reached = new Set<string>();
  const todo = rows.flatMap((row) =>
    [...row.values()].flatMap((cell) => cell.runs.map((r) => r.job))
  );
  for (let key = todo.pop(); key !== undefined; key = todo.pop()) {
    if (reached.has(key)) continue;
    reached.add(key);
    for (const { job } of jobs.get(key)?.inputs ?? []) if (job !== null) todo.push(job);
  }
  return [...jobs.values()].filter((job) => reached.has(job.key));
}
