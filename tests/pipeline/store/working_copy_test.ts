/** @file How a new catalogue takes the place of the old one, and what else may lie beside it. */
import assert from "node:assert/strict";
import {
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { DuckDBInstance } from "@duckdb/node-api";
import { Catalog } from "../../../pipeline/store/catalog.ts";
import { DoneIndex } from "../../../pipeline/store/done_index.ts";
import { hasCatalog } from "../../../pipeline/store/working_copy.ts";
import { doneJob, RUN } from "../fixtures/catalog.ts";
import { contents, errors, killed, scratch } from "./killed.ts";

Deno.test("a kill while the catalogue is replaced changes nothing", async () => {
  using at = scratch();
  await killed(at.dir);
  const journal = readFileSync(at.journal);
  const before = await contents(at.dir);
  // As it is when the journal is still there, and when it is not any more.
  for (const left of [journal, undefined]) {
    renameSync(at.original, at.next);
    if (left) writeFileSync(at.journal, left);
    assert.ok(hasCatalog(at.dir));
    assert.equal(DoneIndex.fromMirror(at.dir), undefined);
    assert.deepEqual(await contents(at.dir), before);
    assert.deepEqual(readdirSync(at.dir), ["catalog.duckdb"]);
  }
});

Deno.test("when DuckDB cannot write its file the journal stays, and that is said", async () => {
  using at = scratch();
  const catalog = await Catalog.open(at.dir);
  await catalog.commit(RUN, [doneJob("k1")]);
  // As on a full disk: the log is still there when the database is closed.
  writeFileSync(`${at.copy}.wal.recovery`, "");
  using said = errors();
  catalog.close();
  assert.match(said.lines.join(), /could not be written anew: .*disk full\?\n {2}Nothing is lost/);
  assert.deepEqual(readdirSync(at.dir), ["catalog.journal"]);
  assert.equal((await contents(at.dir)).job.length, 1);
});

Deno.test("a journal that a kill left empty goes, so that the mirror is good again", async () => {
  using at = scratch();
  const catalog = await Catalog.open(at.dir);
  await catalog.commit(RUN, [doneJob("k1")]);
  const index = await DoneIndex.fromCatalog(at.dir, catalog);
  catalog.close();
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
  catalog.close();
  const [bytes, { mtimeMs, ino }] = [readFileSync(at.original), statSync(at.original)];
  await contents(at.dir);
  assert.deepEqual(readFileSync(at.original), bytes);
  assert.deepEqual([statSync(at.original).mtimeMs, statSync(at.original).ino], [mtimeMs, ino]);
});

Deno.test("what DuckDB had logged beside a catalogue of an earlier version is taken over", async () => {
  using at = scratch();
  const catalog = await Catalog.open(at.dir);
  await catalog.startRun(RUN);
  catalog.close();
  using other = scratch();
  const instance = await DuckDBInstance.create(at.original);
  const connection = await instance.connect();
  await connection.run("INSERT INTO run VALUES ('r9', 'smoke', 'c', 'm', NULL, NULL)");
  copyFileSync(at.original, other.original);
  copyFileSync(`${at.original}.wal`, `${other.original}.wal`);
  connection.closeSync();
  instance.closeSync();
  const log = readFileSync(`${other.original}.wal`);
  const old = readFileSync(other.original);
  assert.equal((await contents(other.dir)).run.length, 2);
  assert.deepEqual(readdirSync(other.dir), ["catalog.duckdb"]);
  // A kill at the last moment: DuckDB would put the log into the new file once more.
  renameSync(other.original, other.next);
  writeFileSync(other.original, old);
  writeFileSync(`${other.original}.wal`, log);
  assert.equal((await contents(other.dir)).run.length, 2);
});
