/** @file What the pages of the lab are made of: their scripts, and what was published of single systems. */
import { DuckDBInstance } from "@duckdb/node-api";
import { join } from "node:path";
import { type LabScripts, labScripts } from "./bundle.ts";

/** Of one row of a table: seed and score of each system. */
export type Systems = [seed: number, value: number][];

export interface Lab extends LabScripts {
  /** Excess losses of filter-leaderboard by row; empty where it was not published, or without scores. */
  systems: Map<number, Systems>;
}

/** @param reports the folder of one profile */
export async function readLab(reports: string): Promise<Lab> {
  return { ...await labScripts(), systems: await systemsOf(join(reports, "results.duckdb")) };
}

async function systemsOf(path: string): Promise<Map<number, Systems>> {
  const instance = await DuckDBInstance.create(path, { access_mode: "READ_ONLY", threads: "1" });
  const connection = await instance.connect();
  try {
    const tables = await connection.runAndReadAll("SELECT table_name FROM duckdb_tables()");
    const names = new Set(tables.getRows().map(([name]) => name));
    // Results of earlier versions have no scores.
    if (!names.has("term") || !names.has("score")) return new Map();
    const found = await connection.runAndReadAll(
      `SELECT t."row", s.seed, s.value FROM term t JOIN score s
         ON s.experiment = t.experiment AND s.metric = t.metric AND list_contains(t.runs, s.run)
       WHERE t.experiment = 'filter-leaderboard' AND t."column" = 'excess'
       ORDER BY t."row", s.seed`,
    );
    const systems = new Map<number, Systems>();
    for (const [row, seed, value] of found.getRows().map((cells) => cells.map(Number))) {
      systems.set(row, [...systems.get(row) ?? [], [seed, value]]);
    }
    return systems;
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
