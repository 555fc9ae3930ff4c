/** @file Values survive the database as they are, and transactions are whole and one after the other. */
import { DuckDBInstance } from "@duckdb/node-api";
import assert from "node:assert/strict";
import { Database } from "../../../pipeline/store/database.ts";
import { scratch } from "./helpers.ts";

async function opened(path: string) {
  const database = await Database.open(path);
  return { database, [Symbol.dispose]: () => database.close() };
}

const ODD = [NaN, Infinity, -Infinity, 0, -1.5, 5e-324, Number.MAX_VALUE, 2 ** 53];

Deno.test("numbers come back bit for bit, also those that JSON has no number for", async () => {
  using store = scratch();
  using at = await opened(store.at("deep", "file"));
  const names = (list: unknown[]) =>
    list.map((value, i) => ({ job_key: "k", name: `${i}`, value }));
  await at.database.append("scalar", names(ODD) as never);
  const read = async (table: string) =>
    (await at.database.query(`SELECT value FROM ${table} ORDER BY name`)).map(({ value }) => value);
  assert.deepEqual(await read("scalar"), ODD);
  // As a journal spells them.
  await at.database.append("observation", names(["NaN", "Infinity", "-Infinity", null]) as never);
  assert.deepEqual(await read("observation"), [NaN, Infinity, -Infinity, null]);
});

Deno.test("whole numbers of 64 bits are numbers, and times are those of the clock", async () => {
  using store = scratch();
  using at = await opened(store.at("file"));
  const sizes = [0, 1, 2 ** 31, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER];
  const row = { job_key: "k", sha256: "h" };
  await at.database.append("file", sizes.map((bytes, i) => ({ ...row, name: `${i}`, bytes })));
  const found = await at.database.query("SELECT bytes FROM file ORDER BY name");
  assert.deepEqual(found, sizes.map((bytes) => ({ bytes })));
  // 2001-09-09T01:46:40.123Z and a moment before 1970.
  await at.database.append("run", [{ id: "a", started: 1e12 + 123 }, { id: "b", started: -1 }]);
  const times = await at.database.query(
    "SELECT epoch_us(started) AS us FROM run ORDER BY id",
  );
  assert.deepEqual(times, [{ us: (1e12 + 123) * 1000 }, { us: -1000 }]);
});

Deno.test("text of any kind survives, and what a row lacks is null", async () => {
  using store = scratch();
  const texts = ["", 'é "x" \\ \n\t 🙂', "'; DROP TABLE job; --", "x".repeat(5000)];
  {
    using at = await opened(store.at("file"));
    await at.database.append("machine", texts.map((id) => ({ id })));
    await at.database.append("machine", []);
    await at.database.append("node", [{ profile: null, label: undefined as never, key: "k" }]);
  }
  using at = await opened(store.at("file"));
  const found = await at.database.query("SELECT * FROM machine ORDER BY length(id)");
  assert.deepEqual(found, texts.map((id) => ({ id, description: null })));
  for (const id of texts) {
    const [row] = await at.database.query("SELECT id FROM machine WHERE id = $id", { id });
    assert.equal(row.id, id);
  }
  assert.deepEqual(await at.database.query("SELECT * FROM node"), [
    { profile: null, label: null, key: "k", done_key: null },
  ]);
});

Deno.test("a transaction that fails leaves nothing, and the next one is not hurt", async () => {
  using store = scratch();
  using at = await opened(store.at("file"));
  const { database } = at;
  const add = (id: string) => database.append("machine", [{ id }]);
  const broken = database.transaction(async () => {
    await add("a");
    throw new Error("no");
  });
  const sound = database.transaction(() => add("b"));
  await assert.rejects(broken, /^Error: no$/);
  await sound;
  await assert.rejects(database.transaction(() => database.execute("SELECT nonsense")));
  assert.deepEqual(await database.query("SELECT id FROM machine"), [{ id: "b" }]);
});

Deno.test("transactions run one after the other; questions see whole ones, and fail alone", async () => {
  using store = scratch();
  using at = await opened(store.at("file"));
  const { database } = at;
  const steps: string[] = [];
  const ids = async () => (await database.query("SELECT id FROM machine ORDER BY id")).length;
  const work = (name: string) =>
    database.transaction(async () => {
      steps.push(`${name} begins`);
      await database.append("machine", [{ id: `${name} 1` }]);
      steps.push(`${name} sees ${await ids()}`);
      await database.append("machine", [{ id: `${name} 2` }]);
    });
  const both = [work("a"), work("b")];
  const wrong = database.query("SELECT nonsense");
  await assert.rejects(wrong, /nonsense/);
  await Promise.all(both);
  assert.deepEqual(steps, ["a begins", "a sees 0", "b begins", "b sees 2"]);
  assert.equal(await ids(), 4);
});

Deno.test("statements take values by name", async () => {
  using store = scratch();
  using at = await opened(store.at("file"));
  await at.database.append("machine", [{ id: "a" }, { id: "b" }]);
  await at.database.execute("DELETE FROM machine WHERE id = $id", { id: "a" });
  assert.deepEqual(await at.database.query("SELECT id FROM machine"), [{ id: "b" }]);
});

Deno.test("a catalogue that an earlier version made gets the columns that it lacks, and keeps its rows", async () => {
  using store = scratch();
  const path = store.at("catalog.duckdb");
  const old = await DuckDBInstance.create(path);
  const connection = await old.connect();
  await connection.run(
    "CREATE TABLE run (id VARCHAR, profile VARCHAR, command VARCHAR, machine VARCHAR, started TIMESTAMPTZ)",
  );
  await connection.run("INSERT INTO run VALUES ('r0', 'smoke', 'c', 'm', now())");
  connection.closeSync();
  old.closeSync();
  for (const id of ["r1", "r2"]) {
    const database = await Database.open(path);
    const started = 1000;
    const row = { id, profile: "quick", command: "d", machine: "m", started, commit: `c ${id}` };
    await database.transaction(() => database.append("run", [row]));
    database.close();
  }
  const database = await Database.open(path);
  const rows = await database.query('SELECT id, command, "commit" FROM run ORDER BY id');
  database.close();
  assert.deepEqual(rows.map((row) => Object.values(row)), [
    ["r0", "c", null],
    ["r1", "d", "c r1"],
    ["r2", "d", "c r2"],
  ]);
});
