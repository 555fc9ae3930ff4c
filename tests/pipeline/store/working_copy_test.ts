/** @file How a new catalogue takes the place of the old one, and what else may lie beside it. */
import assert from "node:assert/strict";
import {
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { Catalog } from "../../../pipeline/store/catalog.ts";
import { DoneIndex } from "../../../pipeline/store/done_index.ts";
import { hasCatalog } from "../../../pipeline/store/catalog_files.ts";
import { doneJob, RUN } from "../fixtures/catalog.ts";
import { contents, errors, FIRST, killed, left, scratch } from "./killed.ts";

Deno.test("a kill while the catalogue is replaced changes nothing", async () => {
  using at = scratch();
  await killed(at.dir);
  const before = await contents(at.dir);
  const journal = readFileSync(at.earlierJournal);
  // As it is when the journal is still there, and when it has moved.
  for (const there of [true, false]) {
    renameSync(at.original, at.next);
    if (there) renameSync(at.earlierJournal, at.journal);
    assert.ok(hasCatalog(at.dir));
    assert.equal(DoneIndex.fromMirror(at.dir), undefined);
    assert.deepEqual(await contents(at.dir), before);
    assert.deepEqual(left(at.dir), FIRST);
    assert.deepEqual(readFileSync(at.earlierJournal), journal);
  }
});

Deno.test("when DuckDB cannot write its file the journal stays, and that is said", async () => {
  using at = scratch();
  const catalog = await Catalog.open(at.dir);
  await catalog.commit(RUN, [doneJob("k1")]);
  // As on a full disk: the log is still there when the database is closed.
  writeFileSync(`${at.copy}.wal.recovery`, "");
  using said = errors();
  await catalog.close();
  assert.match(said.lines.join(), /could not be written anew: .*disk full\?\n {2}Nothing is lost/);
  assert.deepEqual(left(at.dir), ["catalog.journal"]);
  assert.equal((await contents(at.dir)).job.length, 1);
});

Deno.test("a journal that a kill left empty goes, so that the mirror is good again", async () => {
  using at = scratch();
  const catalog = await Catalog.open(at.dir);
  await catalog.commit(RUN, [doneJob("k1")]);
  const index = await DoneIndex.fromCatalog(at.dir, catalog);
  await catalog.close();
  index.save();
  for (const torn of ["", "0123456789abcdef {"]) {
    writeFileSync(at.journal, torn);
    assert.equal(DoneIndex.fromMirror(at.dir), undefined);
    assert.equal((await contents(at.dir)).job.length, 1);
    assert.equal(DoneIndex.fromMirror(at.dir)!.jobs.size, 1);
  }
});

Deno.test("a question leaves the catalogue as it was, and makes none", async () => {
  using at = scratch();
  await contents(at.dir);
  assert.deepEqual(readdirSync(at.dir), []);
  const catalog = await Catalog.open(at.dir);
  await catalog.commit(RUN, [doneJob("k1")]);
  // Others may read meanwhile; there is nothing to read yet.
  assert.equal(existsSync(at.original), false);
  await catalog.close();
  const [bytes, { mtimeMs, ino }] = [readFileSync(at.original), statSync(at.original)];
  await contents(at.dir);
  assert.deepEqual(readFileSync(at.original), bytes);
  assert.deepEqual([statSync(at.original).mtimeMs, statSync(at.original).ino], [mtimeMs, ino]);
});
