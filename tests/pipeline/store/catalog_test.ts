/** @file What each change does to the tables of the catalogue. */
import assert from "node:assert/strict";
import { copyFileSync, existsSync } from "node:fs";
import { Catalog } from "../../../pipeline/store/catalog.ts";
import type { DoneJob } from "../../../pipeline/store/changes.ts";
import { doneJob, RUN } from "../fixtures/catalog.ts";
import { opened, scratch } from "./helpers.ts";

const ENGINE = { name: "ort", version: "1.2" };

const FULL: DoneJob = {
  key: "k",
  base: "k without its rules",
  label: "e/a",
  ingredients: {
    stage: "fit",
    code: "c",
    packages: { b: "2", a: "1" },
    deno: "2.9.5",
    params: { y: [1, null], x: "é'\"" },
    inputs: { data: "content-of-data", file: "content-of-file" },
    rules: { "lib/engine/t_table.ts#sin": "r1", "lib/engine/t_table.ts#add": "r2" },
    engine: ENGINE,
  },
  codeDetail: { "lib/a.ts": { f: "1" } },
  content: "content",
  artifact: {
    files: [{ name: "b", sha256: "hb", bytes: 2 ** 40 + 1 }, { name: "a", sha256: "ha", bytes: 0 }],
    scalars: { loss: 0.1 + 0.2, nan: NaN },
  },
  inputs: [
    { name: "data", key: "k0", content: "content-of-data" },
    { name: "file", key: null, content: "content-of-file" },
  ],
  seconds: 1.5,
  observations: { rss: 7 },
  metrics: [["loss", 3, 0.25]],
  program: { base: "k without its programs", digests: "d", sameAs: "k1" },
};

Deno.test("every part of a job is in the table and the column of its kind", async () => {
  using store = scratch();
  await using at = await opened(store.dir);
  const before = Date.now();
  await at.catalog.commit(RUN, [FULL]);
  const [{ finished, ...job }] = await at.catalog.query("SELECT * FROM job");
  assert.deepEqual(job, {
    ...{ key: "k", stage: "fit", label: "e/a", code: "c", content: "content", status: "done" },
    params: '{"x":"é\'\\"","y":[1,null]}',
    packages: '{"a":"1","b":"2"}',
    base: "k without its rules",
    rules: '{"lib/engine/t_table.ts#add":"r2","lib/engine/t_table.ts#sin":"r1"}',
    engine: "ort",
    engine_version: "1.2",
    deno: "2.9.5",
    ...{ seconds: 1.5, run: "r1", machine: "m" },
  });
  const [[time]] = await at.rows("SELECT epoch_ms(finished) FROM job");
  assert.ok(finished && time as number >= before && time as number <= Date.now(), String(time));
  assert.deepEqual(await at.rows("SELECT * FROM file ORDER BY name"), [
    ["k", "a", "ha", 0],
    ["k", "b", "hb", 2 ** 40 + 1],
  ]);
  assert.deepEqual(await at.rows("SELECT * FROM input ORDER BY name"), [
    ["k", "data", "k0", "content-of-data"],
    ["k", "file", null, "content-of-file"],
  ]);
  assert.deepEqual(await at.rows("SELECT * FROM scalar ORDER BY name"), [
    ["k", "loss", 0.1 + 0.2],
    ["k", "nan", NaN],
  ]);
  assert.deepEqual(await at.rows("SELECT * FROM observation"), [["k", "rss", 7]]);
  assert.deepEqual(await at.rows("SELECT * FROM metric"), [["k", "loss", 3, 0.25]]);
  assert.deepEqual(await at.rows("SELECT * FROM program"), [
    ["k", "k without its programs", "d", "k1"],
  ]);
  assert.deepEqual(await at.rows("SELECT * FROM code"), [["c", '{"lib/a.ts":{"f":"1"}}']]);
});

Deno.test("a job comes out as it went in, also from a catalogue that was closed or killed", async () => {
  using store = scratch();
  using killed = scratch();
  const check = async (catalog: Catalog) => {
    const { files, scalars } = await catalog.artifact("k");
    assert.deepEqual(files, FULL.artifact.files.toReversed(), "in the order of the names");
    assert.deepEqual(scalars, FULL.artifact.scalars);
    assert.deepEqual(await catalog.ingredients("k"), FULL.ingredients);
    assert.deepEqual(await catalog.outcome("k"), {
      artifact: { files, scalars },
      seconds: FULL.seconds,
      machine: "m",
      observations: FULL.observations,
      metrics: FULL.metrics,
    });
    await assert.rejects(catalog.outcome("none"), /The catalogue has no job none/);
    assert.deepEqual(await catalog.programs("k without its programs"), [
      { key: "k", digests: "d" },
    ]);
    assert.equal(await catalog.sameAs("k"), "k1");
    for (const key of ["other", "none"]) assert.equal(await catalog.sameAs(key), undefined);
    for (const name of ["engine", "rules"]) {
      assert.ok(!(name in (await catalog.ingredients("other"))!));
    }
    assert.deepEqual(await catalog.codeDetail("c"), FULL.codeDetail);
    assert.equal(await catalog.codeDetail("d"), undefined);
    assert.equal(await catalog.ingredients("none"), undefined);
    assert.deepEqual(await catalog.artifact("none"), { files: [], scalars: {} });
  };
  {
    await using at = await opened(store.dir);
    await at.catalog.commit(RUN, [FULL, doneJob("other")]);
    await check(at.catalog);
    copyFileSync(store.at("catalog.journal"), killed.at("catalog.journal"));
  }
  for (const dir of [store.dir, killed.dir]) {
    await using at = await opened(dir);
    await check(at.catalog);
  }
});

Deno.test("runs and machines are there once, as they were last", async () => {
  using store = scratch();
  await using at = await opened(store.dir);
  const before = Date.now();
  await at.catalog.startRun({ ...RUN, command: "first" });
  await at.catalog.startRun({ ...RUN, id: "r2", profile: "quick" });
  await at.catalog.startRun({ ...RUN, machine: { id: "m", description: "more memory" } });
  await at.catalog.startRun({ ...RUN, id: "r3", machine: { id: "m2", description: "other" } });
  assert.deepEqual(
    await at.rows("SELECT id, profile, command, machine FROM run ORDER BY id"),
    [["r1", "smoke", "test", "m"], ["r2", "quick", "test", "m"], ["r3", "smoke", "test", "m2"]],
  );
  assert.deepEqual(
    await at.rows("SELECT * FROM machine ORDER BY id"),
    [["m", "more memory"], ["m2", "other"]],
  );
  const times = (await at.rows("SELECT epoch_ms(started) FROM run")).flat() as number[];
  assert.ok(times.every((time) => time >= before && time <= Date.now()));
});

Deno.test("a job that is committed again replaces all its rows, and no other's", async () => {
  using store = scratch();
  await using at = await opened(store.dir);
  const lean = { inputs: [], metrics: [], observations: {}, artifact: { files: [], scalars: {} } };
  await at.catalog.commit(RUN, [doneJob("k1"), doneJob("k2")]);
  await at.catalog.commit({ ...RUN, id: "r2" }, [doneJob("k1", { ...lean, content: "new" })]);
  for (const table of ["input", "file", "scalar", "observation"]) {
    assert.deepEqual(await at.rows(`SELECT job_key FROM ${table}`), [["k2"]], table);
  }
  assert.deepEqual(await at.rows("SELECT job_key FROM metric"), [["k2"], ["k2"]]);
  assert.deepEqual(
    await at.rows("SELECT key, content, run FROM job ORDER BY key"),
    [["k1", "new", "r2"], ["k2", "content-k2", "r1"]],
  );
});

Deno.test("of two labels that lead to one key the last one names the job", async () => {
  using store = scratch();
  await using at = await opened(store.dir);
  await at.catalog.commit(RUN, [doneJob("k", { label: "e/a" }), doneJob("k", { label: "e/b" })]);
  assert.deepEqual(await at.rows("SELECT label FROM job"), [["e/b"]]);
  assert.deepEqual(await at.rows("SELECT name FROM file"), [["f"]]);
});

Deno.test("a job that fails is no longer done, and one that succeeds has no failure", async () => {
  using store = scratch();
  await using at = await opened(store.dir);
  const failure = (key: string, message: string) => ({ key, label: `e/${key}`, message });
  await at.catalog.commit(RUN, [doneJob("k1"), doneJob("k2")]);
  await at.catalog.commit(RUN, [], [failure("k1", "no"), failure("k3", "never")]);
  await at.catalog.commit({ ...RUN, profile: "quick", id: "r2" }, [], [failure("k1", "still")]);
  assert.deepEqual(await at.rows("SELECT key FROM job"), [["k2"]]);
  assert.deepEqual(await at.rows("SELECT job_key FROM file"), [["k2"]]);
  assert.deepEqual(
    await at.rows("SELECT key, label, profile, message, run FROM failure ORDER BY key"),
    [["k1", "e/k1", "quick", "still", "r2"], ["k3", "e/k3", "smoke", "never", "r1"]],
  );
  const [[time]] = await at.rows("SELECT epoch_ms(max(finished)) FROM failure");
  assert.ok(Math.abs(Date.now() - (time as number)) < 60_000);
  await at.catalog.commit(RUN, [doneJob("k1")]);
  assert.deepEqual(await at.rows("SELECT key FROM failure"), [["k3"]]);
});

Deno.test("a transaction that fails leaves nothing", async () => {
  using store = scratch();
  const catalog = await Catalog.open(store.dir);
  const bad = doneJob("k2", { metrics: [["loss", "one" as unknown as number, 1]] });
  await assert.rejects(() => catalog.commit(RUN, [doneJob("k1"), bad]));
  for (const table of ["job", "file", "metric"]) {
    assert.deepEqual(await catalog.query(`SELECT * FROM ${table}`), [], table);
  }
  // Nor would it come back after a kill.
  assert.ok(!existsSync(store.at("catalog.journal")));
  await catalog.commit(RUN, [doneJob("k1")]);
  assert.equal((await catalog.query("SELECT * FROM job")).length, 1);
  await catalog.close();
});

Deno.test("jobs with nothing done and nothing failed are no change", async () => {
  using store = scratch();
  await using at = await opened(store.dir);
  await at.catalog.commit(RUN, []);
  await at.catalog.moveInputs([]);
  await at.catalog.forget([]);
  await at.catalog.markDamaged([]);
  await at.catalog.setNodes("smoke", []);
  assert.ok(!existsSync(store.at("catalog.journal")));
});

Deno.test("forgetting takes every row of the keys that are named, and of no other", async () => {
  using store = scratch();
  await using at = await opened(store.dir);
  const program = { base: "p", digests: "d" };
  await at.catalog.commit(RUN, ["k1", "k2", "k3"].map((key) => doneJob(key, { program })));
  await at.catalog.forget(["k1", "never"]);
  await at.catalog.forget(["k3"]);
  assert.deepEqual(await at.rows("SELECT key FROM job"), [["k2"]]);
  for (const table of ["input", "file", "scalar", "observation", "metric", "program"]) {
    assert.deepEqual(await at.rows(`SELECT DISTINCT job_key FROM ${table}`), [["k2"]], table);
  }
  // And they may come again.
  await at.catalog.commit(RUN, [doneJob("k1")]);
  assert.deepEqual(await at.rows("SELECT count(*) FROM file"), [[2]]);
});

Deno.test("an input moves in the job and under the name that are meant; its content stays", async () => {
  using store = scratch();
  await using at = await opened(store.dir);
  const inputs = ["a", "b"].map((name) => ({ name, key: "old", content: "x" }));
  await at.catalog.commit(RUN, [doneJob("k1", { inputs }), doneJob("k2", { inputs })]);
  await at.catalog.moveInputs([
    { key: "k1", name: "a", input: "old" },
    { key: "k2", name: "b", input: "newer" },
  ]);
  await at.catalog.moveInputs([{ key: "k1", name: "a", input: "new" }]);
  assert.deepEqual(await at.rows("SELECT * FROM input ORDER BY job_key, name"), [
    ["k1", "a", "new", "x"],
    ["k1", "b", "old", "x"],
    ["k2", "a", "old", "x"],
    ["k2", "b", "newer", "x"],
  ]);
});

Deno.test("what is observed later joins what was, in its place where the name is the same, and is of jobs alone", async () => {
  using store = scratch();
  const rows = async (catalog: Catalog) =>
    (await catalog.query("SELECT * FROM observation ORDER BY ALL")).map((row) =>
      Object.values(row).join(" ")
    );
  const expected = ["k1 rss 3", "k1 task seconds 4.5", "k2 rss 1000000000000"];
  {
    await using open = await opened(store.dir);
    await open.catalog.commit(RUN, [doneJob("k1"), doneJob("k2"), doneJob("k3")]);
    // Some in the database already, some in the same batch.
    assert.equal((await rows(open.catalog)).length, 3);
    await open.catalog.observe([{ key: "k1", observations: { rss: 2, "task seconds": 4 } }]);
    await open.catalog.observe([
      { key: "k1", observations: { rss: 3 } },
      { key: "k1", observations: { "task seconds": 4.5 } },
      ...["k3", "none"].map((key) => ({ key, observations: { rss: 5 } })),
    ]);
    await open.catalog.forget(["k3"]);
    assert.deepEqual(await rows(open.catalog), expected);
    await open.catalog.observe([{ key: "k3", observations: { rss: 6 } }]);
    assert.deepEqual(await rows(open.catalog), expected);
    await open.catalog.commit(RUN, [doneJob("k4")]);
    await open.catalog.observe([{ key: "k4", observations: { rss: 7, other: 8 } }]);
    await open.catalog.observe([]);
    assert.deepEqual((await rows(open.catalog)).slice(3), ["k4 other 8", "k4 rss 7"]);
    await open.catalog.commit(RUN, [doneJob("k4"), doneJob("k1", { observations: {} })]);
  }
  await using again = await opened(store.dir);
  assert.deepEqual(await rows(again.catalog), [
    "k2 rss 1000000000000",
    "k4 rss 1000000000000",
  ]);
});

Deno.test("damaged are the jobs that are named, until they are done again", async () => {
  using store = scratch();
  await using at = await opened(store.dir);
  await at.catalog.commit(RUN, ["k1", "k2", "k3"].map((key) => doneJob(key)));
  await at.catalog.markDamaged(["k1", "never"]);
  await at.catalog.markDamaged(["k3"]);
  const states = () => at.rows("SELECT key, status FROM job ORDER BY key");
  assert.deepEqual(await states(), [["k1", "damaged"], ["k2", "done"], ["k3", "damaged"]]);
  await at.catalog.commit(RUN, [doneJob("k3")]);
  assert.deepEqual(await states(), [["k1", "damaged"], ["k2", "done"], ["k3", "done"]]);
});

Deno.test("labels lead where they led last, in each profile for itself", async () => {
  using store = scratch();
  await using at = await opened(store.dir);
  const node = (label: string, key: string, doneKey: string | null) => ({ label, key, doneKey });
  await at.catalog.setNodes("smoke", [
    node("a", "1", "1"),
    node("b", "2", null),
    node("c'", "3", "0"),
  ]);
  await at.catalog.setNodes("quick", [node("a", "9", null)]);
  await at.catalog.setNodes("smoke", [node("b", "4", "2"), node("d", "5", null)]);
  assert.deepEqual([...await at.catalog.nodes("smoke")].sort(), [
    ["a", node("a", "1", "1")],
    ["b", node("b", "4", "2")],
    ["c'", node("c'", "3", "0")],
    ["d", node("d", "5", null)],
  ]);
  assert.deepEqual([...await at.catalog.nodes("quick")], [["a", node("a", "9", null)]]);
  assert.equal((await at.catalog.nodes("paper")).size, 0);
});

Deno.test("jobs of one commit may have different codes", async () => {
  using store = scratch();
  await using at = await opened(store.dir);
  const coded = (key: string) =>
    doneJob(key, {
      ingredients: { ...doneJob(key).ingredients, code: `code of ${key}` },
      codeDetail: { [key]: { f: "1" } },
    });
  await at.catalog.commit(RUN, [coded("k1"), coded("k2")]);
  for (const key of ["k1", "k2"]) {
    assert.deepEqual(await at.catalog.codeDetail(`code of ${key}`), { [key]: { f: "1" } });
  }
});
