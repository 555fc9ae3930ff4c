/** @file What is left of the catalogue when its process is killed, and when its files are damaged. */
import assert from "node:assert/strict";
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DuckDBInstance } from "@duckdb/node-api";
import { Catalog } from "../../../pipeline/store/catalog.ts";
import type { MetricPoint } from "../../../pipeline/store/changes.ts";
import { DoneIndex } from "../../../pipeline/store/done_index.ts";
import { hasCatalog } from "../../../pipeline/store/working_copy.ts";
import { changes, doneJob, dump, RUN } from "../fixtures/catalog.ts";

function scratch() {
  const dir = mkdtempSync("/tmp/recovery-");
  const at = (name: string) => join(dir, name);
  return {
    dir,
    original: at("catalog.duckdb"),
    copy: at("catalog.work.duckdb"),
    next: at("catalog.next.duckdb"),
    journal: at("catalog.journal"),
    [Symbol.dispose]: () => rmSync(dir, { recursive: true }),
  };
}

/** What is written to the standard error instead of that. */
function errors() {
  const lines: string[] = [];
  const { error } = console;
  console.error = (line: string) => lines.push(line);
  return { lines, [Symbol.dispose]: () => void (console.error = error) };
}

async function contents(dir: string): Promise<Record<string, string[]>> {
  const catalog = await Catalog.open(dir);
  try {
    return await dump(catalog);
  } finally {
    catalog.close();
  }
}

/** Lets a process make every kind of change, and kills it. @returns what it had in its catalogue */
async function killed(dir: string): Promise<Record<string, string[]>> {
  const program = fileURLToPath(new URL("../fixtures/catalog.ts", import.meta.url));
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", "--no-check", program, dir],
    stdout: "piped",
  }).spawn();
  let out = "";
  for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
    out += chunk;
    if (out.endsWith("\n")) break;
  }
  child.kill("SIGKILL");
  assert.equal((await child.status).signal, "SIGKILL");
  return JSON.parse(out);
}

Deno.test("after a kill everything is there, whatever became of the file that DuckDB worked on", async () => {
  using at = scratch();
  const before = await killed(at.dir);
  assert.equal(before.job.length, 3);
  assert.ok(before.metric.some((row) => row.endsWith("value=NaN")));
  assert.equal(existsSync(at.original), false);
  writeFileSync(at.copy, new Uint8Array(300_000).fill(7));
  assert.deepEqual(await contents(at.dir), before);
  // From here on it is in the catalogue itself, and nothing else is left.
  const left = readdirSync(at.dir).filter((name) => name.startsWith("catalog."));
  assert.deepEqual(left, ["catalog.duckdb"]);
  assert.deepEqual(await contents(at.dir), before);
});

Deno.test("a second kill adds to what the first one left", async () => {
  using at = scratch();
  const catalog = await Catalog.open(at.dir);
  await catalog.commit(RUN, [doneJob("k0")]);
  catalog.close();
  await killed(at.dir);
  const before = await killed(at.dir);
  assert.equal(before.job.length, 4);
  assert.deepEqual(await contents(at.dir), before);
});

Deno.test("a torn last line loses its change and no other", async () => {
  using at = scratch();
  await killed(at.dir);
  const whole = readFileSync(at.journal);
  const last = whole.lastIndexOf(10, whole.length - 2) + 1;
  using expected = scratch();
  writeFileSync(expected.journal, whole.subarray(0, last));
  const before = await contents(expected.dir);
  assert.equal(before.run.length, 1);
  for (const kept of [1, (whole.length - last) >> 1, whole.length - last - 1]) {
    using torn = scratch();
    copyFileSync(at.journal, torn.journal);
    truncateSync(torn.journal, last + kept);
    const catalog = await Catalog.open(torn.dir);
    assert.deepEqual(await dump(catalog), before, `${kept} bytes kept`);
    // What comes next does not stick to what was torn: after another kill it is there.
    await catalog.startRun({ ...RUN, id: "r3" });
    using next = scratch();
    copyFileSync(torn.journal, next.journal);
    catalog.close();
    assert.equal((await contents(torn.dir)).run.length, 2);
    assert.equal((await contents(next.dir)).run.length, 2);
  }
});

Deno.test("a damaged line in the middle loses its change and no other, and is said", async () => {
  using at = scratch();
  const before = await killed(at.dir);
  const bytes = readFileSync(at.journal);
  bytes[bytes.indexOf(10) + 41] ^= 1;
  writeFileSync(at.journal, bytes);
  using said = errors();
  const after = await contents(at.dir);
  assert.match(said.lines.join(), /catalog\.journal is damaged in line 2; a copy is .*\.damaged/);
  // The second line has the jobs k1 and k2, of which k2 failed later.
  assert.deepEqual(after.job, before.job.filter((row) => !row.startsWith("key=k1 ")));
  assert.deepEqual(after.run, before.run);
  assert.deepEqual(after.failure, before.failure);
  assert.deepEqual(readFileSync(`${at.journal}.damaged`), bytes);
});

Deno.test("a kill between the catalogue and the end of its journal changes nothing", async () => {
  using at = scratch();
  await killed(at.dir);
  const journal = readFileSync(at.journal);
  const before = await contents(at.dir);
  writeFileSync(at.journal, journal);
  assert.deepEqual(await contents(at.dir), before);
  // Also when it is hit by it half-way, again and again.
  for (let i = 0; i < 3; i++) {
    const cut = journal.indexOf(10, (journal.length * (i + 1)) >> 2) + 1;
    writeFileSync(at.journal, journal.subarray(0, cut));
    const catalog = await Catalog.open(at.dir);
    for (const change of changes) await change(catalog);
    catalog.close();
    const jobs = (await contents(at.dir)).job.map((row) => row.replace(/ finished=.*/, ""));
    assert.deepEqual(jobs, before.job.map((row) => row.replace(/ finished=.*/, "")));
  }
});

Deno.test("a kill while the catalogue is replaced changes nothing", async () => {
  using at = scratch();
  await killed(at.dir);
  const journal = readFileSync(at.journal);
  const before = await contents(at.dir);
  // As it is when the journal is still there, and when it is not any more.
  for (const left of [journal, undefined]) {
    renameSync(at.original, at.next);
    if (left) writeFileSync(at.journal, left);
    assert.ok(hasCatalog(at.dir));
    assert.equal(DoneIndex.fromMirror(at.dir), undefined);
    assert.deepEqual(await contents(at.dir), before);
    assert.deepEqual(readdirSync(at.dir), ["catalog.duckdb"]);
  }
});

Deno.test("when DuckDB cannot write its file the journal stays, and that is said", async () => {
  using at = scratch();
  const catalog = await Catalog.open(at.dir);
  await catalog.commit(RUN, [doneJob("k1")]);
  // As on a full disk: the log is still there when the database is closed.
  writeFileSync(`${at.copy}.wal.recovery`, "");
  using said = errors();
  catalog.close();
  assert.match(said.lines.join(), /could not be written anew: .*disk full\?\n {2}Nothing is lost/);
  assert.deepEqual(readdirSync(at.dir), ["catalog.journal"]);
  assert.equal((await contents(at.dir)).job.length, 1);
});

Deno.test("a journal that a kill left empty goes, so that the mirror is good again", async () => {
  using at = scratch();
  const catalog = await Catalog.open(at.dir);
  await catalog.commit(RUN, [doneJob("k1")]);
  const index = await DoneIndex.fromCatalog(at.dir, catalog);
  catalog.close();
  index.save();
  for (const torn of ["", "0123456789abcdef {"]) {
    writeFileSync(at.journal, torn);
    assert.equal(DoneIndex.fromMirror(at.dir), undefined);
    assert.equal((await contents(at.dir)).job.length, 1);
    assert.equal(DoneIndex.fromMirror(at.dir)!.jobs.size, 1);
  }
});

Deno.test("a question leaves the catalogue as it was, and makes none", async () => {
  using at = scratch();
  await contents(at.dir);
  assert.deepEqual(readdirSync(at.dir), []);
  const catalog = await Catalog.open(at.dir);
  await catalog.commit(RUN, [doneJob("k1")]);
  // Others may read meanwhile; there is nothing to read yet.
  assert.equal(existsSync(at.original), false);
  catalog.close();
  const [bytes, { mtimeMs, ino }] = [readFileSync(at.original), statSync(at.original)];
  await contents(at.dir);
  assert.deepEqual(readFileSync(at.original), bytes);
  assert.deepEqual([statSync(at.original).mtimeMs, statSync(at.original).ino], [mtimeMs, ino]);
});

Deno.test("what DuckDB had logged beside a catalogue of an earlier version is taken over", async () => {
  using at = scratch();
  const catalog = await Catalog.open(at.dir);
  await catalog.startRun(RUN);
  catalog.close();
  using other = scratch();
  const instance = await DuckDBInstance.create(at.original);
  const connection = await instance.connect();
  await connection.run("INSERT INTO run VALUES ('r9', 'smoke', 'c', 'm', NULL)");
  copyFileSync(at.original, other.original);
  copyFileSync(`${at.original}.wal`, `${other.original}.wal`);
  connection.closeSync();
  instance.closeSync();
  const log = readFileSync(`${other.original}.wal`);
  const old = readFileSync(other.original);
  assert.equal((await contents(other.dir)).run.length, 2);
  assert.deepEqual(readdirSync(other.dir), ["catalog.duckdb"]);
  // A kill at the last moment: DuckDB would put the log into the new file once more.
  renameSync(other.original, other.next);
  writeFileSync(other.original, old);
  writeFileSync(`${other.original}.wal`, log);
  assert.equal((await contents(other.dir)).run.length, 2);
});

Deno.test("a damaged catalogue is an error that says what to do, and stays as it is", async () => {
  using at = scratch();
  const catalog = await Catalog.open(at.dir);
  await catalog.commit(RUN, [doneJob("k1")]);
  catalog.close();
  truncateSync(at.original, 20_000);
  appendFileSync(at.original, "xxx");
  const bytes = readFileSync(at.original);
  await assert.rejects(
    () => Catalog.open(at.dir),
    /The catalogue .*catalog\.duckdb cannot be read: .* in its place, or move it away/s,
  );
  assert.deepEqual(readFileSync(at.original), bytes);
});

Deno.test("damage that only a question meets is told as such; a wrong question is not", async () => {
  using at = scratch();
  const curve = Array.from({ length: 3000 }, (_, i): MetricPoint => [`loss ${i}`, i, Math.sin(i)]);
  {
    const catalog = await Catalog.open(at.dir);
    await catalog.commit(RUN, [doneJob("k1", { metrics: curve })]);
    await assert.rejects(catalog.query("SELECT nonsense"), /^Error: (?!The catalogue).*nonsense/);
    catalog.close();
  }
  const bytes = readFileSync(at.original);
  // Where the rows lie, not the tables' description.
  for (const part of [0.3, 0.7]) bytes[Math.floor(part * bytes.length)] ^= 255;
  writeFileSync(at.original, bytes);
  const catalog = await Catalog.open(at.dir);
  await assert.rejects(
    async () => {
      for (const table of ["metric", "file", "code"]) await catalog.query(`SELECT * FROM ${table}`);
    },
    /The catalogue .*catalog\.duckdb cannot be read: .* in its place, or move it away/s,
  );
  catalog.close();
});
