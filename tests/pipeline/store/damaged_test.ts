/** @file What is said and what is kept when a disk has damaged the catalogue or its journal. */
import assert from "node:assert/strict";
import { appendFileSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { Catalog } from "../../../pipeline/store/catalog.ts";
import type { MetricPoint } from "../../../pipeline/store/changes.ts";
import { doneJob, RUN } from "../fixtures/catalog.ts";
import { contents, errors, killed, scratch } from "./killed.ts";

Deno.test("a damaged line in the middle loses its change and no other, and is said", async () => {
  using at = scratch();
  const before = await killed(at.dir);
  const bytes = readFileSync(at.journal);
  bytes[bytes.indexOf(10) + 41] ^= 1;
  writeFileSync(at.journal, bytes);
  using said = errors();
  const after = await contents(at.dir);
  assert.match(said.lines.join(), /catalog\.journal is damaged in line 2; a copy is .*\.damaged/);
  // The second line has the jobs k1 and k2, of which k2 failed later.
  assert.deepEqual(after.job, before.job.filter((row) => !row.startsWith("key=k1 ")));
  assert.deepEqual(after.run, before.run);
  assert.deepEqual(after.failure, before.failure);
  assert.deepEqual(readFileSync(`${at.journal}.damaged`), bytes);
});

Deno.test("a damaged catalogue is an error that says what to do, and stays as it is", async () => {
  using at = scratch();
  const catalog = await Catalog.open(at.dir);
  await catalog.commit(RUN, [doneJob("k1")]);
  catalog.close();
  truncateSync(at.original, 20_000);
  appendFileSync(at.original, "xxx");
  const bytes = readFileSync(at.original);
  await assert.rejects(
    () => Catalog.open(at.dir),
    /The catalogue .*catalog\.duckdb cannot be read: .* in its place, or move it away/s,
  );
  assert.deepEqual(readFileSync(at.original), bytes);
});

Deno.test("damage that only a question meets is told as such; a wrong question is not", async () => {
  using at = scratch();
  const curve = Array.from({ length: 3000 }, (_, i): MetricPoint => [`loss ${i}`, i, Math.sin(i)]);
  {
    const catalog = await Catalog.open(at.dir);
    await catalog.commit(RUN, [doneJob("k1", { metrics: curve })]);
    await assert.rejects(catalog.query("SELECT nonsense"), /^Error: (?!The catalogue).*nonsense/);
    catalog.close();
  }
  const bytes = readFileSync(at.original);
  // Where the rows lie, not the tables' description.
  for (const part of [0.3, 0.7]) bytes[Math.floor(part * bytes.length)] ^= 255;
  writeFileSync(at.original, bytes);
  const catalog = await Catalog.open(at.dir);
  await assert.rejects(
    async () => {
      for (const table of ["metric", "file", "code"]) await catalog.query(`SELECT * FROM ${table}`);
    },
    /The catalogue .*catalog\.duckdb cannot be read: .* in its place, or move it away/s,
  );
  catalog.close();
});
