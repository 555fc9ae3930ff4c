/** @file Objects: what is read is what was written, or an error that names the artifact. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { sha256 } from "../../../pipeline/content/canonical.ts";
import { hashFile, Objects } from "../../../pipeline/store/objects.ts";
import { program, scratch } from "./helpers.ts";

/** By the standard: sha256 of nothing, and of "abc". */
const OF_NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const OF_ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("an object lies under the first two digits of its hash, also an empty one", () => {
  using store = scratch();
  const objects = new Objects(store.dir);
  assert.equal(objects.write(bytes("abc")), OF_ABC);
  assert.equal(objects.write(new Uint8Array(0)), OF_NOTHING);
  const path = store.at("objects", "ba", OF_ABC.slice(2));
  assert.equal(readFileSync(path, "utf8"), "abc");
  assert.equal(objects.path(OF_ABC), path);
  assert.deepEqual(objects.list(), new Set([OF_ABC, OF_NOTHING]));
  assert.deepEqual([OF_ABC, OF_NOTHING].map((hash) => objects.size(hash)), [3, 0]);
  assert.equal(objects.read(OF_NOTHING, "x").length, 0);
});

Deno.test("a store without objects lists none, and nothing of it has a size", () => {
  using store = scratch();
  const objects = new Objects(store.dir);
  assert.deepEqual(objects.list(), new Set());
  assert.equal(objects.size(OF_ABC), 0);
  objects.remove(OF_ABC);
  assert.deepEqual(readdirSync(store.dir), []);
});

Deno.test("an object of other bytes is refused, be they fewer, more or changed", () => {
  using store = scratch();
  const objects = new Objects(store.dir);
  objects.write(bytes("abc"));
  for (const wrong of ["", "ab", "abd", "abcc"]) {
    writeFileSync(objects.path(OF_ABC), wrong);
    assert.throws(
      () => objects.read(OF_ABC, "data.csv of e/a"),
      /^Error: data\.csv of e\/a: object ba7816bf8f01 is damaged \(.*\); run "deno task verify"/,
    );
  }
  objects.write(bytes("abc"));
  assert.deepEqual(objects.read(OF_ABC, "x"), bytes("abc"), "writing it again repairs it");
});

Deno.test("an object that is missing says of what and where", () => {
  using store = scratch();
  const objects = new Objects(store.dir);
  assert.throws(
    () => objects.read(OF_ABC, "data.csv of e/a"),
    new RegExp(`^Error: data\\.csv of e/a: object ba7816bf8f01 is missing from ${store.dir};`),
  );
});

Deno.test("what is read is an array of its own, not part of a pool", () => {
  using store = scratch();
  const objects = new Objects(store.dir);
  objects.write(bytes("abc"));
  const found = objects.read(OF_ABC, "x");
  assert.equal(Object.getPrototypeOf(found), Uint8Array.prototype);
  assert.equal(found.buffer.byteLength, 3);
});

Deno.test("removing takes that object and no other", () => {
  using store = scratch();
  const objects = new Objects(store.dir);
  objects.write(bytes("abc"));
  objects.write(bytes(""));
  objects.remove(OF_ABC);
  assert.deepEqual(objects.list(), new Set([OF_NOTHING]));
});

Deno.test("a damaged object is kept aside under its name, and counts as missing", () => {
  using store = scratch();
  const objects = new Objects(store.dir);
  mkdirSync(store.at("objects", "ba"), { recursive: true });
  writeFileSync(objects.path(OF_ABC), "abd");
  const aside = objects.quarantine(OF_ABC);
  assert.equal(aside, store.at("tmp", `damaged-${OF_ABC}`));
  assert.equal(readFileSync(aside, "utf8"), "abd");
  assert.ok(!existsSync(objects.path(OF_ABC)));
});

Deno.test("processes that write the same objects at once do not disturb each other", async () => {
  using store = scratch();
  const module = new URL("../../../pipeline/store/objects.ts", import.meta.url);
  const text = `
    import { Objects } from "${module}";
    const objects = new Objects(${JSON.stringify(store.dir)});
    for (let i = 0; i < 150; i++) {
      const hash = objects.write(new TextEncoder().encode("object " + i % 50));
      objects.read(hash, "own");
    }`;
  const writers = [program(text), program(text)];
  assert.deepEqual(await Promise.all(writers.map((writer) => writer.ended())), [0, 0]);
  const objects = new Objects(store.dir);
  assert.equal(objects.list().size, 50);
  for (let i = 0; i < 50; i++) objects.read(sha256(`object ${i}`), String(i));
  assert.deepEqual(readdirSync(objects.temporaryDir), []);
});

Deno.test("a file's hash is that of all its bytes, also beyond the piece that is read at once", () => {
  using store = scratch();
  const path = store.at("file");
  for (const length of [0, 1, 2 ** 20 - 1, 2 ** 20, 2 ** 20 + 1]) {
    const data = Uint8Array.from({ length }, (_, i) => i * 7);
    writeFileSync(path, data);
    assert.equal(hashFile(path), sha256(data), String(length));
  }
  writeFileSync(path, "abc");
  assert.equal(hashFile(path), OF_ABC);
  assert.equal(hashFile(store.at("none")), undefined);
});
