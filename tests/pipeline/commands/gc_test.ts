/** @file `deno task gc`: what some label leads to stays, with everything it was made from; the rest goes. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { command as gc } from "../../../pipeline/commands/gc.ts";
import { lockStore } from "../../../pipeline/store/lock.ts";
import { job, MACHINE, meta } from "../../site/fixtures/records.ts";
import { publish } from "../../../pipeline/publish/publish.ts";
import { withoutVersions } from "../publish/earlier.ts";
import { output, storeOfJobs } from "./stored_jobs.ts";

const node = (label: string, key: string, doneKey: string | null = key) => ({
  label,
  key,
  doneKey,
});
/** Publishes a table of one number that came from one job. */
async function publishedTable(reports: string, profile: string, key: string, table: string | null) {
  await publish({
    profile,
    experiments: [{
      meta: meta("e", {}),
      summary: {
        columns: [{ id: "x", label: "x" }],
        rows: [{ x: { value: 1, runs: ["r"] } }],
        verdict: { outcome: "undecided", rule: "r", reason: "r" },
        findings: [],
        plots: [],
      },
      runs: { r: key },
      version: { key: table, commit: null, older: false },
    }],
    jobs: [job("s", "e/r", { key })],
    machines: [MACHINE],
    curves: () => Promise.resolve([]),
  }, reports);
}

const jobs = "SELECT key FROM job ORDER BY key";

Deno.test("a job stays for its label, and with it, however far back, what it was made from", async () => {
  using store = storeOfJobs();
  await store.commit(
    store.job("raw", { f: "raw" }),
    store.job("data", { f: "data" }, { source: "raw", file: null }),
    store.job("other", { f: "other" }),
    store.job("fit", { f: "fit" }, { data: "data", more: "other" }),
    store.job("dead", { f: "dead" }, { data: "data" }),
    store.job("deader", { f: "deader" }, { data: "dead" }),
  );
  await store.lead("smoke", [node("e/fit", "fit")]);
  const { code, lines } = await output(() => gc(store.options({ yes: true })));
  assert.equal(code, 0);
  assert.match(lines[0], /^Deleted 2 of 6 jobs, 2 objects and 0 unfinished files \(0\.0 MiB\)\.$/);
  assert.deepEqual(await store.query(jobs), ["data", "fit", "other", "raw"]);
  const kept = await store.query("SELECT sha256 FROM file");
  assert.deepEqual(store.objects.list(), new Set(kept));
});

Deno.test("labels of every profile count, by what they lead to and by what they led to last", async () => {
  using store = storeOfJobs();
  await store.commit(
    ...["now", "before", "quick", "gone"].map((key) => store.job(key, { f: key })),
  );
  await store.lead("smoke", [node("e/a", "now", "before"), node("e/b", "never", null)]);
  await store.lead("quick", [node("e/a", "quick")]);
  await output(() => gc(store.options({ yes: true })));
  assert.deepEqual(await store.query(jobs), ["before", "now", "quick"]);
});

Deno.test("an object stays while one job that stays has it", async () => {
  using store = storeOfJobs();
  await store.commit(
    store.job("kept", { f: "shared" }),
    store.job("dead", { f: "shared", g: "own" }),
  );
  await store.lead("smoke", [node("e/a", "kept")]);
  const { lines } = await output(() => gc(store.options({ yes: true })));
  assert.match(lines[0], /^Deleted 1 of 2 jobs, 1 objects and/);
  assert.deepEqual([...store.objects.list()], await store.query("SELECT sha256 FROM file"));
});

Deno.test("without --yes it says how much would go, and nothing goes", async () => {
  using store = storeOfJobs();
  await store.commit(
    store.job("kept", { f: "kept" }),
    store.job("dead", { f: new Uint8Array(2 ** 20) }),
  );
  await store.lead("smoke", [node("e/a", "kept")]);
  store.objects.write(new Uint8Array(2 ** 20 / 2));
  mkdirSync(store.inStore("tmp"), { recursive: true });
  writeFileSync(store.inStore("tmp", "1-2"), new Uint8Array(2 ** 20));
  const objects = store.objects.list();
  const { code, lines } = await output(() => gc(store.options()));
  assert.equal(code, 0);
  assert.deepEqual(lines, [
    "Would delete 1 of 2 jobs, 2 objects and 1 unfinished files (2.5 MiB); " +
    '"deno task gc --yes" does it.',
  ]);
  assert.deepEqual(await store.query(jobs), ["dead", "kept"]);
  assert.deepEqual(store.objects.list(), objects);
  assert.deepEqual(readdirSync(store.inStore("tmp")), ["1-2"]);
  await output(() => gc(store.options({ yes: true })));
  assert.deepEqual(readdirSync(store.inStore("tmp")), []);
  assert.equal(store.objects.list().size, 1);
});

Deno.test("the checkpoint of a job that somebody asks for stays, others go", async () => {
  using store = storeOfJobs();
  await store.commit(store.job("input", { f: "x" }), store.job("old", { f: "y" }, { i: "input" }));
  await store.lead("smoke", [node("e/a", "asked", "old")]);
  mkdirSync(store.inStore("checkpoints"));
  for (const key of ["asked", "input", "forgotten"]) {
    writeFileSync(store.inStore("checkpoints", key), "state");
  }
  const { lines } = await output(() => gc(store.options({ yes: true })));
  assert.match(lines[0], /Deleted 0 of 2 jobs, 0 objects and 2 unfinished files/);
  assert.deepEqual(readdirSync(store.inStore("checkpoints")), ["asked"]);
});

Deno.test("what a published table of any profile names stays, with what it was made from", async () => {
  using store = storeOfJobs();
  await store.commit(
    store.job("data", { f: "data" }),
    store.job("old", { f: "old" }, { data: "data" }),
    store.job("table", { f: "table" }, { old: "old" }),
    store.job("quick", { f: "quick" }),
    store.job("dead", { f: "dead" }, { data: "data" }),
  );
  const reports = store.at("reports");
  await publishedTable(reports, "standard", "old", "table");
  await publishedTable(reports, "quick", "quick", null);
  mkdirSync(store.at("reports", "notes"));
  await output(() => gc(store.options({ yes: true })));
  assert.deepEqual(await store.query(jobs), ["data", "old", "quick", "table"]);
  // Reports as the first versions wrote them: no key of the table, and it goes.
  await withoutVersions(store.at("reports", "standard", "results.duckdb"));
  await output(() => gc(store.options({ yes: true })));
  assert.deepEqual(await store.query(jobs), ["data", "old", "quick"]);
  // What cannot be read is no licence to delete.
  writeFileSync(store.at("reports", "quick", "results.duckdb"), "damaged");
  await assert.rejects(
    output(() => gc(store.options({ yes: true }))),
    /published results .*quick\/results\.duckdb cannot be read/,
  );
  assert.deepEqual(await store.query(jobs), ["data", "old", "quick"]);
});

Deno.test("a store without results has nothing to delete, and none is made", async () => {
  using store = storeOfJobs();
  const { code, lines } = await output(() => gc(store.options({ yes: true })));
  assert.equal(code, 0);
  assert.deepEqual(lines, [`${store.inStore()} holds no results; there is nothing to delete.`]);
  assert.ok(!existsSync(store.inStore()));
});

Deno.test("nothing is deleted while another command uses the store, and it is free afterwards", async () => {
  using store = storeOfJobs();
  await store.commit(store.job("dead", { f: "x" }));
  const lock = await lockStore(store.inStore(), "run");
  await assert.rejects(gc(store.options({ yes: true })), /is in use by "run"/);
  assert.equal(store.objects.list().size, 1);
  lock.release();
  await output(() => gc(store.options({ yes: true })));
  assert.equal(store.objects.list().size, 0);
  (await lockStore(store.inStore(), "run")).release();
});
