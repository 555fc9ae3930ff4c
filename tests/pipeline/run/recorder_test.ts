/** @file From the outcome of a job to the catalogue, with outcomes that the test makes up. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { stopBundler } from "../../../pipeline/keys/bundle.ts";
import { contentOf } from "../../../pipeline/content/canonical.ts";
import type { JobNode } from "../../../pipeline/graph.ts";
import type { JobResult, JobSpec } from "../../../pipeline/run/protocol.ts";
import { recordInputs, recordNodes } from "../../../pipeline/run/labels.ts";
import type { Finished } from "../../../pipeline/run/scheduler.ts";
import type { Catalog } from "../../../pipeline/store/catalog.ts";
import type { MovedInput, NodeRow } from "../../../pipeline/store/changes.ts";
import { makeDemo } from "../helpers.ts";
import { type Bench, openBench } from "./helpers.ts";

/** A result as a worker would send it that had loaded the code of the key. */
function resultFor(bench: Bench, label: string, over: Partial<JobResult> = {}): JobResult {
  for (const hash of ["1", "2"].map((digit) => digit.repeat(64))) {
    const path = bench.workspace.objects.path(hash);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, "");
  }
  return {
    artifact: {
      files: [
        { name: "a.txt", sha256: "1".repeat(64), bytes: 3 },
        { name: "b.txt", sha256: "2".repeat(64), bytes: 4 },
      ],
      scalars: { loss: 0.5, worst: Infinity },
    },
    seconds: 1.5,
    observations: { rss: 7 },
    metrics: [["loss", 1, NaN], ["loss", 2, 0.5]],
    rules: [],
    codeSeen: bench.status(label).stale!.fingerprint.files,
    ...over,
  };
}

function finished(bench: Bench, label: string, outcome: Finished["outcome"]): Finished {
  return {
    status: bench.status(label),
    spec: { key: bench.status(label).stale!.key } as JobSpec,
    outcome,
  };
}

const query = async ({ workspace }: Bench, sql: string) =>
  await (await workspace.catalog()).query(sql);

Deno.test("a job's spec is what its key says, and nothing that the key does not know", async () => {
  using demo = makeDemo();
  await using bench = await openBench(demo, { engine: "jax" });
  const { workspace, recorder } = bench;
  const [data, fit, table] = ["data", "fit", "table"].map((name) => `means/${name}`);
  const spec = await recorder.spec(bench.status(data));
  const { stale } = bench.status(data);
  assert.deepEqual(spec, {
    key: stale!.key,
    label: "slopes/seed=1/data",
    root: demo.root,
    storeDir: join(demo.root, ".store"),
    inputDir: join(demo.root, ".store"),
    stage: { name: "generate", path: "pipeline/stages/generate.ts" },
    modules: {},
    params: { delay: 0, length: 16, seed: 1 },
    inputs: {},
    threads: 1,
    codeFiles: Object.keys(stale!.fingerprint.files),
  });
  assert.deepEqual(Object.keys(spec.params as object), ["delay", "length", "seed"]);
  const { artifact } = resultFor(bench, data);
  assert.equal(await bench.record(data, { ok: true, result: resultFor(bench, data) }), undefined);
  const next = await recorder.spec(bench.status(fit));
  assert.deepEqual(next.inputs, { data: artifact });
  assert.deepEqual(next.modules, {
    model: { path: "lib/models/mean.ts", exports: ["fit"] },
    engine: { path: "lib/engine/engines/jax.ts", exports: ["compile"] },
  });
  assert.equal(workspace.graph.byLabel.get(table)!.inputs.mean, bench.status(fit).node);
  await stopBundler();
});

Deno.test("the catalogue is asked once for what all jobs need that were done before, and not for what this run made", async () => {
  using demo = makeDemo();
  const data = ["slopes/seed=1/data", "slopes/seed=2/data"];
  const fits = ["slopes/seed=1/fit", "slopes/seed=2/fit", "means/fit"];
  const artifacts: unknown[] = [];
  {
    await using bench = await openBench(demo);
    for (const [i, label] of data.entries()) {
      const result = resultFor(bench, label);
      result.artifact.files = [{ name: `${i}.txt`, sha256: `${i}`.repeat(64), bytes: i }];
      result.artifact.scalars = { "b": 1, "a,": 2, "a": i };
      artifacts.push(result.artifact);
      const path = bench.workspace.objects.path(`${i}`.repeat(64));
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, "");
      assert.equal(await bench.record(label, { ok: true, result }), undefined);
    }
  }
  await using bench = await openBench(demo);
  const asked: string[][] = [];
  const catalog = await bench.workspace.catalog();
  const artifactsOf = catalog.artifacts.bind(catalog);
  catalog.artifacts = (keys) => {
    asked.push(keys);
    return artifactsOf(keys);
  };
  const inputs = async (label: string) => (await bench.recorder.spec(bench.status(label))).inputs;
  for (const [i, label] of fits.entries()) {
    assert.deepEqual(await inputs(label), { data: artifacts[i % 2] });
  }
  assert.deepEqual(asked.map((keys) => keys.length), [2]);
  for (const label of fits) {
    const result = resultFor(bench, label);
    assert.equal(await bench.record(label, { ok: true, result }), undefined);
  }
  const { artifact } = resultFor(bench, fits[0]);
  assert.deepEqual(await inputs("slopes/table"), { "seed=1": artifact, "seed=2": artifact });
  assert.equal(asked.length, 1);
  await stopBundler();
});

Deno.test("inputs are in the order of their names, not of the grid, and threads those of the run", async () => {
  using demo = makeDemo();
  demo.edit(
    "pipeline/experiments/means.ts",
    '{ mean }, "table"',
    '{ z: g.file("z.csv"), b: g.file("z.csv"), mean }, "table"',
  );
  demo.write("z.csv", "12345");
  await using bench = await openBench(demo, { threads: 3 });
  for (const label of ["means/data", "means/fit"]) {
    await bench.record(label, { ok: true, result: resultFor(bench, label) });
  }
  const { inputs, threads } = await bench.recorder.spec(bench.status("means/table"));
  assert.equal(threads, 3);
  assert.deepEqual(Object.keys(inputs), ["b", "mean", "z"]);
  const { files, path, scalars } = inputs.z;
  assert.deepEqual([files[0].name, files[0].bytes, scalars], ["z.csv", 5, {}]);
  assert.equal(path, join(demo.root, "z.csv"));
  await stopBundler();
});

Deno.test("a result is recorded with everything that it came from, and under every label of its job", async () => {
  using demo = makeDemo();
  await using bench = await openBench(demo);
  const [data, fit] = ["means/data", "means/fit"];
  const dataResult = resultFor(bench, data);
  await bench.record(data, { ok: true, result: dataResult });
  const { key: dataKey } = bench.status(data).stale!;
  const { key, ingredients } = bench.status(fit).stale!;
  const result = resultFor(bench, fit, { artifact: { files: [], scalars: { w: 2 } } });
  const [committed] = await bench.recorder.commit([finished(bench, fit, { ok: true, result })]);
  const content = contentOf({}, { w: 2 });
  const { metrics } = result;
  const scalars = { w: 2 };
  assert.deepEqual(committed, { key, content, objects: [], seconds: 1.5, metrics, scalars });
  const catalog = await bench.workspace.catalog();
  assert.deepEqual(await catalog.ingredients(key), ingredients);
  assert.deepEqual(await catalog.artifact(dataKey), dataResult.artifact);
  const dataContent = contentOf({ "a.txt": "1".repeat(64), "b.txt": "2".repeat(64) }, {
    loss: 0.5,
    worst: Infinity,
  });
  assert.deepEqual(
    await query(bench, `SELECT label, content, seconds FROM job WHERE key = '${dataKey}'`),
    [{ label: "slopes/seed=1/data", content: dataContent, seconds: 1.5 }],
  );
  assert.deepEqual(
    await query(bench, "SELECT job_key, name, job_key_of_input, content FROM input"),
    [{ job_key: key, name: "data", job_key_of_input: dataKey, content: dataContent }],
  );
  const detail = await catalog.codeDetail(ingredients.code);
  assert.deepEqual(Object.keys(detail!), [
    "lib/engine/engines/ort.ts",
    "lib/models/mean.ts",
    "pipeline/stages/fit.ts",
  ]);
  assert.equal((await query(bench, "SELECT * FROM metric")).length, 4);
  assert.deepEqual(await query(bench, "SELECT DISTINCT name, value FROM observation"), [
    { name: "rss", value: 7 },
  ]);
  const nodes = await catalog.nodes("smoke");
  assert.deepEqual([...nodes.keys()].sort(), ["means/data", "means/fit", "slopes/seed=1/data"]);
  for (const label of ["means/data", "slopes/seed=1/data"]) {
    assert.deepEqual(nodes.get(label), { label, key: dataKey, doneKey: dataKey });
  }
  await stopBundler();
});

Deno.test("a file of the user's is recorded as an input that no job made", async () => {
  using demo = makeDemo();
  demo.edit("pipeline/experiments/means.ts", "{ mean }", '{ file: g.file("z.csv") }');
  demo.write("z.csv", "12345");
  await using bench = await openBench(demo);
  await bench.record("means/table", { ok: true, result: resultFor(bench, "means/table") });
  const [row] = await query(bench, "SELECT name, job_key_of_input, content FROM input");
  const { inputs } = bench.status("means/table").stale!.ingredients;
  assert.deepEqual(row, { name: "file", job_key_of_input: null, content: inputs.file });
  await stopBundler();
});

Deno.test("outcomes come back in their order; failures are recorded, stops are not", async () => {
  using demo = makeDemo();
  await using bench = await openBench(demo);
  const [one, two] = ["slopes/seed=1/data", "slopes/seed=2/data"];
  const failed = (message: string, aborted = false) => ({ ok: false, message, aborted }) as const;
  assert.deepEqual(
    await bench.recorder.commit([
      finished(bench, one, failed("no memory")),
      finished(bench, two, failed("the run was stopped", true)),
    ]),
    [{ error: "no memory" }, { error: "the run was stopped" }],
  );
  const { key } = bench.status(one).stale!;
  const failures = () => query(bench, "SELECT key, label, message FROM failure");
  assert.deepEqual(await failures(), [{ key, label: one, message: "no memory" }]);
  assert.equal((await query(bench, "SELECT * FROM node")).length, 0);
  const ok = { ok: true, result: resultFor(bench, two) } as const;
  const other = resultFor(bench, one, { codeSeen: {} });
  const results = await bench.recorder.commit([
    finished(bench, one, { ok: true, result: other }),
    finished(bench, two, ok),
  ]);
  assert.match((results[0] as { error: string }).error, /was another when the worker loaded it/);
  assert.equal((results[1] as { seconds: number }).seconds, 1.5);
  // A result that is thrown away is a failure of that job, with that reason.
  const [failure] = await failures();
  assert.match(failure.message as string, /was another when the worker loaded it/);
  assert.deepEqual((await query(bench, "SELECT label FROM job")).map((r) => r.label), [two]);
  assert.deepEqual((await query(bench, "SELECT label FROM node")).map((r) => r.label), [two]);
  await stopBundler();
});

Deno.test("a checkpoint goes when its job is recorded, and stays when that failed or was stopped", async () => {
  using demo = makeDemo();
  await using bench = await openBench(demo);
  const [one, two, three] = ["slopes/seed=1/data", "slopes/seed=2/data", "means/data"];
  assert.equal(bench.status(three), bench.status(one));
  const pathOf = (label: string) =>
    bench.workspace.objects.checkpointPath(bench.status(label).stale!.key);
  Deno.mkdirSync(join(demo.root, ".store/checkpoints"));
  for (const label of [one, two]) Deno.writeTextFileSync(pathOf(label), "saved");
  for (const aborted of [true, false]) {
    await bench.recorder.commit([finished(bench, one, { ok: false, message: "no", aborted })]);
    assert.ok(existsSync(pathOf(one)));
  }
  await bench.recorder.commit([
    finished(bench, two, { ok: true, result: resultFor(bench, two) }),
  ]);
  assert.deepEqual([existsSync(pathOf(one)), existsSync(pathOf(two))], [true, false]);
  Deno.writeTextFileSync(pathOf(two), "saved");
  await bench.recorder.commit(
    [one, two].map((label) =>
      finished(bench, label, { ok: true, result: resultFor(bench, label) })
    ),
  );
  assert.deepEqual([existsSync(pathOf(one)), existsSync(pathOf(two))], [false, false]);
  await stopBundler();
});

/** Jobs by name, with their inputs. */
function nodesOf(inputs: Record<string, string[]>): Record<string, JobNode> {
  const nodes: Record<string, JobNode> = {};
  for (const [label, names] of Object.entries(inputs)) {
    const all = Object.fromEntries(names.map((n) => [n, nodes[n] ?? { kind: "file", label: n }]));
    nodes[label] = { kind: "job", label, labels: [label], inputs: all } as unknown as JobNode;
  }
  return nodes;
}

Deno.test("labels are recorded where they lead elsewhere than before, with the last key that was done", async () => {
  const nodes = nodesOf({ same: [], moved: [], failed: [], again: [], waits: [], fresh: [] });
  nodes.fresh.labels.push("fresh too");
  const before = (label: string, key: string, doneKey: string | null) =>
    [label, { label, key, doneKey }] as const;
  const written: [string, NodeRow[]][] = [];
  const catalog = {
    nodes: (profile: string) =>
      Promise.resolve(
        new Map(
          profile !== "smoke" ? [] : [
            before("same", "k1", "k1"),
            before("moved", "k2", "k2"),
            before("failed", "k3", "k3"),
            before("again", "k4", "k0"),
            before("waits", "k5", "k5"),
          ],
        ),
      ),
    setNodes: (profile: string, rows: NodeRow[]) =>
      Promise.resolve(void written.push([profile, rows])),
  } as unknown as Catalog;
  const now: Record<string, { key?: string; done: boolean }> = {
    same: { key: "k1", done: true },
    moved: { key: "k2b", done: true },
    failed: { key: "k3b", done: false },
    again: { key: "k4", done: true },
    waits: { done: false },
    fresh: { key: "k6", done: false },
  };
  await recordNodes(catalog, "smoke", Object.values(nodes), ({ label }) => now[label]);
  assert.deepEqual(written, [["smoke", [
    { label: "moved", key: "k2b", doneKey: "k2b" },
    { label: "failed", key: "k3b", doneKey: "k3" },
    { label: "again", key: "k4", doneKey: "k4" },
    { label: "fresh", key: "k6", doneKey: null },
    { label: "fresh too", key: "k6", doneKey: null },
  ]]]);
});

Deno.test("a job that was done all along now comes from the inputs that gave the same bytes last", async () => {
  const nodes = nodesOf({ a: [], b: [], c: ["a", "b", "file"], d: ["a"], e: ["b"] });
  const recorded = [
    ["kc", "a", "old a"],
    ["kc", "b", "kb"],
    ["kc", "file", null],
    ["kd", "a", "old a"],
    ["ke", "b", null],
    ["kx", "a", "old a"],
  ].map(([job_key, name, job_key_of_input]) => ({ job_key, name, job_key_of_input }));
  const written: MovedInput[][] = [];
  const catalog = {
    query: () => Promise.resolve(recorded),
    moveInputs: (moved: MovedInput[]) => Promise.resolve(void written.push(moved)),
  } as unknown as Catalog;
  const keys: Record<string, string> = { a: "ka", b: "kb", c: "kc", e: "ke" };
  await recordInputs(catalog, Object.values(nodes), ({ label }) => keys[label]);
  assert.deepEqual(written, [[{ key: "kc", name: "a", input: "ka" }]]);
});

Deno.test("a result whose file is not in the store is thrown away, whoever says that it is there", async () => {
  using demo = makeDemo();
  await using bench = await openBench(demo);
  const result = resultFor(bench, "means/data");
  rmSync(bench.workspace.objects.path("2".repeat(64)));
  assert.equal(
    await bench.record("means/data", { ok: true, result }),
    "Its file b.txt is not in the store; its result was thrown away. Run the pipeline again.",
  );
  assert.deepEqual(await query(bench, "SELECT key FROM job"), []);
  await stopBundler();
});
