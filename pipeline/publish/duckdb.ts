/**
 * @file The results as files that other tools open: a Parquet file for each experiment, and a DuckDB
 * database in storage version 1.0.0, which every DuckDB since 2024 reads, the one in a browser too.
 */
import {
  BIGINT,
  BOOLEAN,
  DOUBLE,
  type DuckDBConnection,
  DuckDBDataChunk,
  DuckDBInstance,
  type DuckDBType,
  type DuckDBValue,
  INTEGER,
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
import { INPUTS, type Table, TAGS, type Type, type Value } from "./rows.ts";
import { SCORES, scoreTable } from "./score_tables.ts";
import { databaseTables, wide } from "./tables.ts";

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

/** Rows of a chunk; DuckDB's vectors have as many places. */
const CHUNK = 2048;

/** Chunk by chunk: value by value, nested ones take four milliseconds each. */
async function fill(connection: DuckDBConnection, catalog: string, table: Table) {
  const types = Object.entries(table.columns);
  const columns = types.map(([name, type]) => `"${name}" ${type}`).join(", ");
  await connection.run(`CREATE TABLE ${catalog}.main."${table.name}" (${columns})`);
  const appender = await connection.createAppender(table.name, "main", catalog);
  for (let from = 0; from < table.rows.length; from += CHUNK) {
    const rows = table.rows.slice(from, from + CHUNK);
    const chunk = DuckDBDataChunk.create(types.map(([, type]) => TYPES[type]), rows.length);
    for (const [i, [, type]] of types.entries()) {
      chunk.setColumnValues(i, rows.map((row) => valueOf(row[i], type)));
    }
    appender.appendDataChunk(chunk);
  }
  appender.closeSync();
}

const TYPES: Record<Type, DuckDBType> = {
  ...{ VARCHAR, BOOLEAN, INTEGER, BIGINT, DOUBLE },
  "VARCHAR[]": LIST(VARCHAR),
  [TAGS]: MAP(VARCHAR, VARCHAR),
  [INPUTS]: LIST(STRUCT({ name: VARCHAR, job: VARCHAR, content: VARCHAR })),
};

function valueOf(value: Value, type: Type): DuckDBValue {
  if (value === null) return null;
  if (type === "BIGINT") return BigInt(value as number);
  if (type === "VARCHAR[]") return listValue(value as string[]);
  if (type === TAGS) {
    const entries = Object.entries(value as Record<string, string>);
    return mapValue(entries.map(([key, value]) => ({ key, value })));
  }
  if (type === INPUTS) {
    return listValue((value as Record<string, string | null>[]).map((item) => structValue(item)));
  }
  return value as DuckDBValue;
}

function quoted(path: string): string {
  return `'${duckdbPath(path).replaceAll("'", "''")}'`;
}
