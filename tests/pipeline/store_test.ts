import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { storeResult } from "../../pipeline/store/artifact.ts";
import { sha256 } from "../../pipeline/keys/canonical.ts";
import { Catalog } from "../../pipeline/store/catalog.ts";
import { checkpointOf } from "../../pipeline/store/checkpoints.ts";
import { PlainView } from "../../pipeline/run/display.ts";
import { DoneIndex } from "../../pipeline/store/done_index.ts";
import { FileHashes, MISSING } from "../../pipeline/keys/file_hashes.ts";
import { lockStore } from "../../pipeline/store/lock.ts";
import { Objects } from "../../pipeline/store/objects.ts";
import { decodeLine, encodeLine, lines } from "../../pipeline/run/protocol.ts";
import type { JobStatus } from "../../pipeline/run/scheduler.ts";
import { doneJob, RUN } from "./fixtures/catalog.ts";

function scratch() {
  const dir = mkdtempSync("/tmp/store-");
  return { dir, [Symbol.dispose]: () => rmSync(dir, { recursive: true }) };
}

Deno.test("objects are named by their sha256 and checked on reading", () => {
  using at = scratch();
  const objects = new Objects(at.dir);
  const bytes = new TextEncoder().encode("abc");
  const hash = objects.write(bytes);
  assert.equal(hash, sha256(bytes));
  assert.deepEqual([...objects.read(hash, "x")], [...bytes]);
  assert.deepEqual(objects.list(), new Set([hash]));
  assert.deepEqual(readdirSync(objects.temporaryDir), []);
  writeFileSync(objects.path(hash), "abd");
  assert.throws(() => objects.read(hash, "Input a of b"), /Input a of b: object .* is damaged/);
  // Writing the same content again puts it right.
  objects.write(bytes);
  objects.read(hash, "x");
  objects.quarantine(hash);
  assert.throws(() => objects.read(hash, "x"), /is missing/);
  assert.deepEqual(objects.list(), new Set());
});

Deno.test("a stage's result becomes files, or an error that names what is wrong", () => {
  using at = scratch();
  const objects = new Objects(at.dir);
  const { files, scalars } = storeResult(objects, {
    files: { "b.txt": "b", "a.json": { json: { x: 1 } }, "c.bin": new Uint8Array(0) },
    scalars: { loss: NaN },
  });
  assert.deepEqual(files.map((f) => f.name), ["a.json", "b.txt", "c.bin"]);
  assert.equal(files[2].bytes, 0);
  assert.ok(Number.isNaN(scalars.loss));
  const bad = (result: unknown) => () => storeResult(objects, result as never);
  assert.throws(bad(undefined), /run must return \{ files, scalars\? \}/);
  assert.throws(bad({ files: { "../up": "x" } }), /"\.\.\/up" cannot name a file/);
  assert.throws(bad({ files: { a: 1 } }), /File "a" must be bytes, text/);
  assert.throws(bad({ files: {}, scalars: { s: "1" } }), /Scalar "s" is "1"/);
});

Deno.test("a job comes out of the catalogue as it went in, once, however often it is committed", async () => {
  using at = scratch();
  const catalog = await Catalog.open(at.dir);
  await catalog.startRun(RUN);
  await catalog.commit(RUN, [doneJob("k1"), doneJob("k1")]);
  await catalog.commit(RUN, [doneJob("k1"), doneJob("k2", { metrics: [] })]);
  assert.equal((await catalog.query("SELECT * FROM job")).length, 2);
  assert.deepEqual(await catalog.artifact("k1"), doneJob("k1").artifact);
  assert.deepEqual(await catalog.ingredients("k1"), doneJob("k1").ingredients);
  assert.equal(await catalog.ingredients("k9"), undefined);
  assert.deepEqual(await catalog.codeDetail("c"), doneJob("k1").codeDetail);
  const curve = await catalog.query("SELECT step, value FROM metric ORDER BY step");
  assert.deepEqual(curve, [{ step: 1, value: NaN }, { step: 2, value: 0.5 }]);
  // A failure is remembered until the job succeeds.
  await catalog.commit(RUN, [], [{ key: "k3", label: "e/k3", message: "no" }]);
  assert.equal((await catalog.query("SELECT * FROM failure")).length, 1);
  await catalog.commit(RUN, [doneJob("k3")]);
  assert.equal((await catalog.query("SELECT * FROM failure")).length, 0);
  await catalog.setNodes("smoke", [{ label: "e/a", key: "k1", doneKey: "k1" }]);
  await catalog.setNodes("smoke", [{ label: "e/a", key: "k2", doneKey: null }]);
  assert.deepEqual([...await catalog.nodes("smoke")], [["e/a", {
    label: "e/a",
    key: "k2",
    doneKey: null,
  }]]);
  await catalog.forget(["k1"]);
  assert.equal((await catalog.query("SELECT * FROM metric")).length, 2);
  catalog.close();
});

Deno.test("a transaction that fails leaves nothing", async () => {
  using at = scratch();
  const catalog = await Catalog.open(at.dir);
  const bad = doneJob("k2", { metrics: [["loss", "one" as unknown as number, 1]] });
  await assert.rejects(() => catalog.commit(RUN, [doneJob("k1"), bad]));
  for (const table of ["job", "file", "metric"]) {
    assert.deepEqual(await catalog.query(`SELECT * FROM ${table}`), [], table);
  }
  // Nor would it come back after a kill.
  assert.ok(!existsSync(join(at.dir, "catalog.journal")));
  await catalog.commit(RUN, [doneJob("k1")]);
  assert.equal((await catalog.query("SELECT * FROM job")).length, 1);
  catalog.close();
});

Deno.test("the mirror says what the catalogue says, and only while it is the same catalogue", async () => {
  using at = scratch();
  assert.equal(DoneIndex.fromMirror(at.dir)!.jobs.size, 0);
  let catalog = await Catalog.open(at.dir);
  await catalog.commit(RUN, [doneJob("k1"), doneJob("k2")]);
  assert.equal(DoneIndex.fromMirror(at.dir), undefined);
  const index = await DoneIndex.fromCatalog(at.dir, catalog);
  catalog.close();
  index.save();
  const mirror = DoneIndex.fromMirror(at.dir)!;
  assert.deepEqual(mirror.jobs, index.jobs);
  assert.deepEqual(mirror.jobs.get("k1"), { content: "content-k1", objects: ["hk1"] });
  catalog = await Catalog.open(at.dir);
  await catalog.commit(RUN, [doneJob("k3")]);
  catalog.close();
  assert.equal(DoneIndex.fromMirror(at.dir), undefined);
});

Deno.test("the lock names its holder, and is free when that is gone", async () => {
  using at = scratch();
  const lock = await lockStore(at.dir, "run");
  await assert.rejects(() => lockStore(at.dir, "run"), new RegExp(`pid ${Deno.pid}`));
  lock.release();
  const again = await lockStore(at.dir, "gc");
  again.release();
});

Deno.test("a checkpoint brings back its bytes and the curve so far", async () => {
  using at = scratch();
  const objects = new Objects(at.dir);
  const metrics: [string, number, number][] = [["loss", 1, NaN]];
  const first = checkpointOf(objects, "key", metrics);
  assert.equal(await first.load(), undefined);
  await first.save(Uint8Array.of(1, 2, 3));
  metrics.push(["loss", 2, 0.5]);
  await first.save(new Uint8Array(0));
  const resumed: [string, number, number][] = [["junk", 0, 0]];
  assert.deepEqual(await checkpointOf(objects, "key", resumed).load(), new Uint8Array(0));
  assert.deepEqual(resumed, [["loss", 1, NaN], ["loss", 2, 0.5]]);
  assert.ok(!existsSync(objects.checkpointPath("other")));
});

Deno.test("a file's hash is looked up by its stat and never stale", () => {
  using at = scratch();
  const path = join(at.dir, "a.ts");
  writeFileSync(path, "one");
  const hashes = new FileHashes(at.dir);
  assert.equal(hashes.hash("a.ts"), sha256("one"));
  // Written again at once, same length: a stat alone could not tell.
  writeFileSync(path, "two");
  assert.equal(new FileHashes(at.dir, hashes.saved()).hash("a.ts"), sha256("two"));
  assert.equal(hashes.again("a.ts"), sha256("two"));
  Deno.utimeSync(path, new Date(1e12), new Date(1e12));
  assert.equal(hashes.hash("gone.ts"), MISSING);
});

Deno.test("the protocol carries NaN and is not disturbed by other output", async () => {
  const message = { type: "progress", done: NaN, total: -Infinity } as const;
  assert.deepEqual(decodeLine(encodeLine(message).trimEnd()), message);
  assert.equal(decodeLine('{"type":"done"}'), '{"type":"done"}');
  const text = "one\nzwei £\n\nlast";
  const bytes = new TextEncoder().encode(text);
  // In pieces of one byte, so that characters are cut.
  const stream = ReadableStream.from([...bytes].map((b) => Uint8Array.of(b)));
  const found = [];
  for await (const line of lines(stream)) found.push(line);
  assert.deepEqual(found, text.split("\n"));
});

Deno.test("without a terminal progress is plain lines, now and then", () => {
  const printed: string[] = [];
  const view = new PlainView((line) => printed.push(line), 0);
  const status = {
    node: { label: "e/a", stage: { name: "train" } },
    state: "running",
    startedAt: performance.now() - 2000,
    progress: { done: 1, total: 3 },
  } as unknown as JobStatus;
  const totals = { total: 4, cached: 1, ran: 0, failed: 0, skipped: 0 };
  view.changed(status, totals);
  view.log(status, "hello");
  view.changed({ ...status, state: "ran", seconds: 75, progress: undefined }, {
    ...totals,
    ran: 1,
  });
  assert.match(printed[0], /^\[1\/4\] train e\/a: 1\/3, 4\.0 s left$/);
  assert.equal(printed[1], "  e/a: hello");
  assert.equal(printed[2], "[2/4] train e/a (1 min 15 s)");
  assert.ok(!printed.join("").includes("\x1b"));
});

Deno.test("a file is never seen half written", async () => {
  const { writeFileAtomic } = await import("../../pipeline/store/files.ts");
  using at = scratch();
  const path = join(at.dir, "deep", "file");
  writeFileAtomic(path, "one");
  writeFileAtomic(path, "two");
  assert.equal(readFileSync(path, "utf8"), "two");
  assert.throws(() => writeFileAtomic(join(path, "below"), "x"));
  assert.deepEqual(readdirSync(join(at.dir, "deep")), ["file"]);
});
