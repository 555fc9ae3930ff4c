/**
 * @file Code and inputs that change while a job runs, with real workers: a result is recorded only under a key that
 * describes what it came from.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { stopBundler } from "../../../../pipeline/keys/bundle.ts";
import { sha256 } from "../../../../pipeline/content/canonical.ts";
import { makeProbe } from "../../../pipeline/helpers.ts";
import {
  addStage,
  type Bench,
  failureOf,
  flipByte,
  gateOf,
  objectOf,
  openBench,
  openGate,
  resultOf,
} from "../../../pipeline/run/helpers.ts";

const DATA = `return g.job("generate", { seed: 1 }, {}, "data");`;

async function isRecorded({ workspace }: Bench): Promise<boolean> {
  return (await (await workspace.catalog()).query("SELECT key FROM job")).length > 0;
}

Deno.test("code edited before the worker loads it, and put back before the result comes, is noticed", async () => {
  using demo = makeProbe(DATA);
  await using bench = await openBench(demo);
  demo.edit("lib/deep.ts", "SCALE = 3", "SCALE = 4");
  const outcome = await (await bench.start("probes/data")).outcome;
  demo.edit("lib/deep.ts", "SCALE = 4", "SCALE = 3");
  const error = await bench.record("probes/data", outcome);
  assert.match(
    error!,
    /^lib\/deep\.ts was another when the worker loaded it; its result was thrown/,
  );
  assert.equal(await isRecorded(bench), false);
  await stopBundler();
});

Deno.test("code edited after the worker loaded it, and not put back, is noticed", async () => {
  using demo = makeProbe(DATA);
  await using bench = await openBench(demo);
  const outcome = await (await bench.start("probes/data")).outcome;
  demo.edit("lib/deep.ts", "SCALE = 3", "SCALE = 4");
  const error = await bench.record("probes/data", outcome);
  assert.match(error!, /^lib\/deep\.ts changed while the job ran; its result was thrown away/);
  assert.equal(await isRecorded(bench), false);
  await stopBundler();
});

Deno.test("code edited after the worker loaded it, and put back, is the code of the result", async () => {
  using demo = makeProbe(DATA);
  await using bench = await openBench(demo);
  const outcome = await (await bench.start("probes/data")).outcome;
  demo.edit("lib/deep.ts", "SCALE = 3", "SCALE = 4");
  demo.edit("lib/deep.ts", "SCALE = 4", "SCALE = 3");
  assert.equal(await bench.record("probes/data", outcome), undefined);
  assert.equal(await isRecorded(bench), true);
  await stopBundler();
});

Deno.test("an edit that the job does not reach passes, before the worker loads the code and after", async () => {
  for (const before of [true, false]) {
    using demo = makeProbe(DATA);
    await using bench = await openBench(demo);
    const edit = () => {
      demo.edit("lib/deep.ts", "return x - 1;", "return x - 2;");
      // The bundler does not get as far as this file in the order of the names when it looks at each in turn.
      demo.edit("lib/noise.ts", "/** `length` numbers", "/** As many numbers");
    };
    if (before) edit();
    const outcome = await (await bench.start("probes/data")).outcome;
    if (!before) edit();
    assert.equal(await bench.record("probes/data", outcome), undefined);
  }
  await stopBundler();
});

Deno.test("a worker that loaded another version once does not pass its later results off as those of this one", async () => {
  using demo = makeProbe(`
    const [one, two] = [1, 2].map((seed) => g.job("generate", { seed }, {}, "data" + seed));
    return g.job("collect", { title: "t" }, { one, two }, "table");`);
  await using bench = await openBench(demo);
  demo.edit("lib/deep.ts", "SCALE = 3", "SCALE = 4");
  await (await bench.start("probes/data1")).outcome;
  demo.edit("lib/deep.ts", "SCALE = 4", "SCALE = 3");
  // The same process: it loads no module twice.
  const outcome = await (await bench.start("probes/data2")).outcome;
  assert.match(await bench.record("probes/data2", outcome) ?? "", /was another when the worker/);
  await stopBundler();
});

Deno.test("code edited while a worker loads it belongs to no version", async () => {
  using demo = makeProbe(`return g.job("slow", {}, {}, "slow");`);
  addStage(
    demo,
    "slow",
    "",
    `import "../../lib/slow.ts"; import { SCALE } from "../../lib/deep.ts";`,
  );
  demo.write(
    "lib/slow.ts",
    `import { existsSync } from "node:fs";
     console.log("loading");
     while (!existsSync(${JSON.stringify(gateOf(demo, "load"))})) {
       await new Promise((go) => setTimeout(go, 5));
     }`,
  );
  demo.edit("pipeline/stages/slow.ts", "ctx.params.id", "ctx.params.id + SCALE");
  openGate(demo, "load"); // The plan may load it too.
  await using bench = await openBench(demo);
  Deno.removeSync(gateOf(demo, "load"));
  const { heard, outcome } = await bench.start("probes/slow");
  await heard.says("loading");
  const before = Deno.readTextFileSync(join(demo.root, "lib/deep.ts"));
  demo.edit("lib/deep.ts", "SCALE = 3", "SCALE = 4");
  openGate(demo, "load");
  const { codeSeen } = resultOf(await outcome);
  assert.equal(codeSeen["lib/deep.ts"], "changed while it was loaded");
  assert.equal(codeSeen["lib/slow.ts"], sha256(Deno.readFileSync(join(demo.root, "lib/slow.ts"))));
  demo.write("lib/deep.ts", before);
  const error = await bench.record("probes/slow", await outcome);
  assert.match(error!, /^lib\/deep\.ts was another when the worker loaded it/);
  await stopBundler();
});

/** One job that reads the file `series.csv`, and again after the gate. */
function makeReader() {
  const demo = makeProbe(`return g.job("read", {}, { data: g.file("series.csv") }, "read");`);
  demo.write("series.csv", "a,b\n1,2\n");
  addStage(
    demo,
    "read",
    `ctx.log(await ctx.inputs.data.text("series.csv")); await gate("middle");`,
  );
  return demo;
}

Deno.test("a file of the user's that changes while a job runs fails the job", async () => {
  using demo = makeReader();
  await using bench = await openBench(demo);
  const { heard, outcome } = await bench.start("probes/read");
  await heard.says("at middle");
  demo.write("series.csv", "a,b\n1,3\n");
  openGate(demo, "middle");
  assert.match(
    failureOf(await outcome),
    /Input "data" \(.*series\.csv\) changed while the job ran/,
  );
  await stopBundler();
});

Deno.test("a file of the user's that changed before its job read it fails the job", async () => {
  using demo = makeReader();
  openGate(demo, "middle");
  await using bench = await openBench(demo);
  demo.write("series.csv", "a,b\n1,3\n");
  const { heard, outcome } = await bench.start("probes/read");
  assert.match(failureOf(await outcome), /series\.csv changed after the run had started/);
  assert.deepEqual(heard.lines, []);
  await stopBundler();
});

Deno.test("a file of the user's that changed, or went, after its job has run is noticed before the result is recorded", async () => {
  for (const change of [(path: string) => Deno.writeTextFileSync(path, "a"), Deno.removeSync]) {
    using demo = makeReader();
    openGate(demo, "middle");
    await using bench = await openBench(demo);
    const outcome = await (await bench.start("probes/read")).outcome;
    resultOf(outcome);
    change(join(demo.root, "series.csv"));
    const error = await bench.record("probes/read", outcome);
    assert.match(error!, /^The input file .*series\.csv changed while the job ran; its result/);
    assert.equal(await isRecorded(bench), false);
  }
  await stopBundler();
});

Deno.test("of several files the one that changed is named, also when it is the last", async () => {
  using demo = makeProbe(`
    return g.job("both", {}, { one: g.file("1.csv"), two: g.file("2.csv") }, "both");`);
  for (const name of ["1.csv", "2.csv"]) demo.write(name, name);
  addStage(demo, "both", `await gate("middle");`);
  {
    await using bench = await openBench(demo);
    const { heard, outcome } = await bench.start("probes/both");
    await heard.says("at middle");
    demo.write("2.csv", "other");
    openGate(demo, "middle");
    assert.match(failureOf(await outcome), /Input "two" \(.*2\.csv\) changed/);
  }
  await using bench = await openBench(demo);
  const outcome = await (await bench.start("probes/both")).outcome;
  demo.write("2.csv", "another");
  assert.match(await bench.record("probes/both", outcome) ?? "", /The input file .*2\.csv changed/);
  await stopBundler();
});

/** One job that reads the artifact of another before the gate. */
function makeChain() {
  const demo = makeProbe(`
    const data = g.job("probe", { behave: "well", id: 7 }, {}, "data");
    return g.job("read", {}, { data }, "read");`);
  addStage(demo, "read", `ctx.log(await ctx.inputs.data.text("id.txt")); await gate("middle");`);
  return demo;
}

Deno.test("an object that is damaged, or goes, while a job reads it fails the job", async () => {
  for (const damage of [flipByte, Deno.removeSync]) {
    using demo = makeChain();
    await using bench = await openBench(demo);
    const data = await (await bench.start("probes/data")).outcome;
    await bench.record("probes/data", data);
    const { heard, outcome } = await bench.start("probes/read");
    await heard.says("at middle");
    assert.deepEqual(heard.lines, ["7\n", "at middle"]);
    damage(objectOf(bench, resultOf(data)));
    openGate(demo, "middle");
    const message = failureOf(await outcome);
    assert.match(message, /Input "data" \(.*\/objects\/.*\) changed while the job ran/);
    assert.match(message, /run "deno task verify", then the pipeline again/);
  }
  await stopBundler();
});

Deno.test("an object that was damaged before its job reads it fails the job, by the name of the file", async () => {
  using demo = makeChain();
  openGate(demo, "middle");
  await using bench = await openBench(demo);
  const data = await (await bench.start("probes/data")).outcome;
  await bench.record("probes/data", data);
  flipByte(objectOf(bench, resultOf(data)));
  const { outcome } = await bench.start("probes/read");
  assert.match(
    failureOf(await outcome),
    /Input "data" of probes\/read, id\.txt: object [0-9a-f]{12} is damaged/,
  );
  await stopBundler();
});

Deno.test("a package upgraded while a job runs is noticed, and named as what it is", async () => {
  using demo = makeProbe(`return g.job("probe", { behave: "well" }, {}, "data");`);
  demo.edit("pipeline/stages/probe.ts", "let from = 0;", "let from = z.NEVER ? 1 : 0;");
  await using bench = await openBench(demo);
  const outcome = await (await bench.start("probes/data")).outcome;
  demo.edit("deno.json", "zod@4.6.7", "zod@4.6.8");
  const error = await bench.record("probes/data", outcome);
  assert.match(
    error!,
    /^deno\.json or deno\.lock changed while the job ran; its result was thrown/,
  );
  await stopBundler();
});
