/** @file `deno task verify`: every byte is hashed again; what is wrong is said, set aside and marked. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { command as verify } from "../../../pipeline/commands/verify.ts";
import { lockStore } from "../../../pipeline/store/lock.ts";
import { output, storeOfJobs } from "./stored_jobs.ts";

const states = "SELECT key, status FROM job ORDER BY key";
const check = (store: ReturnType<typeof storeOfJobs>) => output(() => verify(store.options()));

Deno.test("a sound store is counted, also with scalars that JSON has no number for", async () => {
  using store = storeOfJobs();
  await store.commit(
    store.job("a", { f: "shared", g: new Uint8Array(2 ** 20) }, {}, { loss: NaN, x: 0.1 }),
    store.job("b", { f: "shared" }, {}, { up: Infinity }),
    store.job("c", {}),
  );
  const { code, lines } = await check(store);
  assert.equal(code, 0);
  assert.deepEqual(lines, ["Checked 2 objects (1.0 MiB) of 3 jobs: every byte is as recorded."]);
});

Deno.test("a damaged object is every job's that has it; it is set aside and the jobs marked", async () => {
  using store = storeOfJobs();
  const a = store.job("a", { f: "shared", g: "own" });
  await store.commit(a, store.job("b", { h: "shared" }), store.job("c", { f: "sound" }));
  const { sha256 } = a.artifact.files[0];
  writeFileSync(store.objects.path(sha256), "sharef");
  const { code, lines } = await check(store);
  assert.equal(code, 1);
  const short = sha256.slice(0, 12);
  assert.deepEqual(lines.toSorted(), [
    'Checked 3 objects (0.0 MiB) of 3 jobs: 2 jobs are damaged; "deno task pipeline" repairs them.',
    `e/a: f: object ${short} is damaged`,
    `e/b: h: object ${short} is damaged`,
  ]);
  assert.deepEqual(await store.query(states), ["a damaged", "b damaged", "c done"]);
  assert.equal(readFileSync(store.inStore("tmp", `damaged-${sha256}`), "utf8"), "sharef");
  assert.ok(!existsSync(store.objects.path(sha256)));
  // Said once: what is marked is not done, and not asked again.
  const again = await check(store);
  assert.equal(again.code, 0);
  assert.match(again.lines.join(), /of 1 jobs: every byte is as recorded/);
});

Deno.test("a missing object is said to be missing", async () => {
  using store = storeOfJobs();
  const a = store.job("a", { f: "x", g: "y" });
  await store.commit(a);
  const { name, sha256 } = a.artifact.files[1];
  rmSync(store.objects.path(sha256));
  const { code, lines } = await check(store);
  assert.equal(code, 1);
  assert.equal(lines[0], `e/a: ${name}: object ${sha256.slice(0, 12)} is missing`);
});

Deno.test("rows that are not those of the content are found: files, names and scalars", async () => {
  using store = storeOfJobs();
  const sound = store.job("sound", { f: "x" }, {}, { loss: 1 });
  const { files, scalars } = sound.artifact;
  const wrong = {
    file: { files: [], scalars },
    name: { files: [{ ...files[0], name: "g" }], scalars },
    value: { files, scalars: { loss: 2 } },
    scalar: { files, scalars: {} },
  };
  await store.commit(
    sound,
    ...Object.entries(wrong).map(([key, artifact]) => ({
      ...sound,
      key,
      label: `e/${key}`,
      artifact,
    })),
  );
  const { code, lines } = await check(store);
  assert.equal(code, 1);
  assert.deepEqual(
    lines.slice(0, -1).sort(),
    Object.keys(wrong).sort().map((key) => `e/${key}: its rows in the catalogue do not add up`),
  );
  assert.deepEqual(
    await store.query("SELECT key FROM job WHERE status = 'done'"),
    ["sound"],
  );
});

Deno.test("the store is locked while it is checked, and free afterwards", async () => {
  using store = storeOfJobs();
  await store.commit(store.job("a", { f: "x" }));
  const lock = await lockStore(store.inStore(), "run");
  await assert.rejects(verify(store.options()), /is in use by "run"/);
  lock.release();
  assert.equal((await check(store)).code, 0);
  (await lockStore(store.inStore(), "run")).release();
});

Deno.test("an input that is not what its job has left is found; one whose job is gone is not asked about", async () => {
  using store = storeOfJobs();
  const data = store.job("data", { f: "x" });
  const fit = (key: string, content: string, of: string | null) => ({
    ...store.job(key, { f: key }),
    inputs: [{ name: "data", key: of, content }],
  });
  await store.commit(
    data,
    fit("sound", data.content, "data"),
    fit("wrong", "another", "data"),
    fit("orphan", "another", "gone"),
    fit("file", "another", null),
  );
  const { code, lines } = await check(store);
  assert.equal(code, 1);
  assert.equal(lines[0], "e/wrong: its input data was not what e/data has left");
  assert.match(lines[1], /of 5 jobs: 1 jobs are damaged/);
  assert.deepEqual(
    await store.query("SELECT key FROM job WHERE status = 'damaged'"),
    ["wrong"],
  );
});

Deno.test("what the catalogue would be made again from is checked too, and its mirror", async () => {
  using store = storeOfJobs();
  for (const key of ["a", "b"]) await store.commit(store.job(key, { f: key }));
  const path = (name: string) => store.inStore(name);
  writeFileSync(path("index.json"), "{}");
  for (const name of ["catalog.earlier.duckdb", "catalog.earlier.journal"]) {
    const bytes = readFileSync(path(name));
    bytes[bytes.length >> 1] ^= 1;
    writeFileSync(path(name), bytes);
    const { code, lines } = await check(store);
    assert.equal(code, 0, "no job is lost");
    assert.match(lines[0], /earlier\.duckdb or its journal is damaged; it is now a copy of/);
    assert.match(lines[1], /index\.json is damaged; the next run makes it again/);
    rmSync(path("index.json"), { force: true });
    // From here on the catalogue can be made again.
    const whole = readFileSync(path("catalog.duckdb"));
    writeFileSync(path("catalog.duckdb"), whole.subarray(0, 5000));
    assert.deepEqual(await store.query("SELECT key FROM job ORDER BY key"), ["a", "b"]);
    assert.deepEqual((await check(store)).lines.length, 1);
    await store.commit(store.job("b", { f: name }));
    writeFileSync(path("index.json"), "{}");
  }
});
