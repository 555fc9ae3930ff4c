/** @file Folders where a store has files, as people and synchronising programs leave them: they give way, and nothing is lost. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Catalog } from "../../../../pipeline/store/catalog.ts";
import { isEarlierSound } from "../../../../pipeline/store/catalog_files.ts";
import { writeFileAtomic, writeFileDurable } from "../../../../pipeline/store/files.ts";
import { giveWay } from "../../../../pipeline/store/give_way.ts";
import { holderOf, lockStore } from "../../../../pipeline/store/lock.ts";
import { readSealed, writeSealed } from "../../../../pipeline/store/sealed.ts";
import { doneJob, dump, RUN } from "../../../pipeline/fixtures/catalog.ts";
import { scratch } from "../../../pipeline/store/helpers.ts";
import { errors } from "../../../pipeline/store/killed.ts";

/** A folder with something in it. */
function putFolder(path: string): void {
  rmSync(path, { recursive: true, force: true });
  mkdirSync(path);
  writeFileSync(join(path, "notes"), "dear");
}

async function committed(dir: string, key: string) {
  const catalog = await Catalog.open(dir);
  await catalog.commit(RUN, [doneJob(key)]);
  await catalog.close();
}

async function labels(dir: string): Promise<unknown[]> {
  const catalog = await Catalog.read(dir);
  try {
    return (await dump(catalog)).job.map((row) => /key=(\S+)/.exec(row)![1]).sort();
  } finally {
    await catalog.close();
  }
}

Deno.test("what lies in the place of a file, or of a folder, is moved aside, unless it is empty", () => {
  using store = scratch();
  using said = errors();
  const path = store.at("x");
  giveWay(path, "file");
  mkdirSync(path);
  giveWay(path, "folder");
  assert.ok(existsSync(path), "it is what belongs there");
  giveWay(path, "file");
  assert.deepEqual(readdirSync(store.dir), []);
  assert.deepEqual(said.lines, []);
  for (const aside of ["x.moved", "x.moved-2", "x.moved-3"]) {
    putFolder(path);
    giveWay(path, "file");
    assert.equal(readFileSync(store.at(aside, "notes"), "utf8"), "dear");
  }
  writeFileSync(path, "a file");
  giveWay(path, "file");
  giveWay(path, "folder");
  assert.equal(readFileSync(store.at("x.moved-4"), "utf8"), "a file");
  assert.match(said.lines[3], /x was in the way of what is written; it is now .*x\.moved-4\.$/);
});

Deno.test("a file that is written takes the place of a folder; other errors stay what they are", () => {
  using store = scratch();
  using said = errors();
  for (const write of [writeFileAtomic, writeFileDurable]) {
    putFolder(store.at("x"));
    write(store.at("x"), new Uint8Array([7]), store.at("tmp"));
    assert.deepEqual([...readFileSync(store.at("x"))], [7]);
  }
  assert.equal(said.lines.length, 2);
  writeFileSync(store.at("file"), "");
  assert.throws(() => writeFileAtomic(store.at("file/x"), ""), /EEXIST|ENOTDIR|Not a directory/);
  assert.deepEqual(readdirSync(store.at("tmp")), []);
});

Deno.test("a sealed file is read as it was written, or not at all", () => {
  using store = scratch();
  const path = store.at("x.json");
  const value = { a: [1, null, "}"], b: {} };
  assert.equal(readSealed(path, "it"), undefined);
  assert.ok(writeSealed(path, "it", value));
  assert.deepEqual(readSealed(path, "it"), value);
  const bytes = readFileSync(path);
  assert.deepEqual(JSON.parse(bytes.toString()).it, value);
  assert.equal(readSealed(path, "is"), undefined);
  for (let place = 0; place < bytes.length; place++) {
    const other = Uint8Array.from(bytes);
    other[place] ^= 1 << (place % 8);
    writeFileSync(path, other);
    assert.equal(readSealed(path, "it"), undefined, `byte ${place}`);
    writeFileSync(path, bytes.subarray(0, place));
    assert.equal(readSealed(path, "it"), undefined, `${place} bytes`);
  }
  mkdirSync(store.at("folder"));
  assert.equal(readSealed(store.at("folder"), "it"), undefined);
  assert.equal(writeSealed(store.at("x.json/y"), "it", value), false);
});

Deno.test("folders in the places of a catalogue's files cost nothing that was recorded", async () => {
  const names = ["earlier.duckdb", "earlier.journal", "sums.json", "duckdb"];
  for (const name of names.map((end) => `catalog.${end}`)) {
    using store = scratch();
    await committed(store.dir, "k1");
    await committed(store.dir, "k2");
    putFolder(store.at(name));
    using said = errors();
    assert.deepEqual(await labels(store.dir), ["k1", "k2"], name);
    await committed(store.dir, "k3");
    assert.deepEqual(await labels(store.dir), ["k1", "k2", "k3"], name);
    assert.ok(said.lines.length > 0, `${name}: ${said.lines}`);
    // And a further one finds nothing to mend.
    said.lines.length = 0;
    await committed(store.dir, "k4");
    assert.deepEqual(await labels(store.dir), ["k1", "k2", "k3", "k4"], name);
    assert.deepEqual(said.lines, [], name);
    assert.ok(isEarlierSound(store.dir), name);
  }
});

Deno.test("a folder in the place of a journal is told as a damaged one, and of the lock is none", async () => {
  using store = scratch();
  await committed(store.dir, "k1");
  for (const place of ["catalog.journal", "lock"]) putFolder(store.at(place));
  using said = errors();
  assert.deepEqual(await labels(store.dir), ["k1"]);
  assert.match(said.lines.join(), /catalog\.journal is damaged in line 1/);
  assert.equal(await holderOf(store.dir), undefined);
  const lock = await lockStore(store.dir, "run");
  await assert.rejects(lockStore(store.dir, "gc"), /in use by "run"/);
  lock.release();
  await committed(store.dir, "k2");
  assert.deepEqual(await labels(store.dir), ["k1", "k2"]);
  assert.equal(readFileSync(store.at("catalog.journal.moved/notes"), "utf8"), "dear");
});
