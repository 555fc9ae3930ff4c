/** @file Publishes tables into a real database and computes every cell and verdict again, with the queries that the site prints. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { writeTables } from "../../../pipeline/publish/duckdb.ts";
import type { ExperimentRecord, PublishSource } from "../../../pipeline/publish/publish.ts";
import { readPublished } from "../../../pipeline/publish/published.ts";
import { cellsQuery, verdictsQuery } from "../../../pipeline/publish/recompute.ts";
import { consideredTogether } from "../../../pipeline/publish/verdicts.ts";
import {
  isCell,
  isObserved,
  type PublishedSummary,
  type Summary,
} from "../../../pipeline/results.ts";
import { hash, job, meta, VERSION } from "../../site/fixtures/records.ts";
import { query } from "./query.ts";

/** Tables as publish would take them, each run a job of its own. */
export function sourceOf(summaries: Record<string, Summary>): PublishSource {
  const experiments = Object.entries(summaries).map(([id, { rows, ...rest }]): ExperimentRecord => {
    const names = rows.flatMap((row) => Object.values(row))
      .flatMap((value) => isCell(value) || isObserved(value) ? value.runs : []);
    const summary = {
      ...rest,
      // Nothing was observed of made-up runs.
      rows: rows.map((row) =>
        Object.fromEntries(Object.entries(row).filter(([, value]) => !isObserved(value)))
      ),
    } as PublishedSummary;
    const runs = Object.fromEntries(names.map((name) => [name, hash(`make ${id} ${name}`)]));
    return { meta: meta(id, {}), summary, runs, version: VERSION };
  });
  const jobs = experiments.flatMap(({ meta: { id }, runs }) =>
    Object.keys(runs).map((name) => job("make", `${id} ${name}`))
  );
  return {
    ...{ profile: "quick", jobs, machines: [], curves: () => Promise.resolve([]) },
    experiments: consideredTogether(experiments),
  };
}

/** Writes a source and hands the database to `work`. */
export async function published<T>(
  source: PublishSource,
  work: (folder: string, database: string) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(Deno.env.get("TMPDIR") ?? "/tmp", "recomputed-"));
  try {
    await writeTables(source, folder);
    return await work(folder, join(folder, "results.duckdb"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The same but for the rounding of sums in another order. */
function same(found: number | null, stated: number | null | undefined, what: string) {
  if (stated === null || stated === undefined) return assert.equal(found, null, what);
  if (Number.isNaN(stated)) return assert.ok(Number.isNaN(found), `${what}: ${found} is not NaN`);
  const close = Math.abs(found! - stated) <= 1e-9 * Math.max(1e-3, Math.abs(stated));
  assert.ok(found !== null && close, `${what}: ${found} is not ${stated}`);
}

/** Every measured cell and every judged verdict of a published database follows from its scores. @returns how many of each */
export async function assertRecomputed(
  database: string,
): Promise<{ cells: number; verdicts: number }> {
  const stated = await query(
    database,
    `SELECT experiment, "row", "column", value, low, high FROM cell WHERE kind = 'measured' ORDER BY ALL`,
  );
  const found = await query(database, cellsQuery);
  const at = (c: typeof stated[0]) => `${c.experiment}, row ${c.row}, ${c.column}`;
  assert.deepEqual(found.map(at).sort(), stated.map(at).sort());
  const byPlace = new Map(found.map((cell) => [at(cell), cell]));
  for (const cell of stated) {
    const again = byPlace.get(at(cell))!;
    for (const end of ["value", "low", "high"]) same(again[end], cell[end], `${at(cell)}, ${end}`);
  }
  const verdicts = await query(
    database,
    "SELECT id AS experiment, outcome, alone, p, q FROM experiment WHERE declared IS NOT NULL ORDER BY id",
  );
  const judged = await query(database, verdictsQuery);
  assert.deepEqual(judged.map((v) => v.experiment), verdicts.map((v) => v.experiment));
  for (const [i, verdict] of verdicts.entries()) {
    const { experiment, outcome } = verdict;
    assert.equal(judged[i].outcome, outcome, experiment);
    assert.equal(judged[i].alone, verdict.alone ?? outcome, experiment);
    same(judged[i].p, verdict.p, `p of ${experiment}`);
    same(judged[i].q, verdict.q, `adjusted p of ${experiment}`);
  }
  return { cells: stated.length, verdicts: verdicts.length };
}

/** Publishes tables, computes them again, and reads them back as they were. */
export async function assertTablesRecomputed(summaries: Record<string, Summary>) {
  const source = sourceOf(summaries);
  return await published(source, async (folder, database) => {
    const counts = await assertRecomputed(database);
    const again = await readPublished(folder);
    // As JSON, where a number that is not finite is null.
    const plain = (value: unknown) => JSON.parse(JSON.stringify(value));
    for (const [i, { summary }] of source.experiments.entries()) {
      // Tags are those of runs that have scores.
      const scored = new Set(summary.scores?.map(({ run }) => run));
      const tags = Object.entries(summary.tags ?? {}).filter(([run]) => scored.has(run));
      const kept = { ...summary, ...(scored.size ? { tags: Object.fromEntries(tags) } : {}) };
      assert.deepEqual(plain(again!.experiments[i].summary), plain(kept));
    }
    return counts;
  });
}
