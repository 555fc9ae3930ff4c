/** @file Why a job is not done, in the words of `why`, from a real catalogue. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import type { JobNode } from "../../../pipeline/graph.ts";
import type { CodeDetail } from "../../../pipeline/content/ingredients.ts";
import type { Fingerprints } from "../../../pipeline/keys/fingerprint.ts";
import type { Ingredients } from "../../../pipeline/content/ingredients.ts";
import { reasons } from "../../../pipeline/keys/reasons.ts";
import type { Stale } from "../../../pipeline/keys/resolver.ts";
import type { Workspace } from "../../../pipeline/workspace.ts";
import { Catalog } from "../../../pipeline/store/catalog.ts";
import { doneJob, RUN } from "../fixtures/catalog.ts";

const OLD = doneJob("old");

/** A catalogue in which the job `old` was done and the function `f` of `lib/a.ts` was "1". */
async function makeCatalog(known: Record<string, CodeDetail> = {}) {
  const dir = mkdtempSync("/tmp/reasons-");
  const catalog = await Catalog.open(dir);
  await catalog.startRun(RUN);
  await catalog.commit(RUN, [OLD]);
  const fingerprints = { detail: (code: string) => known[code] } as unknown as Fingerprints;
  const label = { label: "e/a", key: "old", doneKey: "old" };
  return {
    catalog,
    /** Why a job with that label is not done, that is made of something else now. */
    why(now: Partial<Ingredients>, { last = label, ...over }: Partial<Stale> & {
      last?: { label: string; key: string; doneKey: string | null } | null;
    } = {}) {
      const ingredients = { ...OLD.ingredients, ...now };
      const stale = { state: "stale", key: "new", ingredients, ...over } as Stale;
      const node = { label: "e/a", modules: {} } as unknown as JobNode;
      return reasons(node, stale, last ?? undefined, catalog, { fingerprints } as Workspace);
    },
    async [Symbol.asyncDispose]() {
      await catalog.close();
      rmSync(dir, { recursive: true });
    },
  };
}

Deno.test("each ingredient that changed since the label's job was done last is one line", async () => {
  await using at = await makeCatalog();
  assert.deepEqual(await at.why({ params: { a: [2] }, packages: { zod: "4" } }), [
    "parameter: a: [1] -> [2]",
    'package: zod: (none) -> "4"',
  ]);
  assert.deepEqual(await at.why({ inputs: { i: "y".repeat(20) } }), [
    `input: i: "x" -> "${"y".repeat(12)}"`,
  ]);
});

Deno.test("a change of code comes with the functions, as far as the cache or the catalogue knows them", async () => {
  await using at = await makeCatalog({ now: { "lib/a.ts": { f: "2" } } });
  // The new one from the cache, the old one, which the cache forgot, from the catalogue.
  assert.deepEqual(await at.why({ code: "now" }), ["code: c -> now", "code: lib/a.ts: f 1 -> 2"]);
  assert.deepEqual(await at.why({ code: "unknown" }), ["code: c -> unknown"]);
  await using other = await makeCatalog({
    c: { "lib/a.ts": { f: "0" } },
    now: { "lib/a.ts": { f: "2" } },
  });
  assert.deepEqual((await other.why({ code: "now" }))[1], "code: lib/a.ts: f 0 -> 2");
});

Deno.test("a label that never led to a job that was done has nothing to compare with", async () => {
  await using at = await makeCatalog();
  const never = ["it never ran to its end under this label"];
  assert.deepEqual(await at.why({ params: 1 }, { last: null }), never);
  const started = { label: "e/a", key: "old", doneKey: null };
  assert.deepEqual(await at.why({ params: 1 }, { last: started }), never);
  const forgotten = { label: "e/a", key: "old", doneKey: "gone" };
  assert.deepEqual(await at.why({ params: 1 }, { last: forgotten }), never);
});

Deno.test("what was done last counts, not what was tried last", async () => {
  await using at = await makeCatalog();
  const last = { label: "e/a", key: "tried", doneKey: "old" };
  assert.deepEqual(await at.why({ params: { a: [2] } }, { last }), ["parameter: a: [1] -> [2]"]);
});

Deno.test("a job whose ingredients are the same lost its artifact", async () => {
  await using at = await makeCatalog();
  assert.deepEqual(await at.why({}), ["the artifact of e/a is gone"]);
});

Deno.test("an object that is missing is named, or that verify found it damaged", async () => {
  await using at = await makeCatalog();
  const missing = "0123456789abcdef".repeat(4);
  const of = () => at.why({ params: 1 }, { key: "old", missing });
  assert.deepEqual(await of(), ["output: object 0123456789ab is missing"]);
  await at.catalog.markDamaged(["old"]);
  assert.deepEqual(await of(), ["output: object 0123456789ab was found damaged by verify"]);
  assert.deepEqual(await at.why({ params: 1 }, { key: "old" }), [
    "output: an object was found damaged by verify",
  ]);
  // Of this key, not of the one before.
  assert.deepEqual(await at.why({ params: { a: [2] } }), ["parameter: a: [1] -> [2]"]);
});

Deno.test("that the last run failed is added to every reason, with the first line of its error", async () => {
  await using at = await makeCatalog();
  await at.catalog.commit(RUN, [], [
    { key: "new", label: "e/a", message: "Error: no data\n  at line 1" },
    { key: "other", label: "e/b", message: "Error: something else" },
  ]);
  const failed = "its last run failed: Error: no data";
  assert.deepEqual(await at.why({ params: { a: [2] } }), ["parameter: a: [1] -> [2]", failed]);
  assert.deepEqual(await at.why({}), ["the artifact of e/a is gone", failed]);
  assert.deepEqual(await at.why({}, { last: null }), [
    "it never ran to its end under this label",
    failed,
  ]);
  assert.deepEqual(await at.why({}, { missing: "a".repeat(64) }), [
    `output: object ${"a".repeat(12)} is missing`,
    failed,
  ]);
  assert.deepEqual(await at.why({ params: { a: [2] } }, { key: "new2" }), [
    "parameter: a: [1] -> [2]",
  ]);
});

Deno.test("a damaged job that also failed says both", async () => {
  await using at = await makeCatalog();
  await at.catalog.commit(RUN, [doneJob("new")], [{ key: "new", label: "e/a", message: "no" }]);
  await at.catalog.markDamaged(["new"]);
  assert.deepEqual(await at.why({}), [
    "output: an object was found damaged by verify",
    "its last run failed: no",
  ]);
});
