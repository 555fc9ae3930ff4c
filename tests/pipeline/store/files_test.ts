/** @file Files are whole or absent, and leave nothing beside them: no other file, and none that is open. */
import assert from "node:assert/strict";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
} from "node:fs";
import { join } from "node:path";
import { sha256 } from "../../../pipeline/content/canonical.ts";
import { Catalog } from "../../../pipeline/store/catalog.ts";
import {
  makeFolder,
  syncPath,
  writeFileAtomic,
  writeFileDurable,
} from "../../../pipeline/store/files.ts";
import { Journal } from "../../../pipeline/store/journal.ts";
import { lockStore } from "../../../pipeline/store/lock.ts";
import { hashFile, Objects } from "../../../pipeline/store/objects.ts";
import { doneJob, RUN } from "../fixtures/catalog.ts";
import { scratch } from "./helpers.ts";

Deno.test("a file that is written again is replaced, and nothing lies beside it", () => {
  using store = scratch();
  const path = store.at("deep", "er", "file");
  for (const text of ["one", "", "three and more"]) {
    writeFileAtomic(path, text);
    assert.equal(readFileSync(path, "utf8"), text);
    writeFileDurable(path, new TextEncoder().encode(`${text}!`), store.at("tmp"));
    assert.equal(readFileSync(path, "utf8"), `${text}!`);
  }
  assert.deepEqual(readdirSync(store.at("deep", "er")), ["file"]);
  assert.deepEqual(readdirSync(store.at("tmp")), []);
});

Deno.test("a file that cannot take its place is an error, and what it was to replace stays", () => {
  using store = scratch();
  mkdirSync(store.at("taken", "inside"), { recursive: true });
  // A folder would be moved into itself.
  assert.throws(() => writeFileAtomic(`${store.at("taken")}/`, "x"));
  assert.deepEqual(readdirSync(store.dir, { recursive: true }).sort(), ["taken", "taken/inside"]);
  writeFileAtomic(store.at("file"), "x");
  assert.throws(() => writeFileAtomic(store.at("file", "below"), "y"));
  assert.equal(readFileSync(store.at("file"), "utf8"), "x");
});

Deno.test("a folder is made with all above it, once or again", () => {
  using store = scratch();
  for (let i = 0; i < 2; i++) {
    makeFolder(store.at("a", "b", "c"));
    assert.ok(existsSync(store.at("a", "b", "c")));
  }
  makeFolder(store.at("a", "d"));
  assert.deepEqual(readdirSync(store.at("a")).sort(), ["b", "d"]);
});

Deno.test({
  name: "no file stays open",
  ignore: Deno.build.os !== "linux",
  async fn() {
    using store = scratch();
    const all = async () => {
      const lock = await lockStore(store.dir, "run");
      const objects = new Objects(store.dir);
      const hash = objects.write(new Uint8Array(3));
      objects.read(hash, "x");
      assert.equal(hashFile(objects.path(hash)), sha256(new Uint8Array(3)));
      syncPath(store.dir);
      const journal = new Journal<number>(store.at("journal"));
      assert.ok([...journal.changes(() => {})].length >= 0);
      journal.append(1);
      journal.close();
      const catalog = await Catalog.open(store.dir);
      await catalog.commit(RUN, [doneJob("k")]);
      await catalog.close();
      lock.release();
      const first = await lockStore(store.dir, "run");
      await assert.rejects(lockStore(store.dir, "run"));
      first.release();
    };
    // Other tests of the process have files of their own.
    const open = () =>
      readdirSync("/proc/self/fd").flatMap((fd) => {
        try {
          return [readlinkSync(`/proc/self/fd/${fd}`)];
        } catch { // it was closed meanwhile
          return [];
        }
      }).filter((path) => path.startsWith(store.dir));
    const kept = openSync(store.at("kept"), "w");
    assert.equal(open().length, 1);
    closeSync(kept);
    for (let i = 0; i < 3; i++) await all();
    assert.deepEqual(open(), []);
  },
});

Deno.test("a durable file that cannot take its place leaves nothing of itself", () => {
  using store = scratch();
  // A folder with a name so long that none is left to give it.
  const [path, temporary] = [join(store.dir, "x".repeat(253)), join(store.dir, "tmp")];
  mkdirSync(join(path, "full"), { recursive: true });
  assert.throws(() => writeFileDurable(path, new Uint8Array(3), temporary));
  assert.deepEqual(readdirSync(temporary), []);
});
