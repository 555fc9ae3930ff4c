/**
 * @file The real experiments at their smallest size, end to end with real workers: every job runs, the tables
 * hold what must be true of any trained model, and a second run does nothing.
 */
import { DuckDBInstance } from "@duckdb/node-api";
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  isCell,
  numberOf,
  parseSummary,
  type Row,
  type Summary,
} from "../../../pipeline/results.ts";
import { type Demo, start } from "../../pipeline/helpers.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** The summary that an experiment's aggregate job left in a store. */
async function summaries(store: string): Promise<Map<string, Summary>> {
  const instance = await DuckDBInstance.create(join(store, "catalog.duckdb"), {
    access_mode: "READ_ONLY",
  });
  const connection = await instance.connect();
  const found = await connection.runAndReadAll(
    "SELECT f.sha256, j.params FROM file f JOIN job j ON f.job_key = j.key WHERE j.stage = 'aggregate'",
  );
  const map = new Map<string, Summary>();
  for (const [sha256, params] of found.getRows() as [string, string][]) {
    const text = readFileSync(join(store, "objects", sha256.slice(0, 2), sha256.slice(2)), "utf8");
    const { experiment } = JSON.parse(params);
    map.set(experiment, parseSummary(JSON.parse(text), experiment));
  }
  connection.closeSync();
  instance.closeSync();
  return map;
}

const value = (row: Row, column: string) => numberOf(row[column]) ?? NaN;

Deno.test("the smoke profile runs all experiments, and then has nothing to do", async () => {
  const store = mkdtempSync(join(Deno.env.get("TMPDIR") ?? "/tmp", "smoke-"));
  try {
    const here = { root } as Demo;
    const first = await start(here, "run", "--profile", "smoke", "--store", store).ended;
    assert.equal(first.code, 0, first.out);
    const tables = await summaries(store);

    const sweep = tables.get("eigenvalue-sweep")!;
    for (const row of sweep.rows) {
      // By orthogonality no predictor beats the Kalman filter, and the raw ratio agrees within noise.
      assert.ok(value(row, "ratio") >= 1, JSON.stringify(row));
      assert.ok(Math.abs(value(row, "raw_ratio") - value(row, "ratio")) < 0.1, JSON.stringify(row));
      for (const cell of Object.values(row)) if (isCell(cell)) assert.ok(cell.runs.length > 0);
      // Absent where hardly anything can be learnt.
      const known = { "Kalman filter": 1, zero: 0 }[String(row.predictor)];
      const closed = numberOf(row.gap_closed);
      if (known !== undefined && closed !== undefined) assert.equal(closed, known);
    }
    for (const predictor of ["Kalman filter", "zero"]) {
      const told = sweep.rows.filter((row) => row.predictor === predictor && row.gap_closed);
      assert.ok(told.length > 0, predictor);
    }
    assert.equal(sweep.verdict.outcome, "illustration", "one system judges nothing");

    const depth = tables.get("depth-scaling")!;
    const ols = depth.rows.find((row) => row.model === "ols")!;
    const networks = depth.rows.filter((row) => String(row.model).startsWith("deep-linear"));
    assert.ok(networks.length >= 2);
    for (const row of networks) {
      assert.ok(
        value(row, "excess") >= 0,
        "nothing fits the training rows better than least squares",
      );
      if (value(row, "excess") <= 1e-3) {
        assert.ok(Math.abs(value(row, "mse") - value(ols, "mse")) < 1e-3, JSON.stringify(row));
      }
    }
    assert.ok(tables.has("instance-norm"));

    const board = tables.get("leaderboard")!;
    assert.equal(board.rows.length, 2);
    for (const row of board.rows) {
      for (const task of ["filtering", "forecasting", "parity", "recall"]) {
        assert.ok(value(row, `gap_${task}`) <= 1.5, JSON.stringify(row));
      }
      assert.ok(Math.abs(value(row, "difference")) <= 0.03, JSON.stringify(row));
    }
    assert.ok(tables.has("parity-by-length"));

    const again = await start(here, "run", "--profile", "smoke", "--store", store).ended;
    assert.equal(again.code, 0, again.out);
    assert.match(again.out, /(\d+) of \1 jobs were done, 0 ran/);
  } finally {
    rmSync(store, { recursive: true, force: true });
  }
});
