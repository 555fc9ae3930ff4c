/** @file Collections of files: their entries, what is wrong with one, and the real data/collections.json. */
import assert from "node:assert/strict";
import collections from "../../data/collections.json" with { type: "json" };
import { collectionOf, entriesOf } from "../../lib/data/collection.ts";
import { fetchDataset } from "../../lib/data/fetch_dataset.ts";

const sha = "0".repeat(64);
const plain = {
  ...{ id: "waves", title: "Waves", licence: "own", url: "https://example.org/w/", mirror: "m/" },
  files: { "a b/X_1.npz": sha, "Y.txt": sha.replace("0", "1") },
};

Deno.test("collection: every file is an entry, found by its own path and hash", () => {
  const entries = entriesOf(collectionOf([{ id: "other" }, plain], "waves", "c.json"));
  assert.deepEqual([...entries.keys()], ["a b/X_1.npz", "Y.txt"]);
  const { id, title, licence, url, mirror, sha256 } = entries.get("a b/X_1.npz")!;
  assert.deepEqual({ id, title, licence, url, mirror, sha256 }, {
    ...{ id: "waves-a-b-x-1-npz", title: "Waves: a b/X_1.npz", licence: "own", sha256: sha },
    ...{ url: "https://example.org/w/a b/X_1.npz", mirror: "m/a b/X_1.npz" },
  });
  assert.equal(entries.get("Y.txt")!.sha256, sha.replace("0", "1"));
});

Deno.test("collection: an archive has one file, whose url is the archive's", () => {
  const archived = {
    ...plain,
    url: "https://example.org/w.zip",
    member: "x.arff",
    files: { "x.arff": sha },
  };
  const entry = entriesOf(collectionOf([archived], "waves", "c.json")).get("x.arff")!;
  assert.deepEqual([entry.url, entry.member], ["https://example.org/w.zip", "x.arff"]);
  assert.throws(
    () => collectionOf([{ ...archived, files: plain.files }], "waves", "c.json"),
    /^DataError: c\.json: collection waves: files: with member there is one file/,
  );
});

Deno.test("collection: a package has the files at their paths", () => {
  const { url: _, mirror: __, ...rest } = plain;
  const entry = entriesOf(collectionOf([{ ...rest, npm: "waves-data" }], "waves", "c.json"))
    .get("Y.txt")!;
  assert.deepEqual(entry.npm, { package: "waves-data", file: "Y.txt" });
  assert.deepEqual([entry.url, entry.mirror], [undefined, undefined]);
});

Deno.test("collection: what is wrong is named, and only by who asks for it", () => {
  const wrong: [object, RegExp][] = [
    [{ ...plain, files: { a: "12" } }, /files\.a: 64 lower-case hex digits/],
    [{ ...plain, Licence: "x" }, /Unrecognized key: "Licence"/],
    [{ ...plain, url: undefined, mirror: undefined }, /needs one of url, mirror, npm/],
    [{ ...plain, title: undefined }, /title: /],
  ];
  for (const [raw, message] of wrong) {
    assert.throws(() => collectionOf([raw], "waves", "c.json"), { name: "DataError", message });
    assert.doesNotThrow(() => collectionOf([raw, { ...plain, id: "good" }], "good", "c.json"));
  }
  assert.throws(
    () => collectionOf([plain, { id: "nab" }], "wave", "c.json"),
    /^DataError: c\.json: no collection wave\. Collections: waves, nab\./,
  );
});

const mirror = Deno.env.get("DEEP_LINEAR_MIRROR");
const root = new URL("../../data", import.meta.url).pathname;

for (const { id } of collections) {
  const entries = entriesOf(collectionOf(collections, id, "collections.json"));
  Deno.test(`collections: ${id} has entries of different ids`, () => {
    assert.equal(new Set([...entries.values()].map((entry) => entry.id)).size, entries.size);
  });
  Deno.test({
    name: `collections: the files of ${id} that a mirror has are the stated ones`,
    ignore: !mirror,
    async fn() {
      for (const [path, entry] of entries) {
        // Mirrors lack it; it is downloaded.
        if (path === "RUL_FD001.txt") continue;
        if (entry.npm) break; // of a package that is installed when an experiment asks for it
        const { sha256 } = await fetchDataset(entry, { root, mirror });
        assert.equal(sha256, entry.sha256);
      }
    },
  });
}

Deno.test("collections: a file that no place has says where to get it and where to put it", async () => {
  const entry = entriesOf(collectionOf(collections, "turbofan-fd001", "c.json")).get(
    "RUL_FD001.txt",
  )!;
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/manifest.json`, "[]");
    // No request leaves a test.
    const offline = { ...entry, url: "http://127.0.0.1:9/RUL_FD001.txt" };
    await assert.rejects(
      fetchDataset(offline, { root: folder, mirror: folder }),
      /turbofan-fd001-rul-fd001-txt: the file was not found\. Tried: .*Get it from https:\/\/\S+ and save it as \S+cache\/turbofan-fd001-rul-fd001-txt-a19c8ec94931/,
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
