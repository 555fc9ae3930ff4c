/**
 * @file The results as files that other tools open: a Parquet file for each experiment, and a DuckDB
 * database in storage version 1.0.0, which every DuckDB since 2024 reads, the one in a browser too.
 */
import {
  type DuckDBAppender,
  type DuckDBConnection,
  DuckDBInstance,
  LIST,
  listValue,
  MAP,
  mapValue,
  STRUCT,
  structValue,
  VARCHAR,
} from "@duckdb/node-api";
import { duckdbPath } from "../store/duckdb_path.ts";
import type { PublishSource } from "./source.ts";
import { type Table, TAGS, type Type, type Value } from "./rows.ts";
import { SCORES, scoreTable } from "./score_tables.ts";
import { databaseTables, wide } from "./tables.ts";

const PAIRS = MAP(VARCHAR, VARCHAR);
const INPUTS = LIST(STRUCT({ name: VARCHAR, job: VARCHAR, content: VARCHAR }));

/**
 * Writes `results.duckdb`, `<experiment>.parquet` and, where there are scores, `scores.parquet` into `folder`, which must hold neither.
 *
 * @returns the names of the files written
 */
export async function writeTables(source: PublishSource, folder: string): Promise<string[]> {
  // One thread and insertion order kept: the same rows give the same Parquet bytes.
  const instance = await DuckDBInstance.create(":memory:", { threads: "1" });
  const connection = await instance.connect();
  try {
    const files: string[] = [];
    const copy = async (table: Table, file: string) => {
      await fill(connection, "memory", table);
      const from = `memory.main."${table.name}"`;
      const to = quoted(`${folder}/${file}`);
      await connection.run(`COPY ${from} TO ${to} (FORMAT parquet, COMPRESSION zstd)`);
      await connection.run(`DROP TABLE ${from}`);
      files.push(file);
    };
    for (const { meta, summary } of source.experiments) {
      await copy(wide(summary), `${meta.id}.parquet`);
    }
    const scores = scoreTable(source.experiments);
    if (scores.rows.length) await copy(scores, SCORES);
    await connection.run(
      `ATTACH ${quoted(`${folder}/results.duckdb`)} AS results (STORAGE_VERSION 'v1.0.0')`,
    );
    for (const table of await databaseTables(source)) await fill(connection, "results", table);
    await connection.run("DETACH results"); // writes the log into the file
    return [...files, "results.duckdb"];
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

async function fill(connection: DuckDBConnection, catalog: string, table: Table) {
  const types = Object.entries(table.columns);
  const columns = types.map(([name, type]) => `"${name}" ${type}`).join(", ");
  await connection.run(`CREATE TABLE ${catalog}.main."${table.name}" (${columns})`);
  const appender = await connection.createAppender(table.name, "main", catalog);
  for (const row of table.rows) {
    for (const [i, [, type]] of types.entries()) append(appender, row[i], type);
    appender.endRow();
  }
  appender.closeSync();
}

function append(appender: DuckDBAppender, value: Value, type: Type) {
  if (value === null) appender.appendNull();
  else if (type === "INTEGER") appender.appendInteger(value as number);
  else if (type === "BIGINT") appender.appendBigInt(BigInt(value as number));
  else if (type === "BOOLEAN") appender.appendBoolean(value as boolean);
  else if (type === "DOUBLE") appender.appendDouble(value as number);
  else if (type === "VARCHAR") appender.appendVarchar(value as string);
  else if (type === TAGS) {
    const entries = Object.entries(value as Record<string, string>);
    appender.appendMap(mapValue(entries.map(([key, value]) => ({ key, value }))), PAIRS);
  } else if (type === "VARCHAR[]") appender.appendList(value as string[], LIST(VARCHAR));
  else {
    const structs = (value as Record<string, string | null>[]).map((item) => structValue(item));
    appender.appendList(listValue(structs), INPUTS);
  }
}

function quoted(path: string): string {
  return `'${duckdbPath(path).replaceAll("'", "''")}'`;
}
