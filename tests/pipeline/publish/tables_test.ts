/** @file The rows of the Parquet file and of the database, from summaries made by hand. */
import { DuckDBInstance } from "@duckdb/node-api";
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { writeTables } from "../../../pipeline/publish/duckdb.ts";
import type { ExperimentRecord, PublishSource } from "../../../pipeline/publish/source.ts";
import type { Table } from "../../../pipeline/publish/rows.ts";
import { databaseTables, wide } from "../../../pipeline/publish/tables.ts";
import type { Cell, Column, PublishedRow, PublishedSummary } from "../../../pipeline/results.ts";
import { job, meta, uses } from "../../site/fixtures/records.ts";
import { query } from "./query.ts";

const cell = (value: number, more: Partial<Cell> = {}): Cell => ({ value, runs: ["r"], ...more });

/** The wide table of one column. */
function column(rows: PublishedRow[], format?: Column["format"]): Table {
  return wide({ columns: [{ id: "x", label: "x", format }], rows });
}

Deno.test("a column of labels has the narrowest type that holds all of them", () => {
  const type = (...values: (string | number)[]) => column(values.map((x) => ({ x }))).columns.x;
  assert.equal(type(1, 2), "INTEGER");
  assert.equal(type(1, 2.5), "DOUBLE");
  assert.equal(type(2 ** 31 - 1, 1 - 2 ** 31), "INTEGER");
  assert.equal(type(2 ** 31), "DOUBLE");
  assert.equal(type(-(2 ** 31)), "DOUBLE");
  assert.equal(type(1, "two"), "VARCHAR");
  assert.deepEqual(column([{ x: 1 }, { x: "two" }, {}]).rows, [["1"], ["two"], [null]]);
  // A measured number is no label, and a column without values is one of numbers unless it says text.
  assert.equal(column([{ x: cell(1) }]).columns.x, "DOUBLE");
  assert.equal(column([{}]).columns.x, "DOUBLE");
  assert.equal(column([{}], "text").columns.x, "VARCHAR");
  assert.equal(column([{ x: 1 }], "text").columns.x, "INTEGER");
});

Deno.test("a measured column has beside it what any of its cells has", () => {
  const both = column([
    { x: cell(1, { low: 0, high: 2 }) },
    { x: cell(3, { n: 5 }) },
    { x: 7 },
    {},
  ]);
  assert.deepEqual(both.columns, { x: "DOUBLE", x_low: "DOUBLE", x_high: "DOUBLE", x_n: "BIGINT" });
  assert.deepEqual(both.rows, [
    [1, 0, 2, null],
    [3, null, null, 5],
    [7, null, null, null],
    [null, null, null, null],
  ]);
  assert.deepEqual(Object.keys(column([{ x: cell(1, { n: 5 }) }]).columns), ["x", "x_n"]);
  assert.deepEqual(column([{ x: cell(NaN, { n: 0 }) }]).rows, [[NaN, 0]]);
});

function record(id: string, summary: Partial<PublishedSummary>, runs: Record<string, string>) {
  return {
    meta: meta(id, { title: `${id} title`, question: `${id}?`, hypothesis: "h", method: "m" }),
    runs,
    version: {
      key: `key of ${id}`,
      commit: id === "first" ? "c1-dirty" : null,
      older: id === "first",
    },
    summary: {
      columns: [{ id: "name", label: "name" }, { id: "x", label: "x", format: "percent" }],
      rows: [],
      verdict: { outcome: "refuted", rule: "the rule", reason: "the reason" },
      findings: [],
      plots: [],
      ...summary,
    } as PublishedSummary,
  } satisfies ExperimentRecord;
}

const data = job("generate", "data", { seed: 3 });
const model = job("train", "model", {
  ...{ engine: "ort", engineVersion: "1.2", machine: "m", seconds: 1.5, params: { b: 1, a: [2] } },
  inputs: [uses("data", data), { name: "file", job: null, content: "c" }],
  commit: "c2",
});
const score = job("evaluate", "score", { inputs: [uses("model", model), uses("data", data)] });
const unused = job("train", "unused", {});

const source: PublishSource = {
  profile: "quick",
  experiments: [
    record("second", { findings: ["f", "g"] }, { r: score.key }),
    record("first", {
      rows: [
        { name: "a", x: cell(0.5, { low: 0.25, high: 0.75, n: 5, runs: ["r", "s", "r"] }) },
        { name: 0.36, x: cell(1, { low: 0 }) },
      ],
    }, { r: score.key, s: data.key }),
  ],
  jobs: [unused, score, model, data],
  machines: [{ id: "m", description: "machine" }],
  curves: () =>
    Promise.resolve([
      { job: model.key, name: "loss", step: 1, value: 0.5 },
      { job: unused.key, name: "loss", step: 1, value: 0.5 },
    ]),
};

const tables = Object.fromEntries(
  (await databaseTables(source)).map((table) => [table.name, table]),
);

/** The rows of a table, as records. */
const records = (name: string) =>
  tables[name].rows.map((row) => {
    assert.equal(row.length, Object.keys(tables[name].columns).length, name);
    return Object.fromEntries(Object.keys(tables[name].columns).map((id, i) => [id, row[i]]));
  });

Deno.test("experiments stand in the order of the source, with all that is said of them", () => {
  const [first, second] = records("experiment");
  assert.deepEqual(first, {
    ...{ id: "second", position: 0, profile: "quick", title: "second title", question: "second?" },
    ...{ hypothesis: "h", method: "m", command: "deno task pipeline --only second" },
    ...{
      outcome: "refuted",
      rule: "the rule",
      reason: "the reason",
      findings: ["f", "g"],
      rows: 0,
    },
    made: [
      "Computed by 3 jobs (generate 1, train 1, evaluate 1); seed 3; engine ort 1.2.",
      "Code: commit c2.",
      "Machine: machine.",
    ],
    columns: JSON.stringify(source.experiments[0].summary.columns),
    plots: "[]",
    ...{ key: "key of second", commit: null, older: false },
    ...{ p: null, q: null, alone: null, declared: null },
  });
  assert.deepEqual([second.id, second.position, second.rows], ["first", 1, 2]);
  assert.deepEqual([second.commit, second.older], ["c1-dirty", true]);
});

Deno.test("a cell has its number and its text, a label no run, and a run is cited once", () => {
  assert.deepEqual(tables.cell.rows, [
    ["first", 0, "name", "label", null, null, null, null, "a", null, null],
    ["first", 0, "x", "measured", 0.5, 0.25, 0.75, 5, "50.0 %", "[25.0, 75.0]", "mean"],
    ["first", 1, "name", "label", 0.36, null, null, null, "0.36", null, null],
    ["first", 1, "x", "measured", 1, 0, null, null, "100.0 %", null, "mean"],
  ]);
  assert.deepEqual(tables.provenance.rows, [
    ["first", 0, "x", "r", score.key],
    ["first", 0, "x", "s", data.key],
    ["first", 1, "x", "r", score.key],
  ]);
});

Deno.test("a run that its experiment does not have is refused, with the first of those that it has", async () => {
  const runs = Object.fromEntries([1, 2, 3, 4, 5, 6].map((i) => [`r${i}`, score.key]));
  const rows: PublishedRow[] = [{ name: "a" }, { x: cell(1, { runs: ["r6", "toString"] }) }];
  await assert.rejects(
    databaseTables({ ...source, experiments: [record("e", { rows }, runs)] }),
    /experiment "e", row 1, column "x" cites run "toString", .* \(r1, r2, r3, r4, r5, \.\.\.\)\.$/,
  );
});

Deno.test("jobs that something came from are listed, inputs first, with their curves", () => {
  assert.deepEqual(records("job").map(({ label }) => label), ["data", "model", "score"]);
  const [first, second] = records("job");
  assert.deepEqual(second, {
    ...{ key: model.key, stage: "train", label: "model", params: '{"b":1,"a":[2]}' },
    ...{ code: model.code, engine: "ort", engine_version: "1.2", machine: "m", seed: null },
    ...{ seconds: 1.5, command: model.command, inputs: model.inputs, commit: "c2" },
  });
  assert.deepEqual([first.seed, first.seconds, first.inputs], [3, null, []]);
  assert.deepEqual(tables.curve.rows, [[model.key, "loss", 1, 0.5]]);
  assert.deepEqual(tables.machine.rows, [["m", "machine"]]);
});

Deno.test("a folder may have any name, and both files read back what was put in", async () => {
  const folder = join(mkdtempSync(join(Deno.env.get("TMPDIR") ?? "/tmp", "tables-")), "it's");
  mkdirSync(folder);
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  const rows = async (sql: string) => (await connection.runAndReadAll(sql)).getRowObjectsJS();
  const quoted = (name: string) => `'${join(folder, name).replaceAll("'", "''")}'`;
  try {
    assert.deepEqual(await writeTables(source, folder), [
      ...["second.parquet", "first.parquet", "results.duckdb"],
    ]);
    assert.deepEqual(await rows(`FROM ${quoted("first.parquet")}`), [
      { name: "a", x: 0.5, x_low: 0.25, x_high: 0.75, x_n: 5n },
      { name: "0.36", x: 1, x_low: 0, x_high: null, x_n: null },
    ]);
    await connection.run(`ATTACH ${quoted("results.duckdb")} AS r (READ_ONLY)`);
    for (const { name, columns, rows: expected } of Object.values(tables)) {
      const found = await rows(`FROM r."${name}"`);
      if (expected.length === 0) {
        assert.deepEqual(found, [], name);
        continue;
      }
      assert.deepEqual(Object.keys(found[0]), Object.keys(columns), name);
      const plain = found.map((row) =>
        Object.values(row).map((v) => typeof v === "bigint" ? Number(v) : v)
      );
      assert.deepEqual(plain, expected, name);
    }
  } finally {
    connection.closeSync();
    instance.closeSync();
    rmSync(join(folder, ".."), { recursive: true });
  }
});

Deno.test("a publication of full size is written in seconds", async () => {
  const runs = Array.from({ length: 3000 }, (_, i) => `run ${i}`);
  const scores = runs.flatMap((run, i) =>
    Array.from({ length: 10 }, (_, k) => ({ run, metric: `metric ${k}`, value: i + k / 10 }))
  );
  const tags = Object.fromEntries(runs.map((run, i) => [run, { model: "lstm", seed: i }]));
  const inputs = ["data", "tuned", "model"].map((name) => ({ name, job: null, content: name }));
  const jobs = runs.map((run) => ({ ...job("make", run), inputs }));
  const large = record("large", { scores, tags }, {});
  const folder = mkdtempSync(join(Deno.env.get("TMPDIR") ?? "/tmp", "tables-"));
  try {
    const before = performance.now();
    await writeTables({
      ...{ profile: "quick", jobs, machines: [], curves: () => Promise.resolve([]) },
      experiments: [{
        ...large,
        runs: Object.fromEntries(runs.map((run, i) => [run, jobs[i].key])),
      }],
    }, folder);
    // One by one the values took four milliseconds each: minutes.
    const seconds = (performance.now() - before) / 1000;
    assert.ok(seconds < 60, `${seconds} s`);
    const [{ n, total }] = await query(
      join(folder, "results.duckdb"),
      "SELECT count(*)::INTEGER AS n, sum(value) AS total FROM score",
    );
    assert.equal(n, 30000);
    assert.ok(Math.abs(total - scores.reduce((sum, { value }) => sum + value, 0)) < 1e-3);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
