/** @file The command line on the demonstration graph, with real worker processes. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Catalog } from "../../../pipeline/store/catalog.ts";
import { call, cli, type Demo, makeDemo, makeProbe } from "../../pipeline/helpers.ts";

async function query(demo: Demo, sql: string) {
  const catalog = await Catalog.open(join(demo.root, ".store"));
  try {
    return await catalog.query(sql);
  } finally {
    await catalog.close();
  }
}

Deno.test("a graph runs once, then what changed, and why says what that was", async () => {
  using demo = makeDemo();
  const smoke = ["--profile", "smoke"];
  const first = await call(demo, "run", ...smoke);
  assert.equal(first.code, 0, first.out);
  assert.equal(first.ran.length, 7);
  const again = await cli(demo, "run", ...smoke);
  assert.deepEqual([again.code, again.ran], [0, []], again.out);
  assert.ok(again.seconds < 1, `a run without work took ${again.seconds} s`);

  // A constant three imports deep.
  demo.edit("lib/deep.ts", "SCALE = 3", "SCALE = 4");
  const why = await call(demo, "why", "seed=2/fit", ...smoke);
  assert.match(why.out, /fit slopes\/seed=2\/fit waits/);
  assert.match(why.out, /generate slopes\/seed=2\/data will run, because/);
  assert.match(why.out, /code: [0-9a-f]{12} -> [0-9a-f]{12}\n/);
  assert.match(why.out, /code: lib\/deep\.ts: SCALE [0-9a-f]{12} -> [0-9a-f]{12}\n/);
  assert.ok(!why.out.includes("lib/noise.ts"), why.out);
  const dry = await call(demo, "run", "--dry-run", ...smoke);
  assert.match(dry.out, /2 of 7 jobs would run, and 5 behind them/);
  const second = await call(demo, "run", ...smoke);
  // The slope of a least squares fit does not depend on the scale: its table is cut off.
  assert.deepEqual(second.ran, [
    "means/fit",
    "means/table",
    "slopes/seed=1/data",
    "slopes/seed=1/fit",
    "slopes/seed=2/data",
    "slopes/seed=2/fit",
  ], second.out);

  // A parameter, an engine, a package.
  demo.edit("pipeline/experiments/means.ts", '"generate", { seed: 1 }', '"generate", { seed: 5 }');
  const parameter = await call(demo, "why", "means/data", ...smoke);
  assert.match(parameter.out, /parameter: seed: 1 -> 5/);
  const engine = await call(demo, "why", "seed=1/fit", "--engine", "jax", ...smoke);
  assert.match(engine.out, /engine: engine\.name: "ort" -> "jax"/);
  demo.edit("deno.json", "onnxruntime-node@1.30.0", "onnxruntime-node@1.31.0");
  const package_ = await call(demo, "why", "seed=1/fit", ...smoke);
  assert.match(package_.out, /engine: engine\.version: "1\.30\.0" -> "1\.31\.0"/);
  const set = await call(demo, "why", "means/fit", "--set", "generate.length=3", ...smoke);
  assert.match(set.out, /parameter: length: 16 -> 3/);
});

Deno.test("durations are observations; curves are complete; other results move what is behind", async () => {
  using demo = makeProbe(`
    const data = g.job("generate", { seed: 1, delay: 60 }, {}, "data");
    return g.job("fit", { model: "linear" }, { data }, "fit");`);
  await call(demo, "run");
  const [fit] = await query(demo, "SELECT * FROM job WHERE stage = 'fit'");
  assert.equal(fit.engine, "ort");
  assert.equal(fit.engine_version, "1.30.0");
  const metrics = await query(demo, "SELECT step, value FROM metric ORDER BY step");
  assert.deepEqual(metrics.map((m) => m.value), [NaN, 1 / 2, 1 / 3]);
  const observed = await query(demo, "SELECT name, value FROM observation WHERE name = 'delay'");
  assert.deepEqual(observed, [{ name: "delay", value: 60 }]);
  // Another delay is another key with the same bytes: what is behind it is done.
  demo.edit("pipeline/experiments/probes.ts", "delay: 60", "delay: 20");
  const { ran } = await call(demo, "run");
  assert.deepEqual(ran, ["probes/data"]);
});

Deno.test("failures: siblings go on, the error comes with parameters and a command, exit code 1", async () => {
  using demo = makeProbe(`
    const probe = (behave, id = 0) => g.job("probe", { behave, id }, {}, behave + id);
    const runs = Object.fromEntries(
      ["throw", "die", "exit", "print", "well"].map((b) => [b, probe(b)]));
    runs.write = g.job("probe", { behave: "write", path: "${"/tmp/outside-the-store"}" }, {}, "w");
    runs.well2 = probe("well", 2);
    return g.job("collect", { title: "t" }, runs, "table");`);
  const { code, out, ran } = await call(demo, "run", "--jobs", "2");
  assert.equal(code, 1, out);
  assert.deepEqual(ran, ["probes/print0", "probes/well0", "probes/well2"], out);
  assert.match(out, /Error: the probe was told to throw\n.*probe\.ts/);
  assert.match(out, /its parameters: \{"behave":"throw","id":0,"path":""\}/);
  assert.match(out, /deno task pipeline --profile quick --job probes\/throw0\n/);
  assert.match(out, /worker process was killed by SIGKILL/);
  assert.match(out, /worker process ended with exit code 3/);
  assert.match(out, /probes\/print0: said by \{ id: 0 \}/);
  assert.match(out, /probes\/print0: printed past the console/);
  assert.match(out, /Requires write access to "\/tmp\/outside-the-store"/);
  assert.match(
    out,
    /collect probes\/table did not run: 4 of its 7 inputs are missing: throw, die,/,
  );
  const status = await call(demo, "status");
  assert.match(status.out, /failed: probes\/die0: The worker process was killed by SIGKILL/);
  assert.match(status.out, /3 of 8 jobs are done/);
  // The printed command runs that job and nothing else.
  const alone = await call(demo, "run", "--job", "probes/throw0");
  assert.equal(alone.code, 1);
  assert.match(alone.out, /0 of 1 jobs were done, 0 ran, 1 failed/);
});

Deno.test("a flipped byte is found by verify and repaired by a rerun", async () => {
  using demo = makeDemo();
  await call(demo, "run", "--profile", "smoke");
  const sound = await call(demo, "verify", "--rerun", "3", "--profile", "smoke");
  assert.equal(sound.code, 0, sound.out);
  assert.match(sound.out, /every byte is as recorded/);
  assert.match(sound.out, /Ran 3 of 7 jobs again: 0 differ/);
  const [file] = await query(
    demo,
    "SELECT sha256 FROM file JOIN job ON job.key = job_key WHERE label = 'slopes/seed=2/data'",
  );
  const hash = file.sha256 as string;
  const path = join(demo.root, ".store/objects", hash.slice(0, 2), hash.slice(2));
  const bytes = readFileSync(path);
  bytes[bytes.length - 1] ^= 1;
  writeFileSync(path, bytes);
  const found = await call(demo, "verify");
  assert.equal(found.code, 1);
  assert.match(found.out, /slopes\/seed=2\/data: noise\.safetensors: object .* is damaged/);
  const why = await call(demo, "why", "slopes/seed=2/data", "--profile", "smoke");
  assert.match(why.out, /output: .*found damaged by verify/);
  const repaired = await call(demo, "run", "--profile", "smoke");
  assert.deepEqual(repaired.ran, ["slopes/seed=2/data"]);
  assert.equal((await call(demo, "verify")).code, 0);
  bytes[bytes.length - 1] ^= 1;
  assert.deepEqual(readFileSync(path), bytes);
});

Deno.test("a result that is not reproducible is caught by verify --rerun, file by file", async () => {
  using demo = makeProbe(`
    const probe = (id) => g.job("probe", { behave: "well", id }, {}, "p" + id);
    return g.job("collect", { title: "t" }, { a: probe(1), b: probe(2) }, "table");`);
  // Bytes of .duckdb files are not those of their contents.
  demo.edit(
    "pipeline/stages/probe.ts",
    'return { files: { "id.txt": `${id}\\n` } };',
    `const x = id === 1 ? Math.random() : 0;
     return {
       files: { "id.txt": String(x), "same.txt": "x", "t.duckdb": String(Math.random()) },
       scalars: { s: x, one: 1 },
     };`,
  );
  await call(demo, "run");
  const { code, out } = await call(demo, "verify", "--rerun", "3");
  assert.equal(code, 1);
  assert.match(out, /^probe probes\/p1: DIFFERENT BYTES in id\.txt, scalar s$/m);
  assert.match(out, /^probe probes\/p2: the same bytes$/m);
  assert.match(out, /^Ran 3 of 3 jobs again: 1 differ\.$/m);
  const one = await call(demo, "verify", "--rerun", "1");
  assert.match(one.out, /^Ran 1 of 3 jobs again: [01] differ\.$/m);
  const left = readdirSync(join(demo.root, ".store")).filter((name) => name.startsWith("verify"));
  assert.deepEqual(left, [], "jobs ran again in a folder that is gone");
  assert.deepEqual((await call(demo, "run")).ran, [], "the store is as it was");
});

Deno.test("gc keeps what the last runs refer to and says first what would go", async () => {
  using demo = makeDemo();
  await call(demo, "run", "--profile", "smoke");
  await call(demo, "run", "--profile", "quick");
  demo.edit("lib/deep.ts", "SCALE = 3", "SCALE = 4");
  await call(demo, "run", "--profile", "quick");
  const before = await call(demo, "gc");
  // The smoke profile still refers to the old results of its seeds; only the third seed's go.
  assert.match(before.out, /Would delete 2 of \d+ jobs, 1 objects/);
  const after = await call(demo, "gc", "--yes");
  assert.match(after.out, /Deleted 2 of/);
  assert.match((await call(demo, "gc")).out, /Would delete 0 of/);
  assert.equal((await call(demo, "verify")).code, 0);
  const { ran } = await call(demo, "run", "--profile", "quick");
  assert.deepEqual(ran, []);
});

Deno.test("wrong command lines say what would be right", async () => {
  using demo = makeDemo();
  const cases: [string[], RegExp][] = [
    [["run", "--profil", "smoke"], /Unknown option --profil\. Nearest: --profile, /],
    [["run", "--profile", "huge"], /Unknown profile "huge"; the profiles are smoke, quick/],
    [["run", "--only", "slope"], /No experiment "slope"; the experiments are slopes, means/],
    [
      ["run", "--engine", "gpu"],
      /Unknown engine "gpu"; the engines are ort, jax, tfjs, auto, ort-webgpu, ort-cuda, jax-webgpu, tfjs-node-gpu\./,
    ],
    [["run", "--jobs", "0"], /--jobs 0: expected a whole number of at least 1/],
    [
      ["run", "--set", "fit.optimizer.momentum=1"],
      /fit\.optimizer has no parameter "momentum"; it has steps /,
    ],
    [["run", "--set", "fit.decimals=many"], /decimals is "many"/],
    [["run", "now"], /deno task pipeline takes no argument "now"/],
    [["why"], /why needs the label of one job/],
    [["why", "nothing"], /No job "nothing" in this profile/],
    [["run", "--jobs", "1", "--jobs", "2"], /--jobs is given twice/],
    [["build"], /"build" is no command; the commands are run, /],
  ];
  for (const [[command, ...args], message] of cases) {
    const { code, out } = await call(demo, command, ...args);
    assert.equal(code, 1, `${command} ${args}: ${out}`);
    assert.match(out, message);
  }
  const elsewhere = await call({ ...demo, root: "/tmp" }, "run");
  assert.equal(elsewhere.code, 1);
  assert.match(
    elsewhere.out,
    /\/tmp has no pipeline: pipeline\/experiments\/index\.ts is missing/,
  );
});

Deno.test("--only and --set restrict and change the graph", async () => {
  using demo = makeDemo();
  const only = await call(demo, "run", "--only", "means", "--profile", "smoke");
  assert.deepEqual(only.ran, ["means/fit", "means/table", "slopes/seed=1/data"]);
  const set = await call(
    demo,
    "run",
    ...["--only", "means", "--profile", "smoke", "--set", "fit.optimizer.steps=7"],
  );
  assert.deepEqual(set.ran, ["means/fit"], "the same weight, so the table is cut off");
  // The profile's own results are still those that its labels lead to.
  assert.deepEqual((await call(demo, "run", "--only", "means", "--profile", "smoke")).ran, []);
  assert.match((await call(demo, "gc")).out, /Would delete 0 of/);
  const rows = await query(demo, "SELECT params FROM job WHERE stage = 'fit' ORDER BY finished");
  assert.deepEqual(rows.map((r) => JSON.parse(r.params as string).optimizer.steps), [1, 7]);
});

Deno.test("a file of the user's is an input: an edit reruns what reads it", async () => {
  using demo = makeProbe(`
    const data = g.file("series.csv");
    return g.job("collect", { title: "t" }, { data }, "table");`);
  const missing = await call(demo, "run");
  assert.equal(missing.code, 1);
  assert.match(
    missing.out,
    /Experiment probes is left out: .*series\.csv: the input file cannot be read: there is none/,
  );
  demo.write("series.csv", "a,b\n1,2\n");
  assert.deepEqual((await call(demo, "run")).ran, ["probes/table"]);
  assert.deepEqual((await call(demo, "run")).ran, []);
  demo.write("series.csv", "a,b\n1,3\n");
  const why = await call(demo, "why", "table");
  assert.match(why.out, /input: data: "[0-9a-f]{12}" -> "[0-9a-f]{12}"/);
  assert.deepEqual((await call(demo, "run")).ran, ["probes/table"]);
});

Deno.test("a stage cannot depend on what its key does not know", async () => {
  using demo = makeProbe(`return g.job("probe", { behave: "well" }, {}, "p");`);
  demo.edit("pipeline/stages/probe.ts", "let from = 0;", "let from = 0; ctx.log(ctx.compile);");
  const { code, out } = await call(demo, "run");
  assert.equal(code, 1);
  assert.match(out, /reads ctx\.compile, so it must export usesEngine = true/);
});
