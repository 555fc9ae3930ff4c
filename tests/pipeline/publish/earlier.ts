/** @file Published results as they were before versions were recorded. */
import { rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";

/** Takes away what says of which version the tables of a database are. */
export async function withoutVersions(database: string): Promise<void> {
  const instance = await DuckDBInstance.create(database);
  const connection = await instance.connect();
  try {
    for (const column of ["key", "commit", "older"]) {
      await connection.run(`ALTER TABLE experiment DROP COLUMN "${column}"`);
    }
    await connection.run('ALTER TABLE job DROP COLUMN "commit"');
    // What says which bytes it was written with.
    rmSync(join(dirname(database), "published.json"), { force: true });
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
