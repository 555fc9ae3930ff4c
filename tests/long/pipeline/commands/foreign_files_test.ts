/** @file What others put into a store hurts no command, and what killed commands left there goes with `gc`. */
import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { lockStore } from "../../../../pipeline/store/lock.ts";
import { call, cli, makeDemo } from "../../../pipeline/helpers.ts";

Deno.test("files and folders of others, anywhere in a store and beside reports, hurt no command", async () => {
  using demo = makeDemo();
  assert.equal((await call(demo, "run", "--profile", "smoke")).code, 0);
  const store = (...names: string[]) => join(demo.root, ".store", ...names);
  const [folder] = readdirSync(store("objects"));
  const files = [
    store(".DS_Store"),
    store("objects", ".DS_Store"),
    store("objects", folder, ".DS_Store"),
    store("objects", "no folder", "x"),
    store("objects", "zz", "0".repeat(62)),
    store("objects", folder, "a folder", "x"),
    store("tmp", ".DS_Store"),
    store("tmp", "a folder", "deep", "x"),
    store("checkpoints", ".DS_Store"),
    store("checkpoints", "a folder", "x"),
    store("cache", ".DS_Store"),
    store("cache", "code", "a folder", "x"),
    join(demo.root, "reports", ".DS_Store"),
    join(demo.root, "reports", "a folder", "results.duckdb", "x"),
  ];
  for (const path of files) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, "somebody's");
  }
  symlinkSync("/nowhere", store("tmp", "link"));
  demo.edit("lib/deep.ts", "SCALE = 3", "SCALE = 5");
  for (
    const [command, ...args] of [
      ...[["status"], ["why", "means/table"], ["run"], ["verify"], ["verify", "--rerun", "1"]],
      ...[["gc"], ["gc", "--yes"], ["run"], ["verify"], ["status"]],
    ]
  ) {
    const { code, out } = await call(demo, command, ...args);
    assert.equal(code, 0, `${command} ${args}: ${out}`);
  }
  for (const path of files.filter((path) => path.startsWith(store("objects")))) {
    assert.ok(existsSync(path), `${path} is not ours, and stays`);
  }
  assert.deepEqual(readdirSync(store("tmp")), []);
});

Deno.test("a folder in the place of an object is found by verify, and gives way to the bytes", async () => {
  using demo = makeDemo();
  assert.equal((await call(demo, "run")).code, 0);
  const objects = join(demo.root, ".store/objects");
  const [folder] = readdirSync(objects);
  const [object] = readdirSync(join(objects, folder));
  const path = join(objects, folder, object);
  Deno.removeSync(path);
  mkdirSync(join(path, "deep"), { recursive: true });
  const verify = await call(demo, "verify");
  assert.equal(verify.code, 1);
  assert.match(verify.out, new RegExp(`object ${(folder + object).slice(0, 12)} is damaged`));
  mkdirSync(path);
  const { code, ran } = await call(demo, "run");
  assert.equal(code, 0);
  assert.ok(ran.length > 0);
  assert.equal((await call(demo, "verify")).code, 0);
});

Deno.test("gc takes what killed commands left, and leaves what one at work has", async () => {
  using demo = makeDemo();
  assert.equal((await call(demo, "run")).code, 0);
  const store = (...names: string[]) => join(demo.root, ".store", ...names);
  for (const name of ["verify-a1B2c3", "crash-zzzzzz", "crash-worker", "verify-mine-own"]) {
    mkdirSync(store(name, "objects/ab"), { recursive: true });
    writeFileSync(store(name, "objects/ab/c"), new Uint8Array(2 ** 20));
  }
  for (const path of [store("index.json.123-0.tmp"), store("cache/plan.json.7-1.tmp")]) {
    writeFileSync(path, "x");
  }
  const lock = await lockStore(store("crash-worker"), "crash");
  try {
    const said = await call(demo, "gc");
    assert.match(
      said.out,
      /Would delete 0 of 9 jobs, 0 objects and 4 unfinished files \(2\.0 MiB\)/,
    );
    assert.equal((await call(demo, "gc", "--yes")).code, 0);
  } finally {
    lock.release();
  }
  const left = readdirSync(store()).filter((name) => /verify|crash|tmp$/.test(name));
  assert.deepEqual(left.sort(), ["crash-worker", "tmp", "verify-mine-own"]);
  assert.ok(!existsSync(store("cache/plan.json.7-1.tmp")));
  assert.match((await call(demo, "gc")).out, /and 1 unfinished files \(1\.0 MiB\)/);
});

Deno.test("a file of the cache that is empty, cut off, damaged or a folder is made again", async () => {
  using demo = makeDemo();
  assert.equal((await call(demo, "run", "--profile", "smoke")).code, 0);
  const cache = join(demo.root, ".store/cache");
  const damages: ((path: string) => void)[] = [
    (path) => truncateSync(path),
    (path) => truncateSync(path, statSync(path).size >> 1),
    (path) => writeFileSync(path, "null"),
    (path) => {
      rmSync(path);
      mkdirSync(path);
    },
  ];
  for (const damage of damages) {
    // One at a time: the others lead to it.
    for (const name of readdirSync(cache).filter((name) => /\.(json|mjs)$/.test(name))) {
      damage(join(cache, name));
      // A module that this process has loaded is not read again.
      const ask = name.endsWith(".mjs") ? cli : call;
      const { code, out } = await ask(demo, "status", "--profile", "smoke");
      assert.equal(code, 0, out);
      assert.match(out, /^7 of 7 jobs are done/m);
    }
  }
  assert.deepEqual((await call(demo, "run", "--profile", "smoke")).ran, []);
});
