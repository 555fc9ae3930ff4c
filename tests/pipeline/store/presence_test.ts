/** @file Objects that are lost are noticed, whether or not anybody lists the folders. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { DoneIndex } from "../../../pipeline/store/done_index.ts";
import { Objects } from "../../../pipeline/store/objects.ts";
import { Presence } from "../../../pipeline/store/presence.ts";
import { scratch } from "./helpers.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

/** A store with objects of two jobs, and its index. */
function stored(dir: string, catalog: string | undefined = "c1") {
  const objects = new Objects(dir);
  const hashes = ["a", "b", "c", "d"].map((text) => objects.write(bytes(text)));
  const jobs = new Map([
    ["one", { content: "x", objects: hashes.slice(0, 1) }],
    ["two", { content: "y", objects: hashes.slice(1) }],
    ["none", { content: "z", objects: [] }],
  ]);
  const index = { catalog, jobs } as DoneIndex;
  const there = (of = index) => {
    const presence = Presence.of(objects, of);
    return hashes.map((hash) => presence.has(hash));
  };
  return { objects, hashes, index, there };
}

/** Times that the work lists a folder of objects, not counting the one that holds these. */
function listings(work: () => void): number {
  const { readDirSync } = Deno;
  let count = 0;
  Deno.readDirSync = (path) => {
    if (!String(path).endsWith("objects")) count++;
    return readDirSync(path);
  };
  try {
    work();
  } finally {
    Deno.readDirSync = readDirSync;
  }
  return count;
}

/** Until a folder that changes has another time than now. */
const moment = () => new Promise((go) => setTimeout(go, 1150));

Deno.test("an object that is gone, or has another thing in its place, is lost until it is written", () => {
  using store = scratch();
  const { objects, hashes, index, there } = stored(store.dir);
  assert.deepEqual(there(), [true, true, true, true]);
  objects.remove(hashes[0]);
  objects.remove(hashes[2]);
  mkdirSync(objects.path(hashes[2]));
  assert.deepEqual(there(), [false, true, false, true]);
  const presence = Presence.of(objects, index);
  presence.add(hashes[2]);
  assert.deepEqual(hashes.map((hash) => presence.has(hash)), [false, true, true, true]);
  rmSync(store.at("objects"), { recursive: true });
  assert.deepEqual(there(), [false, false, false, false]);
});

Deno.test("what was found is kept while nothing in the folders changes, and no longer", async () => {
  using store = scratch();
  const { objects, hashes, index, there } = stored(store.dir);
  const cache = store.at("cache", "objects.json");
  objects.remove(hashes[0]);
  const lost = [false, true, true, true];
  assert.deepEqual(there(), lost);
  assert.ok(!existsSync(cache), "a folder that has just changed may change again within its time");
  await moment();
  assert.deepEqual(there(), lost);
  assert.ok(existsSync(cache));
  assert.equal(listings(() => assert.deepEqual(there(), lost)), 0);
  // Of other jobs it says nothing.
  assert.equal(listings(() => there({ ...index, catalog: "c2" } as DoneIndex)), 4);
  assert.equal(listings(() => there({ ...index, catalog: undefined } as DoneIndex)), 4);

  const noticed = (change: () => void, expected: boolean[]) => {
    const known = readFileSync(cache);
    change();
    assert.ok(listings(() => assert.deepEqual(there(), expected)) >= 3, String(change));
    writeFileSync(cache, known);
  };
  noticed(() => objects.remove(hashes[1]), [false, false, true, true]);
  noticed(() => objects.write(bytes("a")), [true, false, true, true]);
  noticed(() => renameSync(objects.path(hashes[2]), store.at("away")), [true, false, false, true]);
  noticed(() => renameSync(store.at("away"), objects.path(hashes[2])), [true, false, true, true]);
  noticed(() => {
    rmSync(objects.path(hashes[3]));
    mkdirSync(objects.path(hashes[3]));
  }, [true, false, true, false]);
  const folder = store.at("objects", hashes[0].slice(0, 2));
  noticed(() => rmSync(folder, { recursive: true }), [false, false, true, false]);
});

Deno.test("what is kept is not asked when a bit of it is another", async () => {
  using store = scratch();
  const { there } = stored(store.dir);
  const cache = store.at("cache", "objects.json");
  await moment();
  there();
  const good = readFileSync(cache);
  assert.equal(listings(() => there()), 0);
  for (let place = 0; place < good.length; place += 5) {
    const bad = Uint8Array.from(good);
    bad[place] ^= 1 << (place % 7);
    writeFileSync(cache, bad);
    assert.equal(listings(() => there()), 4, `byte ${place}`);
  }
  for (const bad of ["", "null", good.subarray(0, -1), Uint8Array.of(...good, 32)]) {
    writeFileSync(cache, bad);
    assert.equal(listings(() => there()), 4);
  }
});

Deno.test("a store without objects has lost those of its jobs", () => {
  using store = scratch();
  const objects = new Objects(store.dir);
  const jobs = new Map([["one", { content: "x", objects: ["ab".repeat(32)] }]]);
  const presence = Presence.of(objects, { catalog: "c", jobs } as DoneIndex);
  assert.ok(!presence.has("ab".repeat(32)));
});
