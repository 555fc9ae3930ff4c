/** @file `status`, `why` and `verify` in a store that may only be read, and beside others that use it. */
import assert from "node:assert/strict";
import { chmodSync, lstatSync, readdirSync, readFileSync, truncateSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { lockStore } from "../../../../pipeline/store/lock.ts";
import { readWorkspace } from "../../../../pipeline/workspace.ts";
import { cli, type Demo, makeDemo, start } from "../../../pipeline/helpers.ts";

/** Every file below a folder, with its bytes. */
function filesIn(dir: string): Map<string, string> {
  const entries = readdirSync(dir, { recursive: true, withFileTypes: true });
  return new Map(
    entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
      .sort().map((path) => [path, readFileSync(path, "base64")]),
  );
}

function forEach(dir: string, change: (path: string, mode: number) => void) {
  const names = readdirSync(dir, { recursive: true }) as string[];
  for (const path of [dir, ...names.map((name) => join(dir, name))]) {
    change(path, lstatSync(path).mode);
  }
}

/** Modes do not bind the superuser, unless that gives up the capability. */
const isRoot = process.getuid?.() === 0;
const DROP = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all"];
const canDrop = () => {
  try {
    return new Deno.Command(DROP[0], { args: [...DROP.slice(1), "true"] }).outputSync().success;
  } catch {
    return false;
  }
};

const bound = (demo: Demo, command: string, ...args: string[]) =>
  start(demo, command, { prefix: isRoot ? DROP : [] }, ...args).ended;

Deno.test({
  name: "status, why and verify answer in a store that may only be read, and leave it as it is",
  ignore: Deno.build.os === "windows" || (isRoot && !canDrop()),
  fn: async () => {
    using demo = makeDemo();
    const store = join(demo.root, ".store");
    assert.equal((await cli(demo, "run")).code, 0);
    // As a kill may leave it: with caches that are gone, and a catalogue that has to be made again.
    for (const damage of [() => {}, () => truncateSync(join(store, "catalog.duckdb"), 9000)]) {
      damage();
      demo.edit("lib/deep.ts", "SCALE = ", "SCALE = 1 + ");
      forEach(store, (path, mode) => chmodSync(path, mode & ~0o222));
      try {
        const before = filesIn(store);
        const status = await bound(demo, "status");
        assert.equal(status.code, 0, status.out);
        assert.match(status.out, /^\d of 9 jobs are done/m);
        const why = await bound(demo, "why", "means/data");
        assert.equal(why.code, 0, why.out);
        assert.match(why.out, /^generate slopes\/seed=1\/data will run, because\n.*code/m);
        const verify = await bound(demo, "verify");
        assert.equal(verify.code, 0, verify.out);
        assert.match(verify.out, /^Checked 7 objects .* of 9 jobs: every byte is as recorded\.$/m);
        const rerun = await bound(demo, "verify", "--rerun", "1");
        assert.equal(rerun.code, 1);
        assert.match(rerun.out, /may only be read, and --rerun needs a place in it/);
        assert.deepEqual(filesIn(store), before);
      } finally {
        forEach(store, (path, mode) => chmodSync(path, mode | 0o200));
      }
      assert.equal((await cli(demo, "status")).code, 0);
    }
  },
});

Deno.test("a run is not refused because of questions that are open, nor disturbs them", async () => {
  using demo = makeDemo();
  const options = {
    root: demo.root,
    store: ".store",
    profile: "quick",
    engine: "ort",
    set: [],
  } as const;
  assert.equal((await cli(demo, "run")).code, 0);
  demo.edit("lib/deep.ts", "SCALE = 3", "SCALE = 4");
  const asking = await readWorkspace({ ...options, set: [] });
  const catalog = await asking.catalog();
  const jobs = async () => (await catalog.query("SELECT count(*) AS n FROM job"))[0].n;
  const before = await jobs();
  const questions = Array.from({ length: 2 }, () => cli(demo, "status"));
  const run = await cli(demo, "run");
  assert.equal(run.code, 0, run.out);
  for (const { code, out } of await Promise.all(questions)) assert.equal(code, 0, out);
  assert.equal(await jobs(), before, "as it was when it was asked");
  asking.close();
  assert.match((await cli(demo, "status")).out, /^9 of 9 jobs are done/m);
});

Deno.test("a store that is used by what says nothing of itself is answered from what is recorded", async () => {
  using demo = makeDemo();
  assert.equal((await cli(demo, "run")).code, 0);
  const lock = await lockStore(join(demo.root, ".store"), "verify");
  try {
    assert.match((await cli(demo, "status")).out, /^9 of 9 jobs are done/m);
    assert.match((await cli(demo, "why", "means/data")).out, /is done: key/);
  } finally {
    lock.release();
  }
});
