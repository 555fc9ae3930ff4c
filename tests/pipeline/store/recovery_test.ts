/** @file What is left of the catalogue when its process is killed, and when its files are damaged. */
import assert from "node:assert/strict";
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { Catalog } from "../../../pipeline/store/catalog.ts";
import type { MetricPoint } from "../../../pipeline/store/changes.ts";
import { changes, doneJob, dump, RUN } from "../fixtures/catalog.ts";
import { contents, errors, killed, scratch } from "./killed.ts";

Deno.test("after a kill everything is there, whatever became of the file that DuckDB worked on", async () => {
  using at = scratch();
  const before = await killed(at.dir);
  assert.equal(before.job.length, 3);
  assert.ok(before.metric.some((row) => row.endsWith("value=NaN")));
  assert.equal(existsSync(at.original), false);
  writeFileSync(at.copy, new Uint8Array(300_000).fill(7));
  assert.deepEqual(await contents(at.dir), before);
  // From here on it is in the catalogue itself, and nothing else is left.
  const left = readdirSync(at.dir).filter((name) => name.startsWith("catalog."));
  assert.deepEqual(left, ["catalog.duckdb"]);
  assert.deepEqual(await contents(at.dir), before);
});

Deno.test("a second kill adds to what the first one left", async () => {
  using at = scratch();
  const catalog = await Catalog.open(at.dir);
  await catalog.commit(RUN, [doneJob("k0")]);
  catalog.close();
  await killed(at.dir);
  const before = await killed(at.dir);
  assert.equal(before.job.length, 4);
  assert.deepEqual(await contents(at.dir), before);
});

Deno.test("a torn last line loses its change and no other", async () => {
  using at = scratch();
  await killed(at.dir);
  const whole = readFileSync(at.journal);
  const last = whole.lastIndexOf(10, whole.length - 2) + 1;
  using expected = scratch();
  writeFileSync(expected.journal, whole.subarray(0, last));
  const before = await contents(expected.dir);
  assert.equal(before.run.length, 1);
  for (const kept of [1, (whole.length - last) >> 1, whole.length - last - 1]) {
    using torn = scratch();
    copyFileSync(at.journal, torn.journal);
    truncateSync(torn.journal, last + kept);
    const catalog = await Catalog.open(torn.dir);
    assert.deepEqual(await dump(catalog), before, `${kept} bytes kept`);
    // What comes next does not stick to what was torn: after another kill it is there.
    await catalog.startRun({ ...RUN, id: "r3" });
    using next = scratch();
    copyFileSync(torn.journal, next.journal);
    catalog.close();
    assert.equal((await contents(torn.dir)).run.length, 2);
    assert.equal((await contents(next.dir)).run.length, 2);
  }
});

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

Deno.test("a kill between the catalogue and the end of its journal changes nothing", async () => {
  using at = scratch();
  await killed(at.dir);
  const journal = readFileSync(at.journal);
  const before = await contents(at.dir);
  writeFileSync(at.journal, journal);
  assert.deepEqual(await contents(at.dir), before);
  // Also when it is hit by it half-way, again and again.
  for (let i = 0; i < 3; i++) {
    const cut = journal.indexOf(10, (journal.length * (i + 1)) >> 2) + 1;
    writeFileSync(at.journal, journal.subarray(0, cut));
    const catalog = await Catalog.open(at.dir);
    for (const change of changes) await change(catalog);
    catalog.close();
    const jobs = (await contents(at.dir)).job.map((row) => row.replace(/ finished=.*/, ""));
    assert.deepEqual(jobs, before.job.map((row) => row.replace(/ finished=.*/, "")));
  }
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
