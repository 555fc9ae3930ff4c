/** @file Which jobs count as done, by the catalogue and by its mirror; and when the mirror is not asked. */
import assert from "node:assert/strict";
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { basename } from "node:path";
import { Catalog } from "../../../pipeline/store/catalog.ts";
import { DoneIndex } from "../../../pipeline/store/done_index.ts";
import { hasCatalog, isBehind } from "../../../pipeline/store/catalog_files.ts";
import { writeSealed } from "../../../pipeline/store/sealed.ts";
import { doneJob, RUN } from "../fixtures/catalog.ts";
import { opened, scratch } from "./helpers.ts";

const files = (...names: string[]) => ({
  files: names.map((name) => ({ name, sha256: `h-${name}`, bytes: 1 })),
  scalars: {},
});

/** A store whose catalogue has jobs of every kind, with its mirror. */
async function saved(dir: string) {
  const catalog = await Catalog.open(dir);
  await catalog.commit(RUN, [
    doneJob("one", { artifact: files("a") }),
    doneJob("many", { artifact: files("a", "b", "c") }),
    doneJob("none", { artifact: files() }),
    doneJob("bad", { artifact: files("d") }),
    doneJob("gone"),
  ], [{ key: "failed", label: "e/failed", message: "no" }]);
  await catalog.markDamaged(["bad"]);
  await catalog.forget(["gone"]);
  const index = await DoneIndex.fromCatalog(dir, catalog);
  index.nodes = { smoke: "hash" };
  await catalog.close();
  index.save();
  return index;
}

Deno.test("done is what succeeded and is not damaged, with the objects of all its files", async () => {
  using store = scratch();
  const { jobs } = await saved(store.dir);
  assert.deepEqual(
    [...jobs].map(([key, { content, objects }]) => [key, content, objects.toSorted()]).sort(),
    [
      ["many", "content-many", ["h-a", "h-b", "h-c"]],
      ["none", "content-none", []],
      ["one", "content-one", ["h-a"]],
    ],
  );
});

Deno.test("a damaged job that ran again is done again", async () => {
  using store = scratch();
  await saved(store.dir);
  const catalog = await Catalog.open(store.dir);
  await catalog.commit(RUN, [doneJob("bad", { artifact: files("d") })]);
  const { jobs } = await DoneIndex.fromCatalog(store.dir, catalog);
  await catalog.close();
  assert.deepEqual(jobs.get("bad"), { content: "content-bad", objects: ["h-d"] });
});

Deno.test("the rules that a job used last are known by its key without them, mirrored too", async () => {
  using store = scratch();
  const catalog = await Catalog.open(store.dir);
  const used = (key: string, base: string, ...rules: string[]) => {
    const job = doneJob(key);
    const codes = Object.fromEntries(rules.map((rule) => [rule, "c"]));
    return { ...job, base, ingredients: { ...job.ingredients, rules: codes } };
  };
  await catalog.commit(RUN, [used("k1", "b1", "t#add"), used("k2", "b2", "t#add", "t#sin")]);
  await new Promise((go) => setTimeout(go, 5)); // later, by the clock
  await catalog.commit(RUN, [used("k3", "b1", "t#sin"), doneJob("plain")]);
  const index = await DoneIndex.fromCatalog(store.dir, catalog);
  await catalog.close();
  const want = new Map([["b1", ["t#sin"]], ["b2", ["t#add", "t#sin"]]]);
  assert.deepEqual(index.rules, want);
  index.save();
  assert.deepEqual(DoneIndex.fromMirror(store.dir)!.rules, want);
});

Deno.test("the mirror says the same as the catalogue, and where labels led", async () => {
  using store = scratch();
  const index = await saved(store.dir);
  const mirror = DoneIndex.fromMirror(store.dir)!;
  assert.deepEqual(mirror.jobs, index.jobs);
  assert.deepEqual(mirror.nodes, { smoke: "hash" });
});

Deno.test("the mirror is not asked when it is of another catalogue, cut off, or missing", async () => {
  using store = scratch();
  await saved(store.dir);
  const mirror = store.at("index.json");
  const text = readFileSync(mirror, "utf8");
  const isGood = () => DoneIndex.fromMirror(store.dir) !== undefined;
  assert.ok(isGood());
  JSON.parse(text);
  const damages = [
    "",
    "null",
    text.slice(0, -1),
    text + " ",
    text.replace("content-one", "content-two"),
  ];
  for (const bad of [...damages, text.replace('"catalog":"', '"catalog":"1')]) {
    writeFileSync(mirror, bad);
    assert.ok(!isGood(), bad.slice(0, 40));
  }
  // A bit anywhere.
  for (let place = 0; place < text.length; place += 7) {
    const bytes = new TextEncoder().encode(text);
    bytes[place] ^= 1 << (place % 7);
    writeFileSync(mirror, bytes);
    assert.ok(!isGood(), `bit ${place % 7} of byte ${place}`);
  }
  rmSync(mirror);
  assert.ok(!isGood());
  writeFileSync(mirror, text);
  assert.ok(isGood());
});

Deno.test("the mirror is asked for a copy of its catalogue, and not when a bit is another", async () => {
  using store = scratch();
  await saved(store.dir);
  const original = store.at("catalog.duckdb");
  const isGood = () => DoneIndex.fromMirror(store.dir) !== undefined;
  copyFileSync(original, store.at("copy"));
  renameSync(store.at("copy"), original);
  assert.ok(isGood(), "as after a copy of the folder");
  const bytes = readFileSync(original);
  const { atime, mtime } = statSync(original);
  const damage = (change: () => void) => {
    change();
    // As a disk does it, which keeps no time of that.
    utimesSync(original, atime, mtime);
    assert.ok(!isGood());
    writeFileSync(original, bytes);
    assert.ok(isGood());
  };
  damage(() => appendFileSync(original, "x"));
  damage(() => truncateSync(original, bytes.length - 1));
  for (const place of [0, bytes.length >> 1, bytes.length - 1]) {
    damage(() => {
      const other = Uint8Array.from(bytes);
      other[place] ^= 4;
      writeFileSync(original, other);
    });
  }
  rmSync(original);
  assert.ok(!isGood());
});

Deno.test("while the catalogue lacks something, it is behind, and no mirror is asked or written", async () => {
  using store = scratch();
  const index = await saved(store.dir);
  assert.ok(!isBehind(store.dir));
  for (const name of ["catalog.journal", "catalog.next.duckdb"]) {
    writeFileSync(store.at(name), "");
    assert.ok(isBehind(store.dir), name);
    assert.equal(DoneIndex.fromMirror(store.dir), undefined, name);
    const before = readFileSync(store.at("index.json"), "utf8");
    index.nodes = { [name]: "other" };
    index.save();
    assert.equal(readFileSync(store.at("index.json"), "utf8"), before, name);
    rmSync(store.at(name));
  }
  writeFileSync(store.at("catalog.work.duckdb"), "");
  assert.ok(!isBehind(store.dir), "a copy is worth nothing");
});

Deno.test("a command hashes the catalogue once when it begins, and the new one once when it ends", async () => {
  using store = scratch();
  {
    await using at = await opened(store.dir);
    await at.catalog.commit(RUN, [doneJob("k1")]);
  }
  const command = async (work: (catalog: Catalog) => Promise<void>) => {
    const mirror = DoneIndex.fromMirror(store.dir);
    const catalog = await Catalog.open(store.dir, mirror?.catalog);
    const index = mirror ?? await DoneIndex.fromCatalog(store.dir, catalog);
    await work(catalog);
    await catalog.close();
    index.save();
  };
  const nothing = () => Promise.resolve();
  await command(nothing);
  const hashed: string[] = [];
  const { openSync } = Deno;
  Deno.openSync = (path, ...rest) => {
    if (String(path).endsWith(".duckdb")) hashed.push(basename(String(path)));
    return openSync(path, ...rest);
  };
  try {
    await command(nothing);
    assert.deepEqual(hashed.splice(0), ["catalog.duckdb"]);
    await command((catalog) => catalog.commit(RUN, [doneJob("k2")]));
    assert.deepEqual(hashed, ["catalog.duckdb", "catalog.work.duckdb"]);
  } finally {
    Deno.openSync = openSync;
  }
  // And the mirror is good.
  assert.ok(DoneIndex.fromMirror(store.dir));
});

Deno.test("a mirror of another form is not asked, and is not damaged", async () => {
  using store = scratch();
  const index = await saved(store.dir);
  for (const other of [{ jobs: [["one", "content-one", "h-a"]] }, { form: 1, jobs: [] }]) {
    const { catalog, nodes } = index;
    const rules = { lists: [], of: {} };
    writeSealed(store.at("index.json"), "index", { catalog, rules, nodes, ...other });
    assert.equal(DoneIndex.fromMirror(store.dir), undefined);
    assert.ok(!DoneIndex.isDamaged(store.dir));
  }
});

Deno.test("without a catalogue nothing is done, and no mirror is written", () => {
  using store = scratch();
  writeFileSync(
    store.at("index.json"),
    '{"stamp":"none","jobs":[["k","c"]],"nodes":{"smoke":"x"}}',
  );
  const index = DoneIndex.fromMirror(store.dir)!;
  assert.deepEqual([index.jobs.size, index.nodes], [0, {}]);
  rmSync(store.at("index.json"));
  index.save();
  assert.ok(!existsSync(store.at("index.json")));
});

Deno.test("a store has a catalogue when there is one, or what is to become one", () => {
  const names = ["duckdb", "journal", "next.duckdb", "earlier.duckdb", "sums.json"];
  for (const name of names.map((end) => `catalog.${end}`)) {
    using store = scratch();
    for (const other of ["lock", "catalog.work.duckdb", "index.json"]) {
      writeFileSync(store.at(other), "");
    }
    assert.ok(!hasCatalog(store.dir));
    writeFileSync(store.at(name), "");
    assert.ok(hasCatalog(store.dir), name);
  }
});
