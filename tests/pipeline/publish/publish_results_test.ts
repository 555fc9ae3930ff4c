/** @file What a run publishes: a small pipeline with curves, seeds and observed numbers, from its jobs to the database. */
import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseCommand } from "../../../pipeline/commands/options.ts";
import { command } from "../../../pipeline/commands/run.ts";
import { gitCommit } from "../../../pipeline/log/git.ts";
import { publishSource } from "../../../pipeline/publish/publish_results.ts";
import { jobsOf } from "../../../pipeline/publish/source.ts";
import { openWorkspace } from "../../../pipeline/workspace.ts";
import { query } from "./query.ts";

const stage = `
export const params = { safeParse: (data) => ({ success: true, data }) };
`;

/** Files of a pipeline whose jobs leave curves of stated lengths, and a table of both its experiments. */
const files: Record<string, string> = {
  "pipeline/stages/make.ts": `${stage}
export function run(ctx) {
  const { points = {}, seconds } = ctx.params;
  for (const [name, n] of Object.entries(points)) {
    for (let i = 0; i < n; i++) ctx.metric(name, 10 * i, i === 0 ? NaN : 1 / i);
  }
  if (seconds !== undefined) ctx.observe("step seconds", seconds);
  return { files: { "out.txt": "out\\n" }, scalars: { steps: 50 } };
}
`,
  "pipeline/stages/table.ts": `${stage}
export function run(ctx) {
  const runs = Object.keys(ctx.inputs);
  const summary = {
    columns: [{ id: "loss", label: "loss" }, { id: "price", label: "price" }],
    rows: [{
      loss: { value: ctx.params.of === 2 ? "NaN" : runs.length, runs },
      price: { observed: { name: "step seconds", stage: "make", times: "steps", scale: 2 }, runs },
    }],
    verdict: { outcome: "undecided", rule: "r", reason: "r" },
    findings: [],
    plots: [],
  };
  return { files: { "summary.json": JSON.stringify(summary) } };
}
`,
  "pipeline/experiments/one.ts": `
export const meta = {
  id: "one", title: "One", question: "?", hypothesis: "h", method: "m", command: "deno task pipeline --only one",
};
export function grid(g) {
  const made = (name, params, inputs = {}) => g.job("make", params, inputs, name);
  const data = made("data", { seed: 0 });
  const curves = made("curves", {
    seed: 3,
    points: { one: 1, two: 2, some: 99, hundred: 100, more: 250, many: 1000 },
    seconds: 4,
  }, { data });
  return g.job("table", { of: 1 }, {
    curves,
    keyed: made("keyed", { system: { key: 7 }, seconds: 2 }),
    single: made("single", { seeds: [{ system: 5 }] }),
    several: made("several", { seeds: [{ system: 5 }, { system: 6 }] }),
    plain: made("plain", { system: { key: "x" } }),
    tuning: made("tuning", { seed: 4, system: { key: 9 } }),
  }, "table");
}
`,
  "pipeline/experiments/two.ts": `
export const meta = {
  id: "two", title: "Two", question: "?", hypothesis: "h", method: "m", command: "deno task pipeline --only two",
};
export function grid(g) {
  return g.job("table", { of: 2 }, { only: g.job("make", { points: { loss: 3 } }, {}, "only") }, "table");
}
`,
  "pipeline/experiments/index.ts":
    `export const experiments = ["pipeline/experiments/one.ts", "pipeline/experiments/two.ts"];\n`,
  "deno.json": JSON.stringify({ imports: {} }),
};

const root = mkdtempSync(join(Deno.env.get("TMPDIR") ?? "/tmp", "published-"));
const database = join(root, "reports/smoke/results.duckdb");

const options = (...args: string[]) =>
  parseCommand("run", ["--root", root, "--profile", "smoke", "--jobs", "2", ...args]);

/** Runs the pipeline as the command line does; says what it printed. */
async function pipeline(...args: string[]): Promise<string> {
  const said: string[] = [];
  const { log } = console;
  console.log = (...words: unknown[]) => said.push(words.join(" "));
  try {
    assert.equal(await command(options(...args)), 0, said.join("\n"));
  } finally {
    console.log = log;
  }
  return said.join("\n");
}

let printed = "";

Deno.test.beforeAll(async () => {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  printed = await pipeline();
});

Deno.test.afterAll(() => rmSync(root, { recursive: true, force: true }));

Deno.test("a run publishes every experiment and builds the site from it", () => {
  assert.match(printed, /Published 5 files in .*reports\/smoke/);
  assert.match(printed, /Site: .*index\.html \(file:/);
  for (const name of ["one.md", "one.parquet", "two.md", "two.parquet", "results.duckdb"]) {
    assert.ok(existsSync(join(root, "reports/smoke", name)), name);
  }
  assert.match(readFileSync(join(root, "site/_site/index.html"), "utf8"), /experiments\/two\.html/);
});

Deno.test("a curve is published with its first and last point, and at most about a hundred evenly spaced ones", async () => {
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
    if (length < 100) {
      assert.equal(curve.length, length, `${name} is whole`);
      continue;
    }
    // Every second, third and eleventh, and both ends.
    assert.equal(curve.length, { hundred: 51, more: 85, many: 92 }[name], name);
    const gaps = new Set(places.slice(2, -1).map((place, i) => place - places[i + 1]));
    assert.equal(gaps.size, 1, `${name} is evenly spaced: ${[...gaps]}`);
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
  // One's own seed, that of its system, that of the one that is trained; several are none.
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

  const changed = await pipeline("--only", "two", "--set", "make.seed=8");
  assert.match(changed, /Published 5 files in .*smoke-set/);
  assert.equal(readFileSync(join(root, "reports/smoke/published.json"), "utf8"), before);
  const own = join(root, "reports/smoke-set/results.duckdb");
  const seeds = await query(own, "SELECT label, seed::INTEGER AS s FROM job ORDER BY label");
  // The other experiment as it was run last, without the change.
  assert.deepEqual(seeds.map(({ label, s }) => `${label} ${s}`), [
    ...["one/curves 3", "one/data 0", "one/keyed 7", "one/plain null", "one/several null"],
    ...["one/single 5", "one/tuning 4", "two/only 8"],
  ]);
  const [{ command }] = await query(own, "SELECT command FROM job WHERE label = 'two/only'");
  assert.equal(command, "deno task pipeline --profile smoke --set make.seed=8 --job two/only");

  // A damaged report is published again although no job has changed.
  rmSync(join(root, "reports/smoke/two.md"));
  rmSync(join(root, "reports/smoke/published.json"));
  assert.match(await pipeline(), /Published 5 files/);
  assert.ok(existsSync(join(root, "reports/smoke/two.md")));
});

Deno.test("what never finished is absent, a single experiment is enough", async () => {
  const printed = await pipeline(
    ...["--only", "two", "--set", "make.seed=1", "--store", join(root, "fresh")],
  );
  assert.match(printed, /Published 3 files/);
  const own = join(root, "reports/smoke-set/results.duckdb");
  const [row, ...others] = await query(own, "SELECT id, command FROM experiment");
  assert.deepEqual([row.id, others], ["two", []]);
  assert.match(row.command, / --only two --profile smoke --store \S+fresh --set make\.seed=1$/);
});

Deno.test("a changed job and a changed title are published, and nothing else is said to be", async () => {
  const edit = (from: string, to: string) => {
    const path = join(root, "pipeline/experiments/two.ts");
    const before = readFileSync(path, "utf8");
    assert.ok(before.includes(from));
    writeFileSync(path, before.replace(from, to));
  };
  edit("loss: 3", "loss: 4");
  assert.match(await pipeline(), /Published 5 files/);
  const points =
    "SELECT count(*)::INTEGER AS n FROM curve JOIN job ON job = key WHERE label = 'two/only'";
  assert.equal((await query(database, points))[0].n, 4);
  edit('title: "Two"', 'title: "Two again"');
  assert.match(await pipeline(), /0 ran .*\nPublished 5 files/s);
  assert.match(readFileSync(join(root, "reports/smoke/two.md"), "utf8"), /^# Two again\n/);
  // A file that is gone or was edited comes back.
  const [table, parquet] = ["md", "parquet"].map((end) =>
    join(root, "reports/smoke", `two.${end}`)
  );
  const before = readFileSync(table, "utf8");
  mkdirSync(join(root, "reports/smoke/notes of a reader"));
  writeFileSync(table, "edited");
  rmSync(parquet);
  assert.match(await pipeline(), /Published 5 files/);
  assert.equal(readFileSync(table, "utf8"), before);
  assert.ok(existsSync(parquet));
  // Without the note of what was published last it is found out by the files.
  rmSync(join(root, ".store/cache/published-smoke.json"));
  assert.doesNotMatch(await pipeline(), /Published/);
});

Deno.test("an edit of any module that publishes is a reason to look again", async () => {
  const here = fileURLToPath(new URL("../../../pipeline", import.meta.url));
  const modules = readdirSync(join(here, "publish")).map((name) => join(here, "publish", name));
  const [edited] = modules;
  const stamp = () => readFileSync(join(root, ".store/cache/published-smoke.json"), "utf8");
  await pipeline();
  const before = stamp();
  const looked = new Set<string>();
  const { openSync } = Deno;
  Deno.openSync = (path, options) => {
    looked.add(String(path));
    return openSync(path === edited ? join(root, "deno.json") : path, options);
  };
  try {
    await pipeline();
  } finally {
    Deno.openSync = openSync;
  }
  assert.notEqual(stamp(), before);
  assert.deepEqual([...modules, join(here, "results.ts")].filter((path) => !looked.has(path)), []);
});

const versions = (path: string) =>
  query(path, 'SELECT id, older, "commit" FROM experiment ORDER BY position');

Deno.test("a table whose jobs have changed and were not run again is published as of an older version", async () => {
  await pipeline();
  assert.deepEqual((await versions(database)).map(({ older }) => older), [false, false]);
  const git = (...args: string[]) => {
    const { success, stderr } = new Deno.Command("git", {
      args: ["-C", root, "-c", "user.name=a", "-c", "user.email=a@b", ...args],
    }).outputSync();
    assert.ok(success, new TextDecoder().decode(stderr));
  };
  git("init", "--quiet");
  writeFileSync(join(root, ".gitignore"), "/.store/\n/reports/\n/site/\n");
  git("add", "--all");
  git("commit", "--quiet", "--message", "one");
  const { commit } = gitCommit(root)!;
  const path = join(root, "pipeline/stages/make.ts");
  writeFileSync(path, readFileSync(path, "utf8").replace("steps: 50", "steps: 51"));
  await pipeline("--only", "two");
  const [one, two] = await versions(database);
  assert.deepEqual([one.older, one.commit], [true, null], "it ran outside git");
  assert.deepEqual([two.older, two.commit], [false, `${commit}-dirty`]);
  assert.match(readFileSync(join(root, "reports/smoke/one.md"), "utf8"), /\*Of an older version:/);
  assert.doesNotMatch(readFileSync(join(root, "reports/smoke/two.md"), "utf8"), /older version/);
  // Without an edit again, and all jobs of today.
  await pipeline();
  assert.deepEqual((await versions(database)).map(({ older }) => older), [false, false]);
});

Deno.test("a store that has only some of the tables keeps the published others, and says whether they are older", async () => {
  await pipeline();
  const store = ["--only", "two", "--store", join(root, "other")];
  const table = readFileSync(join(root, "reports/smoke/one.md"), "utf8");
  await pipeline(...store);
  // The code is that of the store that made it.
  assert.deepEqual((await versions(database)).map(({ id, older }) => [id, older]), [
    ["one", false],
    ["two", false],
  ]);
  assert.equal(readFileSync(join(root, "reports/smoke/one.md"), "utf8"), table);
  const [{ n }] = await query(
    database,
    "SELECT count(*)::INTEGER AS n FROM curve JOIN job ON job = key WHERE label = 'one/curves'",
  );
  assert.ok(n > 200, "with its curves");
  rmSync(join(root, "other/cache/published-smoke.json"));
  assert.doesNotMatch(await pipeline(...store), /Published/, "the same again");
  const path = join(root, "pipeline/experiments/one.ts");
  const before = readFileSync(path, "utf8");
  for (
    const [from, to] of [["seed: 0", "seed: 1"], ['made("plain",', 'made("other",'], [
      '    plain: made("plain", { system: { key: "x" } }),\n',
      "",
    ]]
  ) {
    assert.ok(before.includes(from));
    writeFileSync(path, before.replace(from, to));
    await pipeline(...store);
    assert.deepEqual((await versions(database)).map(({ older }) => older), [true, false], from);
    assert.match(readFileSync(join(root, "reports/smoke/one.md"), "utf8"), /\*Of an older version/);
  }
  writeFileSync(path, before);
  await pipeline(...store);
  assert.deepEqual((await versions(database)).map(({ older }) => older), [false, false]);
  // Damaged results cannot be kept; the run goes on without them.
  writeFileSync(database, "damaged");
  await pipeline(...store);
  assert.deepEqual((await versions(database)).map(({ id }) => id), ["two"]);
});

Deno.test("the jobs of a source stand by their labels, and one that is lost is missed", async () => {
  const workspace = await openWorkspace(options());
  try {
    const catalog = await workspace.catalog();
    const machine = { id: "idle", description: "ran nothing" };
    await catalog.startRun({ id: "another", profile: "smoke", command: "", machine });
    const { jobs, machines } = await publishSource(workspace, options(), "smoke");
    assert.deepEqual(machines.map(({ id }) => id), [jobs[0].machine]);
    const labels = jobs.map(({ label }) => label);
    assert.equal(labels.length, 8);
    assert.deepEqual(labels, labels.toSorted());
    await catalog.forget(jobs.filter(({ label }) => label === "one/data").map(({ key }) => key));
    const lost = await publishSource(workspace, options(), "smoke");
    assert.deepEqual(lost.jobs.map(({ label }) => label), labels.filter((l) => l !== "one/data"));
    assert.throws(
      () => jobsOf(lost.experiments[0], new Map(lost.jobs.map((job) => [job.key, job]))),
      /input "data" of job "one\/curves" names job \w+, which the catalogue does not hold/,
    );
  } finally {
    workspace.close();
  }
});
