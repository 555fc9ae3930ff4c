/** @file What a worker gives a stage and takes from it, in a real process. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { sha256 } from "../../../pipeline/content/canonical.ts";
import { storeResult } from "../../../pipeline/store/artifact.ts";
import { Objects } from "../../../pipeline/store/objects.ts";
import { addStage, failureOf, makeStage, resultOf } from "./helpers.ts";

Deno.test("a stage is given its parameters, and compile of its engine with the job's threads", async () => {
  await using own = makeStage(
    `ctx.log([JSON.stringify(ctx.params), (await ctx.compile("fn", "args", { threads: 9 })).said,
       Object.keys(ctx.modules).length, ctx.signal.aborted].join(" "));`,
  );
  const path = "lib/engine/engines/own.ts";
  own.demo.write(
    path,
    `export const compile = (...all) =>
       Promise.resolve({ said: "compiled " + JSON.stringify(all), report: { rules: ["t#b", "t#a"] } });\n`,
  );
  const { heard, outcome } = await own.run({
    modules: { engine: { path, exports: ["compile"] } },
    threads: 3,
    params: { id: 5, b: NaN },
  });
  assert.deepEqual(resultOf(outcome).rules, ["t#a", "t#b"]);
  assert.deepEqual(heard.lines, [
    '{"id":5,"b":null} compiled ["fn","args",{"threads":3}] 0 false',
  ]);
});

Deno.test("a job whose programs are those of an earlier one ends there; the name of programs is that of all of them, in order", async () => {
  // Its parameter says which programs are compiled before and after the stage says that all are.
  await using own = makeStage(`
    const { before, after } = JSON.parse(Deno.readTextFileSync(ctx.params.id + ".json"));
    await Promise.all([...before].map((name) => ctx.compile(name, [])));
    try { ctx.programsCompiled(); } finally { ctx.log("closed"); }
    ctx.log("a step"); ctx.metric("loss", 1, 2);
    for (const name of after) await ctx.compile(name, []);
    if (after.includes("again")) ctx.programsCompiled();`);
  const path = "lib/engine/engines/own.ts";
  own.demo.write(
    path,
    // Whenever it is asked for, "a" is there last.
    `export const compile = async (name) => {
       await new Promise((go) => setTimeout(go, name === "a" ? 30 : 1));
       return { report: { rules: ["t#" + name], digest: name.startsWith("no") ? undefined : name } };
     };\n`,
  );
  let id = 0;
  mkdirSync(join(own.demo.root, ".store/tmp"), { recursive: true });
  const run = async (before: string[], known?: Record<string, string>, after: string[] = []) => {
    own.demo.write(`.store/tmp/${++id}.json`, JSON.stringify({ before, after }));
    const { heard, outcome } = await own.run({
      modules: { engine: { path, exports: ["compile"] } },
      params: { id: join(own.demo.root, ".store/tmp", `${id}`) },
      known,
    });
    return { lines: heard.lines, ...resultOf(outcome) };
  };
  const ab = await run(["a", "b"]);
  assert.match(ab.programs!, /^[0-9a-f]{64}$/);
  assert.deepEqual([ab.lines, ab.sameAs], [["closed", "a step"], undefined]);
  assert.equal((await run(["a", "b"], {})).programs, ab.programs);
  for (const other of [["b", "a"], ["a"], ["a", "b", "b"], ["ab"], []]) {
    const result = await run(other, { [ab.programs!]: "k" });
    assert.notEqual(result.programs, ab.programs, other.join());
    assert.deepEqual([result.lines.length, result.sameAs], [2, undefined], other.join());
  }
  const same = await run(["a", "b"], { other: "o", [ab.programs!]: "k" });
  assert.deepEqual([same.lines, same.sameAs, same.programs], [["closed"], "k", ab.programs]);
  assert.deepEqual([same.artifact, same.metrics], [{ files: [], scalars: {} }, []]);
  assert.deepEqual(same.rules, ["t#a", "t#b"]);
  // Not all have a digest, or there are more of them: nothing that another job may end by.
  for (const [before, after] of [[["a", "no"], []], [["no"], []], [["a", "b"], ["c"]]]) {
    const result = await run(before, {}, after);
    assert.deepEqual([result.programs, result.lines.length], [undefined, 2]);
  }
  assert.equal(
    (await run(["a"], {}, ["b", "again"])).programs,
    (await run(["a", "b", "again"])).programs,
  );
});

Deno.test("a stage that fails after it has named its programs has failed", async () => {
  await using own = makeStage(`ctx.programsCompiled(); throw new Error("no step");`);
  const { outcome } = await own.run({ known: { other: "k" } });
  assert.match(failureOf(outcome), /no step/);
});

Deno.test("a stage that has no engine may not ask for one", async () => {
  await using own = makeStage(`ctx.log(ctx.compile);`);
  const { outcome } = await own.run();
  assert.match(
    failureOf(outcome),
    /pipeline\/stages\/own\.ts reads ctx\.compile, so it must export usesEngine = true/,
  );
});

Deno.test("inputs come by name, objects from the store of the inputs, files from where they lie", async () => {
  await using own = makeStage(
    `const { a, z } = ctx.inputs;
     ctx.log(JSON.stringify([Object.keys(ctx.inputs), a.files, a.scalars, z.files, z.scalars]));
     ctx.log(await a.text("series.csv"));
     ctx.log(await z.text("two.txt") + await z.text("one.txt"));`,
  );
  own.demo.write("series.csv", "x\n1\n");
  const elsewhere = join(own.demo.root, "elsewhere");
  const z = storeResult(new Objects(elsewhere), {
    files: { "two.txt": "two", "one.txt": "one" },
    scalars: { loss: NaN, length: 3 },
  });
  const path = join(own.demo.root, "series.csv");
  const a = {
    path,
    scalars: {},
    files: [{ name: "series.csv", sha256: sha256("x\n1\n"), bytes: 4 }],
  };
  const { heard, outcome } = await own.run({ inputs: { a, z }, inputDir: elsewhere });
  assert.deepEqual(heard.lines, [
    '[["a","z"],["series.csv"],{},["one.txt","two.txt"],{"length":3,"loss":null}]',
    "x\n1\n",
    "twoone",
  ]);
  // What comes of it goes to the other store.
  const [{ sha256: hash }] = resultOf(outcome).artifact.files;
  assert.deepEqual(new Objects(join(own.demo.root, ".store")).list(), new Set([hash]));
  assert.equal(new Objects(elsewhere).list().has(hash), false);
});

Deno.test("of a module that parameters name a stage sees what it names, and nothing else", async () => {
  await using own = makeStage(`ctx.log(Object.keys(ctx.modules.m).sort().join());`);
  own.demo.write("lib/m.ts", "export const f = 1, g = 2, secret = 3;\n");
  const withExports = (...exports: string[]) => ({ modules: { m: { path: "lib/m.ts", exports } } });
  const plain = await own.run(withExports("f"));
  resultOf(plain.outcome);
  assert.deepEqual(plain.heard.lines, ["f"]);
  const more = await own.run(withExports("g", "f"));
  resultOf(more.outcome);
  assert.deepEqual(more.heard.lines, ["f,g"]);
  const lacking = await own.run(withExports("f", "absent"));
  assert.match(
    failureOf(await lacking.outcome),
    /lib\/m\.ts does not export absent, which m needs/,
  );
});

Deno.test("a result has the files, the curve, the observations and the code that it came from", async () => {
  await using own = makeStage(`
    ctx.metric("loss", 1, NaN); ctx.metric("loss", 2, 0.5); ctx.metric("rate", 2, -Infinity);
    ctx.observe("own", 1); ctx.observe("own", 2);
    const { default: process } = await import("node:process");
    const spent = () => { const { user, system } = process.cpuUsage(); return user + system; };
    const start = spent(); while (spent() - start < 60_000);
    await new Promise((go) => setTimeout(go, 200));`);
  const asked = performance.now();
  const result = resultOf((await own.run()).outcome);
  const waited = (performance.now() - asked) / 1000; // the start of its process is no part of the job
  assert.deepEqual(result.artifact.files, [{ name: "out.txt", sha256: sha256("5"), bytes: 1 }]);
  assert.deepEqual(result.metrics, [["loss", 1, NaN], ["loss", 2, 0.5], ["rate", 2, -Infinity]]);
  const { observations } = result;
  assert.equal(observations.own, 2);
  // A program of no size takes between 20 MB and 2 GB.
  const memory = observations["peak memory bytes"];
  assert.ok(memory > 2e7 && memory < 2e9, `${memory} bytes`);
  assert.ok(result.seconds >= 0.26 && result.seconds < waited, `${result.seconds} of ${waited} s`);
  const load = observations["load seconds"];
  assert.ok(load > 0 && load <= result.seconds - 0.255, `${load} s of ${result.seconds} s`);
  // What it waited is not in the processor's time.
  const cpu = observations["cpu seconds"];
  assert.ok(cpu >= 0.06 && cpu < result.seconds - load - 0.1, `${cpu} s of ${result.seconds} s`);
  assert.equal("unit seconds" in observations, false);
  const stage = "pipeline/stages/own.ts";
  assert.deepEqual(result.codeSeen, {
    [stage]: sha256(readFileSync(join(own.demo.root, stage))),
  });
});

Deno.test("what a stage says by any means is a line of the log, and what it leaves undone too", async () => {
  await using own = makeStage(`
    ctx.log("plainly");
    console.log("log", 1, { a: [2] }); console.info("info"); console.debug("debug");
    console.warn("warn"); console.error("error");
    Promise.reject(new Error("left behind", { cause: "this" }));
    await new Promise((go) => setTimeout(go, 10));`);
  const { heard, outcome } = await own.run();
  resultOf(outcome);
  const expected = ["plainly", "log 1 { a: [ 2 ] }", "info", "debug", "warn", "error"];
  assert.deepEqual(heard.lines.slice(0, -1), expected);
  assert.match(heard.lines.at(-1)!, /^Unhandled rejection: Error: left behind\n.*own\.ts/);
  assert.match(heard.lines.at(-1)!, /\nCaused by: this$/);
});

Deno.test("an error of a stage comes with its stack and every cause", async () => {
  await using own = makeStage(`
    const inner = new Error("the disk", { cause: 5 });
    throw new RangeError("no data", { cause: inner });`);
  const outcome = (await own.run()).outcome;
  assert.match(
    failureOf(outcome),
    /^RangeError: no data\n.*own\.ts:\d+[^]*\nCaused by: Error: the disk\n[^]*\nCaused by: 5$/,
  );
  assert.equal((outcome as { aborted: boolean }).aborted, false);
  addStage(own.demo, "other", `throw "just words";`);
  assert.equal(failureOf((await own.run({}, "other")).outcome), "just words");
});

Deno.test("a result that is none fails the job and leaves no object", async () => {
  await using own = makeStage(`if (ctx) return { files: { "../out": "x" } };`);
  const outcome = (await own.run()).outcome;
  assert.match(failureOf(outcome), /"\.\.\/out" cannot name a file of an artifact/);
  const store = new Objects(join(own.demo.root, ".store"));
  assert.equal(store.list().size, 0);
  // Nor does one whose numbers are none, whatever else it leaves.
  addStage(
    own.demo,
    "odd",
    `if (ctx) return { files: { "a.txt": "x" }, scalars: { loss: NaN } };`,
  );
  const odd = (await own.run({}, "odd")).outcome;
  assert.match(failureOf(odd), /^Error: the result is not finite: the scalar loss is NaN/);
  assert.equal(store.list().size, 0);
});

Deno.test("a stage that fails leaves its curve up to there, streamed or not", async () => {
  await using own = makeStage(`
    for (let i = 0; i < 50; i++) ctx.metric("loss", i, i === 49 ? Infinity : i);
    throw new Error("diverged");`);
  const points = Array.from({ length: 50 }, (_, i) => ["loss", i, i === 49 ? Infinity : i]);
  for (const stream of [undefined, true]) {
    const { outcome, heard } = await own.run({ stream });
    assert.match(failureOf(outcome), /^Error: diverged/);
    assert.deepEqual((outcome as { metrics?: unknown }).metrics, points);
    assert.ok(heard.metrics.flat().length < 50, "the rest comes with the failure");
  }
  addStage(own.demo, "silent", `throw new Error("at once");`);
  const { outcome } = await own.run({}, "silent");
  assert.deepEqual(Object.keys(outcome).sort(), ["aborted", "message", "ok"]);
});

Deno.test("a job that starts again with the same key finds what it saved, another does not", async () => {
  await using own = makeStage(`
    const saved = await ctx.checkpoint.load();
    ctx.log(saved ? "found " + saved.join() : "nothing");
    if (!saved) { ctx.metric("loss", 1, 1); await ctx.checkpoint.save(Uint8Array.of(1, 2)); throw "again"; }
    ctx.metric("loss", 2, 2);`);
  const first = await own.run();
  failureOf(first.outcome);
  const other = await own.run({ key: "f".repeat(64) });
  failureOf(other.outcome);
  const second = await own.run();
  assert.deepEqual(resultOf(second.outcome).metrics, [["loss", 1, 1], ["loss", 2, 2]]);
  const lines = [first, other, second].flatMap(({ heard }) => heard.lines);
  assert.deepEqual(lines, ["nothing", "nothing", "found 1,2"]);
  // They are kept until the result is recorded.
  assert.equal([...Deno.readDirSync(join(own.demo.root, ".store/checkpoints"))].length, 2);
});
