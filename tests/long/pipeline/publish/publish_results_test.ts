/** @file What a run publishes: a small pipeline with curves, seeds and observed numbers, from its jobs to the database. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { publishSource } from "../../../../pipeline/publish/catalog_source.ts";
import { jobsOf } from "../../../../pipeline/publish/source.ts";
import { openWorkspace } from "../../../../pipeline/workspace.ts";
import { query } from "../../../pipeline/publish/query.ts";
import { smallPipeline } from "../../../pipeline/publish/small_pipeline.ts";

const { root, database, options, pipeline, remove } = smallPipeline();

let printed = "";

Deno.test.beforeAll(async () => {
  printed = await pipeline();
});

Deno.test.afterAll(remove);

Deno.test("a run publishes every experiment and builds the site from it", () => {
  assert.match(printed, /Published 6 files in .*reports\/smoke/);
  assert.match(printed, /Site: .*index\.html \(file:/);
  for (
    const name of [
      "one.md",
      "one.parquet",
      "two.md",
      "two.parquet",
      "scores.parquet",
      "results.duckdb",
    ]
  ) {
    assert.ok(existsSync(join(root, "reports/smoke", name)), name);
  }
  assert.match(readFileSync(join(root, "site/_site/index.html"), "utf8"), /experiments\/two\.html/);
});

Deno.test("a curve is published with its ends and extremes, and sixteen to thirty evenly spaced points", async () => {
  const points = await query(
    database,
    "SELECT c.name, step, value FROM curve c JOIN job ON job = key WHERE label = 'one/curves' " +
      "ORDER BY c.name, step",
  );
  const lengths = { one: 1, two: 2, some: 99, hundred: 100, more: 250, many: 1000 };
  assert.deepEqual([...new Set(points.map((p) => p.name))].sort(), Object.keys(lengths).sort());
  for (const [name, length] of Object.entries(lengths)) {
    const curve = points.filter((p) => p.name === name);
    const places = curve.map((p) => p.step / 10);
    assert.equal(places[0], 0, `${name} begins at its first point`);
    assert.equal(places.at(-1), length - 1, `${name} ends at its last point`);
    for (const { step, value } of curve) assert.equal(value, step === 0 ? NaN : 10 / step, name);
    if (length < 32) {
      assert.equal(curve.length, length, `${name} is whole`);
      continue;
    }
    // Every sixth, fifteenth, 62nd; both ends; the second, which is the greatest; the last is the least.
    const every = Math.floor(length / 16);
    const expected = [0, 1, length - 1];
    for (let place = every; place <= length; place += every) expected.push(place - 1);
    assert.deepEqual(places, [...new Set(expected)].sort((a, b) => a - b), name);
    assert.ok(curve.length <= 35);
  }
  const others = await query(
    database,
    "SELECT count(*)::INTEGER AS n FROM curve JOIN job ON job = key WHERE label = 'two/only'",
  );
  assert.equal(others[0].n, 3);
});

Deno.test("a job is published with its seed, if it has one, its parameters, inputs and command", async () => {
  const jobs = await query(database, "SELECT *, seed::INTEGER AS s FROM job");
  const by = (label: string) => jobs.find((job) => job.label === label)!;
  // One's own system, that of the one that is trained; several are none.
  assert.deepEqual(
    Object.fromEntries(jobs.map((job) => [job.label, job.s])),
    {
      "one/data": 0,
      "one/curves": 3,
      "one/keyed": 7,
      "one/single": 5,
      "one/several": null,
      "one/plain": null,
      "one/tuning": 4,
      "two/only": null,
    },
    "the tables' own jobs are not among what they were made of",
  );
  const { stage, params, command, inputs, seconds, machine, engine, code } = by("one/curves");
  assert.equal(stage, "make");
  assert.equal(JSON.parse(params).points.many, 1000);
  assert.equal(command, "deno task pipeline --profile smoke --job one/curves");
  assert.equal(inputs.length, 1);
  assert.deepEqual([inputs[0].name, inputs[0].job], ["data", by("one/data").key]);
  assert.match(inputs[0].content, /^[0-9a-f]{64}$/);
  assert.match(code, /^[0-9a-f]{64}$/);
  assert.equal(engine, "", "no engine ran");
  assert.ok(seconds > 0 && seconds < 60);
  const machines = await query(database, "SELECT * FROM machine");
  assert.deepEqual(machines.map(({ id }) => id), [machine]);
});

Deno.test("observed numbers stand in the table, and its command makes it again", async () => {
  const [price] = await query(
    database,
    "SELECT * FROM cell WHERE experiment = 'one' AND \"column\" = 'price'",
  );
  // Two of six jobs observed it: 4 and 2 seconds a step, times 50 steps, times 2.
  assert.equal(price.value, 300);
  assert.equal(Number(price.n), 2);
  const behind = await query(
    database,
    "SELECT run FROM provenance WHERE experiment = 'one' AND \"column\" = 'price'",
  );
  assert.equal(behind.length, 6);
  const [none] = await query(
    database,
    "SELECT count(*)::INTEGER AS n FROM cell WHERE experiment = 'two'",
  );
  assert.equal(none.n, 1, "what was not observed has no cell");
  const commands = await query(database, "SELECT command FROM experiment ORDER BY position");
  assert.deepEqual(commands.map((row) => row.command), [
    "deno task pipeline --only one --profile smoke",
    "deno task pipeline --only two --profile smoke",
  ]);
});

Deno.test("a run of one experiment keeps the others, changed parameters are published by themselves", async () => {
  const before = readFileSync(join(root, "reports/smoke/published.json"), "utf8");
  const again = await pipeline();
  assert.doesNotMatch(again, /Published/);
  assert.match(again, /Site: /);
  assert.equal(readFileSync(join(root, "reports/smoke/published.json"), "utf8"), before);

  const changed = await pipeline("--only", "two", "--set", "make.instance=8");
  assert.match(changed, /Published 6 files in .*smoke-set/);
  assert.equal(readFileSync(join(root, "reports/smoke/published.json"), "utf8"), before);
  const own = join(root, "reports/smoke-set/results.duckdb");
  const seeds = await query(own, "SELECT label, seed::INTEGER AS s FROM job ORDER BY label");
  // The other experiment as it was run last, without the change.
  assert.deepEqual(seeds.map(({ label, s }) => `${label} ${s}`), [
    ...["one/curves 3", "one/data 0", "one/keyed 7", "one/plain null", "one/several null"],
    ...["one/single 5", "one/tuning 4", "two/only 8"],
  ]);
  const [{ command }] = await query(own, "SELECT command FROM job WHERE label = 'two/only'");
  assert.equal(command, "deno task pipeline --profile smoke --set make.instance=8 --job two/only");

  // A damaged report is published again although no job has changed.
  rmSync(join(root, "reports/smoke/two.md"));
  rmSync(join(root, "reports/smoke/published.json"));
  assert.match(await pipeline(), /Published 6 files/);
  assert.ok(existsSync(join(root, "reports/smoke/two.md")));
});

Deno.test("what never finished is absent, a single experiment is enough", async () => {
  const printed = await pipeline(
    ...["--only", "two", "--set", "make.instance=1", "--store", join(root, "fresh")],
  );
  assert.match(printed, /Published 3 files/);
  const own = join(root, "reports/smoke-set/results.duckdb");
  const [row, ...others] = await query(own, "SELECT id, command FROM experiment");
  assert.deepEqual([row.id, others], ["two", []]);
  assert.match(row.command, / --only two --profile smoke --store \S+fresh --set make\.instance=1$/);
});

Deno.test("a changed job and a changed title are published, and nothing else is said to be", async () => {
  const edit = (from: string, to: string) => {
    const path = join(root, "pipeline/experiments/two.ts");
    const before = readFileSync(path, "utf8");
    assert.ok(before.includes(from));
    writeFileSync(path, before.replace(from, to));
  };
  edit("loss: 3", "loss: 4");
  assert.match(await pipeline(), /Published 6 files/);
  const points =
    "SELECT count(*)::INTEGER AS n FROM curve JOIN job ON job = key WHERE label = 'two/only'";
  assert.equal((await query(database, points))[0].n, 4);
  edit('title: "Two"', 'title: "Two again"');
  assert.match(await pipeline(), /0 ran .*\nPublished 6 files/s);
  assert.match(readFileSync(join(root, "reports/smoke/two.md"), "utf8"), /^# Two again\n/);
  // A file that is gone or was edited comes back.
  const [table, parquet] = ["md", "parquet"].map((end) =>
    join(root, "reports/smoke", `two.${end}`)
  );
  const before = readFileSync(table, "utf8");
  mkdirSync(join(root, "reports/smoke/notes of a reader"));
  writeFileSync(table, "edited");
  rmSync(parquet);
  assert.match(await pipeline(), /Published 2 files/);
  assert.equal(readFileSync(table, "utf8"), before);
  assert.ok(existsSync(parquet));
  // Without the note of what was published last it is found out by the files.
  rmSync(join(root, ".store/cache/published-smoke.json"));
  assert.doesNotMatch(await pipeline(), /Published/);
});

Deno.test("the jobs of a source stand by their labels, and one that is lost is missed", async () => {
  const workspace = await openWorkspace(await options());
  try {
    const catalog = await workspace.catalog();
    const machine = { id: "idle", description: "ran nothing" };
    await catalog.startRun({ id: "another", profile: "smoke", command: "", machine });
    const { jobs, machines } = await publishSource(workspace, await options(), "smoke");
    assert.deepEqual(machines.map(({ id }) => id), [jobs[0].machine]);
    const labels = jobs.map(({ label }) => label);
    assert.equal(labels.length, 8);
    assert.deepEqual(labels, labels.toSorted());
    await catalog.forget(jobs.filter(({ label }) => label === "one/data").map(({ key }) => key));
    const lost = await publishSource(workspace, await options(), "smoke");
    assert.deepEqual(lost.jobs.map(({ label }) => label), labels.filter((l) => l !== "one/data"));
    assert.throws(
      () => jobsOf(lost.experiments[0], new Map(lost.jobs.map((job) => [job.key, job]))),
      /input "data" of job "one\/curves" names job \w+, which the catalogue does not hold/,
    );
  } finally {
    await workspace.close();
  }
});

Deno.test("a job of an experiment that is gone has the label of the one that asks for it now", async () => {
  const other = smallPipeline();
  const write = (name: string, text: string) => writeFileSync(join(other.root, name), text);
  try {
    await other.pipeline();
    const old = await query(other.database, "SELECT key FROM job WHERE label = 'one/data'");
    assert.equal(old.length, 1);
    write(
      "pipeline/experiments/index.ts",
      `export const experiments = ["pipeline/experiments/two.ts"];\n`,
    );
    write(
      "pipeline/experiments/two.ts",
      `
export const meta = {
  id: "two", title: "Two", question: "?", hypothesis: "h", method: "m",
};
export function grid(g) {
  return g.job("table", { of: 2 }, { same: g.job("make", { instance: 0 }, {}, "same") }, "table");
}
`,
    );
    await other.pipeline();
    const now = await query(other.database, "SELECT key, label, command FROM job");
    assert.deepEqual(now.map(({ key, label }) => [key, label]), [[old[0].key, "two/same"]]);
    assert.match(now[0].command, /--job two\/same$/);
  } finally {
    other.remove();
  }
});
