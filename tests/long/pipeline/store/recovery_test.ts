/** @file What is left of the catalogue when its process is killed. */
import assert from "node:assert/strict";
import { copyFileSync, existsSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { Catalog } from "../../../../pipeline/store/catalog.ts";
import { changes, doneJob, dump, RUN } from "../../../pipeline/fixtures/catalog.ts";
import { contents, FIRST, killed, left, scratch } from "../../../pipeline/store/killed.ts";

Deno.test("after a kill everything is there, whatever became of the file that DuckDB worked on", async () => {
  using at = scratch();
  const before = await killed(at.dir);
  assert.equal(before.job.length, 3);
  assert.ok(before.metric.some((row) => row.endsWith("value=NaN")));
  assert.equal(existsSync(at.original), false);
  writeFileSync(at.copy, new Uint8Array(300_000).fill(7));
  assert.deepEqual(await contents(at.dir), before);
  // From here on it is in the catalogue itself, and nothing else is left.
  assert.deepEqual(left(at.dir), FIRST);
  assert.deepEqual(await contents(at.dir), before);
});

Deno.test("a second kill adds to what the first one left", async () => {
  using at = scratch();
  const catalog = await Catalog.open(at.dir);
  await catalog.commit(RUN, [doneJob("k0")]);
  await catalog.close();
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
    await catalog.close();
    assert.equal((await contents(torn.dir)).run.length, 2);
    assert.equal((await contents(next.dir)).run.length, 2);
  }
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
    await catalog.close();
    const jobs = (await contents(at.dir)).job.map((row) => row.replace(/ finished=.*/, ""));
    assert.deepEqual(jobs, before.job.map((row) => row.replace(/ finished=.*/, "")));
  }
});
