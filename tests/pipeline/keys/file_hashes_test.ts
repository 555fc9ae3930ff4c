/**
 * @file Hashes of source files: remembered while the stat is the same, and never when the file may have been written
 * twice within one tick of the clock.
 */
import assert from "node:assert/strict";
import { mkdtempSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sha256 } from "../../../pipeline/content/canonical.ts";
import { FileHashes, MISSING, type SavedHashes } from "../../../pipeline/keys/file_hashes.ts";

const LONG_AGO = new Date(1e12);

function scratch() {
  const dir = mkdtempSync("/tmp/hashes-");
  return { dir, path: join(dir, "a.ts"), [Symbol.dispose]: () => rmSync(dir, { recursive: true }) };
}

/** A clock that is ahead of the file system's, so that a test need not wait until a file is old. */
function clock(now: () => number) {
  const real = Date.now;
  Date.now = now;
  return { [Symbol.dispose]: () => void (Date.now = real) };
}

/** Writes with a modification time of the test's own. */
function put(path: string, text: string, modified = LONG_AGO): void {
  writeFileSync(path, text);
  utimesSync(path, modified, modified);
}

/** Hashes as a process leaves them that looked at the file long after it was written. */
function remembered(dir: string): SavedHashes {
  using _ = clock(() => statSync(join(dir, "a.ts")).ctimeMs + 1e6);
  const hashes = new FileHashes(dir);
  hashes.hash("a.ts");
  assert.deepEqual(Object.keys(hashes.saved()), ["a.ts"]);
  return hashes.saved();
}

/** Runs until all of it lies within one second, which is as fine as change times are. */
async function withinOneSecond(act: () => void): Promise<void> {
  for (let tries = 0; tries < 5; tries++) {
    const second = Math.floor(Date.now() / 1000);
    act();
    if (Math.floor(Date.now() / 1000) === second) return;
    await new Promise((go) => setTimeout(go, 1));
  }
  assert.fail("the machine is too slow for this test");
}

Deno.test("a file whose stat is unchanged is not read again", () => {
  using at = scratch();
  put(at.path, "one");
  const saved = remembered(at.dir);
  saved["a.ts"][1] = "as remembered";
  const hashes = new FileHashes(at.dir, saved);
  assert.equal(hashes.hash("a.ts"), "as remembered");
  assert.equal(hashes.again("a.ts"), "as remembered");
  assert.equal(hashes.changed, false);
});

Deno.test("another modification time, or another size, and the file is read again", () => {
  using at = scratch();
  for (const [text, time] of [["two", 1e12 + 1], ["longer", 1e12]] as const) {
    put(at.path, "one");
    const saved = remembered(at.dir);
    put(at.path, text, new Date(time));
    const hashes = new FileHashes(at.dir, saved);
    assert.equal(hashes.hash("a.ts"), sha256(text));
    assert.equal(hashes.changed, true);
  }
});

Deno.test("another file of the same size and times in its place is read", async () => {
  using at = scratch();
  const other = join(at.dir, "other.ts");
  let hash = "";
  await withinOneSecond(() => {
    put(at.path, "one");
    put(other, "two");
    const saved = remembered(at.dir);
    renameSync(other, at.path);
    hash = new FileHashes(at.dir, saved).hash("a.ts");
  });
  assert.equal(hash, sha256("two"));
});

Deno.test("an edit that puts back size and modification time shows in the change time", async () => {
  using at = scratch();
  put(at.path, "one");
  const saved = remembered(at.dir);
  const { ctimeMs } = statSync(at.path);
  while (statSync(at.path).ctimeMs === ctimeMs) {
    await new Promise((go) => setTimeout(go, 50));
    put(at.path, "two");
  }
  assert.equal(new FileHashes(at.dir, saved).hash("a.ts"), sha256("two"));
});

Deno.test("a second edit in the same tick, with the same size and times, is noticed", async () => {
  using at = scratch();
  const found: string[] = [];
  await withinOneSecond(() => {
    found.length = 0;
    put(at.path, "one");
    const first = new FileHashes(at.dir);
    found.push(first.hash("a.ts"));
    const { ino } = statSync(at.path);
    put(at.path, "two");
    assert.equal(statSync(at.path).ino, ino);
    found.push(new FileHashes(at.dir, first.saved()).hash("a.ts"), first.again("a.ts"));
  });
  assert.deepEqual(found, [sha256("one"), sha256("two"), sha256("two")]);
});

Deno.test("a hash is remembered from 1.1 s after the last write or change of the file", () => {
  using at = scratch();
  const remembers = (afterMs: number) => {
    const { mtimeMs, ctimeMs } = statSync(at.path);
    using _ = clock(() => Math.max(mtimeMs, ctimeMs) + afterMs);
    const hashes = new FileHashes(at.dir);
    hashes.hash("a.ts");
    return "a.ts" in hashes.saved();
  };
  // The change time is the later one, then the modification time.
  for (const modified of [LONG_AGO, new Date(Date.now() + 3.6e6)]) {
    put(at.path, "one", modified);
    assert.equal(remembers(1100), false);
    assert.equal(remembers(1101), true);
  }
});

Deno.test("what was remembered of a file is dropped when it was just written", () => {
  using at = scratch();
  put(at.path, "one");
  const saved = remembered(at.dir);
  put(at.path, "three");
  const hashes = new FileHashes(at.dir, saved);
  hashes.hash("a.ts");
  assert.deepEqual(hashes.saved(), {});
});

Deno.test("one object looks at a file once, until it is asked to look again", () => {
  using at = scratch();
  put(at.path, "one");
  const hashes = new FileHashes(at.dir);
  hashes.hash("a.ts");
  put(at.path, "three");
  assert.equal(hashes.hash("a.ts"), sha256("one"));
  assert.equal(hashes.again("a.ts"), sha256("three"));
  assert.equal(hashes.hash("a.ts"), sha256("three"));
});

Deno.test("a file that is not there, and a folder, are missing", () => {
  using at = scratch();
  const hashes = new FileHashes(at.dir);
  assert.equal(hashes.hash("gone.ts"), MISSING);
  assert.equal(hashes.hash("."), MISSING);
  assert.equal(hashes.changed, false);
  assert.notEqual(MISSING, sha256(""));
});
