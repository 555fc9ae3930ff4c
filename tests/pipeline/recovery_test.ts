/** @file What is left of the catalogue when its process is killed, and when its files are damaged. */
import assert from "node:assert/strict";
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DuckDBInstance } from "@duckdb/node-api";
import { Catalog } from "../../pipeline/store/catalog.ts";
import { changes, doneJob, dump, RUN } from "./fixtures/catalog.ts";

function scratch() {
  const dir = mkdtempSync("/tmp/recovery-");
  const at = (name: string) => join(dir, name);
  return {
    dir,
    original: at("catalog.duckdb"),
    copy: at("catalog.work.duckdb"),
    journal: at("catalog.journal"),
    [Symbol.dispose]: () => rmSync(dir, { recursive: true }),
  };
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
  const program = fileURLToPath(new URL("./fixtures/catalog.ts", import.meta.url));
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
  for (const kept of [1, 10, 17, 18, (whole.length - last) >> 1, whole.length - last - 1]) {
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

Deno.test("a damaged line in the middle is said, with the place and what to do, and nothing is thrown away", async () => {
  using at = scratch();
  await killed(at.dir);
  const bytes = readFileSync(at.journal);
  const second = bytes.indexOf(10) + 1;
  bytes[second + 40] ^= 1;
  writeFileSync(at.journal, bytes);
  await assert.rejects(
    () => Catalog.open(at.dir),
    new RegExp(`catalog.journal is damaged in line 2, at byte ${second}. "truncate -s ${second} `),
  );
  assert.deepEqual(readFileSync(at.journal), bytes);
  truncateSync(at.journal, second);
  assert.equal((await contents(at.dir)).run.length, 1);
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
  assert.equal((await contents(other.dir)).run.length, 2);
  assert.deepEqual(readdirSync(other.dir), ["catalog.duckdb"]);
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
    /The catalogue .*catalog.duckdb cannot be opened.* move it and .*catalog.journal away/s,
  );
  assert.deepEqual(readFileSync(at.original), bytes);
});
