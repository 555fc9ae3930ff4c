/** @file Published files and the site that were damaged are restored by the next run, which says which command made them. */
import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { query } from "../../../pipeline/publish/query.ts";
import { smallPipeline } from "../../../pipeline/publish/small_pipeline.ts";

const { root, database, pipeline, remove } = smallPipeline();

Deno.test.afterAll(remove);

/** Every published file and page, with its bytes. */
function published(): Map<string, string> {
  const found = new Map<string, string>();
  for (const folder of ["reports/smoke", "site/_site"]) {
    const entries = readdirSync(join(root, folder), { recursive: true, withFileTypes: true });
    for (const entry of entries.filter((entry) => entry.isFile())) {
      const path = join(entry.parentPath, entry.name);
      found.set(path.slice(root.length + 1), readFileSync(path, "base64"));
    }
  }
  return found;
}

/** The rows of the published database. */
async function rows(): Promise<string> {
  const tables = ["experiment", "cell", "provenance", "job", "curve", "machine"];
  const all = await Promise.all(tables.map((table) => query(database, `SELECT * FROM ${table}`)));
  return JSON.stringify(all, (_key, v) => typeof v === "bigint" ? String(v) : v);
}

/** A database of the same rows has other bytes each time that it is made, and so have the notes of its bytes. */
const OTHER_BYTES = /results\.duckdb$|published\.json$|\.built\.json$/;

/** What is not as it was; `remade`: the database had to be made again. */
async function differing(before: Published, remade = false): Promise<string[]> {
  const now = published();
  const paths = [...before.files].filter(([path, bytes]) =>
    !(remade && OTHER_BYTES.test(path)) && now.get(path) !== bytes
  ).map(([path]) => path);
  return await rows() === before.rows ? paths : [...paths, "rows"];
}

interface Published {
  files: Map<string, string>;
  rows: string;
}

const look = async (): Promise<Published> => ({ files: published(), rows: await rows() });

function flip(path: string) {
  const bytes = readFileSync(path);
  bytes[bytes.length >> 1] ^= 1;
  writeFileSync(path, bytes);
}

function replaceByFolder(path: string) {
  rmSync(path, { recursive: true });
  mkdirSync(path);
}

Deno.test("whatever becomes of a published file or a page, the next run restores it", async () => {
  await pipeline();
  const places = ["reports/smoke/two.md", "reports/smoke/two.parquet"];
  places.push("site/_site/index.html", "site/_site/experiments/two.html", "site/_site/.built.json");
  places.push("reports/smoke/results.duckdb", "reports/smoke/published.json");
  const damages = { flip, truncateSync, rmSync, replaceByFolder };
  for (const place of places) {
    const before = await look();
    for (const [name, damage] of Object.entries(damages)) {
      damage(join(root, place));
      await pipeline();
      assert.deepEqual(
        await differing(before, OTHER_BYTES.test(place) && place.startsWith("reports")),
        [],
        `${name} of ${place}`,
      );
    }
  }
  const before = await look();
  for (const folder of ["reports/smoke", "reports", "site/_site"]) {
    rmSync(join(root, folder), { recursive: true });
    await pipeline();
    assert.deepEqual(await differing(before, true), [], `without ${folder}`);
    rmSync(join(root, folder), { recursive: true });
    if (folder !== "reports") writeFileSync(join(root, folder), "a file");
    await pipeline();
    assert.deepEqual(await differing(before, true), [], `a file instead of ${folder}`);
  }
  assert.doesNotMatch(await pipeline(), /Published/);
});

Deno.test("a stamp that names fewer files than there are hides no damage", async () => {
  await pipeline();
  const before = await look();
  const path = join(root, "reports/smoke/published.json");
  const { source, files } = JSON.parse(readFileSync(path, "utf8"));
  for (const kept of [{}, { "one.md": files["one.md"] }, { ...files, "gone.md": "x" }]) {
    writeFileSync(path, JSON.stringify({ source, files: kept }));
    flip(join(root, "reports/smoke/two.md"));
    await pipeline();
    assert.deepEqual(await differing(before, true), []);
  }
});

Deno.test("a folder of somebody's in the place of a table is moved aside, not lost", async () => {
  await pipeline();
  const path = join(root, "reports/smoke/two.md");
  for (const aside of ["two.md.moved", "two.md.moved-2"]) {
    replaceByFolder(path);
    writeFileSync(join(path, "notes"), "dear");
    mkdirSync(join(root, "reports/smoke/my notes"), { recursive: true });
    await pipeline();
    assert.equal(readFileSync(join(root, "reports/smoke", aside, "notes"), "utf8"), "dear");
    assert.match(readFileSync(path, "utf8"), /^# Two/);
  }
});

Deno.test("commands are those that made the tables and the jobs, whatever the run that publishes them", async () => {
  const commands = async (path = database) => ({
    tables: (await query(path, "SELECT command FROM experiment ORDER BY position"))
      .map((row) => row.command),
    jobs: new Map(
      (await query(path, "SELECT label, command FROM job")).map((r) => [r.label, r.command]),
    ),
  });
  const store = join(root, "other store");
  const args = ["--store", store];
  await pipeline(...args);
  const made = `deno task pipeline --profile smoke --store '${store}'`;
  rmSync(join(root, "reports"), { recursive: true });
  renameSync(store, join(root, "renamed"));
  await pipeline("--store", join(root, "renamed"));
  const found = await commands();
  assert.deepEqual(found.tables, [
    made.replace("pipeline", "pipeline --only one"),
    made.replace("pipeline", "pipeline --only two"),
  ]);
  assert.equal(found.jobs.get("one/curves"), `${made} --job one/curves`);
  // A run with changed parameters makes one of the tables, and publishes both.
  const sets = ["--set", "make.seed=8", "--set", "table.of=3"];
  await pipeline("--store", join(root, "renamed"), "--only", "two", ...sets);
  const set = await commands(join(root, "reports/smoke-set/results.duckdb"));
  const changed = `--profile smoke --store ${join(root, "renamed")} ${sets.join(" ")}`;
  assert.deepEqual(set.tables, [found.tables[0], `deno task pipeline --only two ${changed}`]);
  assert.equal(set.jobs.get("one/curves"), `${made} --job one/curves`);
  assert.equal(set.jobs.get("two/only"), `deno task pipeline ${changed} --job two/only`);
});

Deno.test("a database that was damaged costs no table that only it could give back", async () => {
  await pipeline();
  const fresh = ["--only", "two", "--store", join(root, "fresh")];
  // Another checkout, with the published files and without the store, runs one of the two.
  for (const damage of [flip, rmSync, replaceByFolder]) {
    rmSync(join(root, "reports"), { recursive: true, force: true });
    rmSync(join(root, "fresh"), { recursive: true, force: true });
    await pipeline();
    damage(database);
    const { error } = console;
    const said: string[] = [];
    console.error = (line: string) => said.push(line);
    try {
      await pipeline(...fresh);
    } finally {
      console.error = error;
    }
    assert.match(said.join("\n"), /left out of it; their files stay/);
    for (const name of ["one.md", "one.parquet", "two.md"]) {
      assert.ok(existsSync(join(root, "reports/smoke", name)), name);
    }
    // Where the jobs are, all is as it was.
    await pipeline();
    assert.equal((await query(database, "SELECT id FROM experiment")).length, 2);
  }
});
