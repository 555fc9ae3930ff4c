/**
 * @file Reads back what publish wrote, by this version or an earlier one: what `gc` must keep, and tables that the store at hand
 * cannot make.
 */
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import type { PublishedRow } from "../results.ts";
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
    const points = await rows("SELECT * FROM curve ORDER BY job, name, step");
    return {
      profile: experiments[0]?.profile ?? "",
      experiments: experiments.map((row) =>
        experimentRecord(
          row,
          cells.filter((cell) => cell.experiment === row.id),
          links.filter((link) => link.experiment === row.id),
        )
      ),
      jobs: jobs.map(jobRecord),
      machines: await rows("SELECT id, description FROM machine") as MachineRecord[],
      curves: () => Promise.resolve(points as CurvePoint[]),
    };
  });
}

// deno-lint-ignore no-explicit-any -- rows of databases of several versions
type Row = Record<string, any>;

function experimentRecord(row: Row, cells: Row[], links: Row[]): ExperimentRecord {
  const { id, title, question, hypothesis, method, command } = row;
  const rows = Array.from({ length: row.rows }, (): PublishedRow => ({}));
  for (const { row: r, column, kind, value, low, high, n, text } of cells) {
    if (kind === "label") {
      rows[r][column] = value ?? text;
      continue;
    }
    const runs = links.filter((link) => link.row === r && link.column === column)
      .map(({ run }) => run as string);
    const given = Object.entries({ low, high, n }).filter(([, number]) => number !== null);
    rows[r][column] = { value, ...Object.fromEntries(given), runs };
  }
  return {
    meta: { id, title, question, hypothesis, method, command },
    summary: {
      columns: JSON.parse(row.columns),
      rows,
      verdict: { outcome: row.outcome, rule: row.rule, reason: row.reason },
      findings: row.findings,
      plots: JSON.parse(row.plots),
    },
    runs: Object.fromEntries(links.map(({ run, job }) => [run, job])),
    // Earlier versions recorded none of these.
    version: { key: row.key ?? null, commit: row.commit ?? null, older: row.older ?? true },
  };
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
