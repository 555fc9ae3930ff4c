/** @file A question to a published database. */
import { DuckDBInstance } from "@duckdb/node-api";

// deno-lint-ignore no-explicit-any -- rows of any query
export async function query(database: string, sql: string): Promise<any[]> {
  const instance = await DuckDBInstance.create(
    database,
    database === ":memory:" ? {} : { access_mode: "READ_ONLY" },
  );
  const connection = await instance.connect();
  try {
    return (await connection.runAndReadAll(sql)).getRowObjectsJS();
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
