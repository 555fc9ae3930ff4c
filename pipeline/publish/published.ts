/**
 * @file Reads back what publish wrote, by this version or an earlier one: what `gc` must keep, and tables that the store at hand
 * cannot make.
 */
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import type { PublishedRow, PublishedSummary } from "../results.ts";
import type { Judged, Term } from "../terms.ts";
import type { Tag } from "../tags.ts";
import type {
  CurvePoint,
  ExperimentRecord,
  JobInput,
  JobRecord,
  MachineRecord,
  PublishSource,
} from "./source.ts";
import { isAsWritten, readStamp } from "./stamp.ts";

const DATABASE = "results.duckdb";

const isFile = (path: string) => existsSync(path) && statSync(path).isFile();

/** Keys of the jobs behind every published table, whatever the profile. @throws {Error} for a database that cannot be read */
export async function publishedKeys(reports: string): Promise<Set<string>> {
  const keys = new Set<string>();
  const folders = existsSync(reports) ? readdirSync(reports, { withFileTypes: true }) : [];
  for (const folder of folders) {
    const path = join(reports, folder.name, DATABASE);
    if (!isFile(path)) continue;
    await withDatabase(path, async (rows) => {
      for (const { key } of await rows("SELECT key FROM job")) keys.add(key);
      for (const { key } of await rows("SELECT * FROM experiment")) if (key) keys.add(key);
    });
  }
  return keys;
}

/** What was published last of a profile; undefined where nothing was. @throws {Error} for a database that cannot be read */
export async function readPublished(folder: string): Promise<PublishSource | undefined> {
  const path = join(folder, DATABASE);
  const files = readStamp(folder)?.files ?? {};
  if (files[DATABASE] && !isAsWritten(folder, files, DATABASE)) {
    throw unreadable(path, "it is missing, or not as it was written");
  }
  if (!isFile(path)) return undefined;
  return await withDatabase(path, async (rows) => {
    const experiments = await rows("SELECT * FROM experiment ORDER BY position");
    const cells = await rows(
      'SELECT * REPLACE (n::DOUBLE AS n) FROM cell ORDER BY experiment, "row", rowid',
    );
    const links = await rows("SELECT * FROM provenance ORDER BY rowid");
    const jobs = await rows("SELECT * REPLACE (seed::DOUBLE AS seed) FROM job ORDER BY label");
    const made = await madeOf(rows);
    const [dated] = await rows("SELECT 1 FROM duckdb_tables() WHERE table_name = 'commit'");
    // Results of earlier versions have no such table.
    const commits = dated ? await rows("SELECT * FROM commit WHERE date IS NOT NULL") : [];
    const points = await rows("SELECT * FROM curve ORDER BY job, name, step");
    return {
      profile: experiments[0]?.profile ?? "",
      experiments: experiments.map((row) =>
        experimentRecord(
          row,
          cells.filter((cell) => cell.experiment === row.id),
          links.filter((link) => link.experiment === row.id),
          made(row.id),
        )
      ),
      jobs: jobs.map(jobRecord),
      machines: await rows("SELECT id, description FROM machine") as MachineRecord[],
      commitDates: Object.fromEntries(commits.map(({ commit, date }) => [commit, date])),
      curves: () => Promise.resolve(points as CurvePoint[]),
    };
  });
}

// deno-lint-ignore no-explicit-any -- rows of databases of several versions
type Row = Record<string, any>;

function experimentRecord(
  row: Row,
  cells: Row[],
  links: Row[],
  { terms, clauses, ...scored }: Made,
): ExperimentRecord {
  const { id, title, question, hypothesis, method, command } = row;
  const rows = Array.from({ length: row.rows }, (): PublishedRow => ({}));
  const cited = Map.groupBy(links, (link) => `${link.row} ${link.column}`);
  for (const { row: r, column, kind, value, low, high, n, text, statistic } of cells) {
    if (kind === "label") {
      rows[r][column] = value ?? text;
      continue;
    }
    const runs = (cited.get(`${r} ${column}`) ?? []).map(({ run }) => run as string);
    const given = Object.entries({ low, high, n }).filter(([, number]) => number !== null);
    const own = terms(r, column);
    rows[r][column] = {
      ...{ value, ...Object.fromEntries(given), runs },
      ...(own.length ? { terms: own } : {}),
      ...(statistic && statistic !== "mean" ? { statistic } : {}),
    };
  }
  return {
    meta: { id, title, question, hypothesis, method, command },
    summary: {
      columns: JSON.parse(row.columns),
      rows,
      verdict: {
        ...{ outcome: row.outcome, rule: row.rule, reason: row.reason },
        ...only({ p: row.p, q: row.q, alone: row.alone, declared: row.declared }),
        ...(clauses.length ? { clauses } : {}),
      },
      findings: row.findings,
      plots: JSON.parse(row.plots),
      ...scored,
    },
    runs: Object.fromEntries(links.map(({ run, job }) => [run, job])),
    // Earlier versions recorded none of these.
    version: { key: row.key ?? null, commit: row.commit ?? null, older: row.older ?? true },
  };
}

/** What is there. */
const only = (values: Row): Row =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => (value ?? null) !== null));

/** What the numbers of an experiment are made of. */
interface Made extends Pick<PublishedSummary, "scores" | "tags"> {
  terms(row: number, column: string): Term[];
  clauses: Judged[];
}

/** Reads scores, terms and clauses of all experiments; databases of earlier versions have none. */
async function madeOf(rows: (sql: string) => Promise<Row[]>): Promise<(id: string) => Made> {
  const known = await rows("SELECT table_name FROM duckdb_tables() WHERE table_name = 'score'");
  const read = (sql: string) => known.length ? rows(sql) : Promise.resolve([]);
  const scores = Map.groupBy(
    await read("SELECT * EXCLUDE tags, map_entries(tags) AS tags FROM score ORDER BY rowid"),
    ({ experiment }) => experiment,
  );
  const terms = Map.groupBy(
    await read("SELECT * FROM term ORDER BY rowid"),
    ({ experiment, row, column, clause }) => JSON.stringify([experiment, row, column, clause]),
  );
  const clauses = await read("SELECT * FROM clause ORDER BY experiment, clause");
  const termsAt = (...place: (string | number | null)[]) =>
    (terms.get(JSON.stringify(place)) ?? []).map(({ coefficient, metric, gap, spread, runs }) => ({
      ...{ coefficient, metric, runs },
      ...(gap === null ? {} : { gap }),
      ...(spread ? { spread: true as const } : {}),
    }));
  return (id) => {
    const own = scores.get(id) ?? [];
    const tags = new Map(own.map(({ run, tags }) => [run, tags]));
    return {
      terms: (row, column) => termsAt(id, row, column, null),
      clauses: clauses.filter(({ experiment }) => experiment === id).map((row): Judged => {
        const { kind, what, metric, scale, margin, n, effect, p } = row;
        const { low, high, reversed, means: value, means_low, means_high } = row;
        return {
          ...{ kind, what, metric, scale, margin, n, effect, p },
          ...only({ low, high, reversed }),
          ...(value === null
            ? {}
            : { means: { value, ...only({ low: means_low, high: means_high }) } }),
          terms: termsAt(id, null, null, row.clause),
        };
      }),
      ...(own.length
        ? {
          scores: own.map(({ run, metric, part, value }) => ({
            run,
            metric,
            ...only({ part }),
            value,
          })),
          tags: Object.fromEntries([...tags].map(([run, pairs]) => [
            run,
            Object.fromEntries(pairs.map(({ key, value }: Row) => [key, tagOf(value)])),
          ])),
        }
        : {}),
    };
  };
}

/** A tag as it was before it became text. */
function tagOf(text: string): Tag {
  if (text === "true" || text === "false") return text === "true";
  return String(Number(text)) === text ? Number(text) : text;
}

function jobRecord(row: Row): JobRecord {
  const { key, stage, label, code, engine, machine, seed, seconds, command } = row;
  return {
    ...{ key, stage, label, code, engine, machine, seed, seconds, command },
    params: JSON.parse(row.params),
    engineVersion: row.engine_version,
    commit: row.commit ?? null,
    inputs: row.inputs as JobInput[],
  };
}

async function withDatabase<T>(
  path: string,
  work: (rows: (sql: string) => Promise<Row[]>) => Promise<T>,
): Promise<T> {
  const { DuckDBInstance } = await import("@duckdb/node-api");
  let instance, connection: DuckDBConnection | undefined;
  try {
    instance = await DuckDBInstance.create(path, {
      access_mode: "READ_ONLY",
      threads: "1",
    });
    connection = await instance.connect();
    const open = connection;
    return await work(async (sql) => (await open.runAndReadAll(sql)).getRowObjectsJS());
  } catch (cause) {
    throw unreadable(path, (cause as Error).message.split("\n")[0]);
  } finally {
    connection?.closeSync();
    instance?.closeSync();
  }
}

function unreadable(path: string, why: string): Error {
  return new Error(
    `The published results ${path} cannot be read: ${why}\n` +
      `  Restore the file (git checkout), or remove it: the next run publishes it again.`,
  );
}
