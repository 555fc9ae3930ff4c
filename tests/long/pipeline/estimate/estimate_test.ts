/**
 * @file `--estimate`: what it foretells against what a run then takes, and that it leaves no trace. The
 * stage of these tests sleeps, so that a busy machine changes its cost little.
 */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Report } from "../../../../pipeline/estimate/report.ts";
import { Catalog } from "../../../../pipeline/store/catalog.ts";
import { call, cli, type Demo, makeProbe, start } from "../../../pipeline/helpers.ts";

const STAGE = `
import { z } from "zod";
export function params() {
  return z.strictObject({
    steps: z.number().int(), ms: z.number(), seed: z.number().default(0),
    behave: z.enum(["well", "silent", "fail"]).default("well"),
  });
}
export async function run(ctx) {
  const { steps, ms, seed, behave } = ctx.params;
  const sleep = (ms) => new Promise((go) => setTimeout(go, ms));
  if (behave === "fail" && steps <= 4) throw new Error("no such small job\\nat all");
  await sleep(150); // set-up
  for (let i = 0; i < steps; i++) {
    await sleep(ms);
    if (behave !== "silent") ctx.progress(i + 1, steps);
  }
  if (ctx.inputs.data) ctx.log("read " + ctx.inputs.data.files.length);
  return { files: { out: new Uint8Array(8 * steps).fill(seed) } };
}
`;

const PILOT = `
export function pilot({ seed, steps, ...cost }, inputs) {
  const few = Math.min(steps, 4);
  return {
    class: cost,
    params: { seed, steps: few, ...cost },
    inputs: inputs.data && { data: { ...inputs.data.params, length: 2 } },
    units: few, of: steps, tokens: 10 * steps, disk: 8 * (steps - few),
    memory: () => 1e9,
  };
}
`;

function makeSlow(grid: string): Demo {
  const demo = makeProbe(grid);
  demo.write("pipeline/stages/slow.ts", STAGE);
  mkdirSync(join(demo.root, "pipeline/estimate/pilots"), { recursive: true });
  demo.write("pipeline/estimate/pilots/slow.ts", PILOT);
  return demo;
}

/** Two classes, three jobs each, with inputs, and a table whose cost nobody knows. */
const GRID = `
  const runs = {};
  for (const [seed, steps] of [[1, 30], [2, 30], [3, 60]]) {
    for (const ms of [20, 30]) {
      const data = g.job("generate", { seed, length: 4000 }, {}, "data" + seed);
      runs[seed + "/" + ms] = g.job("slow", { seed, steps, ms }, { data }, "slow" + seed + "-" + ms);
    }
  }
  return g.job("collect", { title: "t" }, runs, "table");`;

const estimate = (demo: Demo, ...args: string[]) => estimateBy(call, demo, ...args);

const estimateBy = async (
  run: typeof call,
  demo: Demo,
  ...args: string[]
): Promise<Report & { said: string }> => {
  const { code, out } = await run(demo, "run", "--estimate", "--json", ...args);
  assert.equal(code, 0, out);
  const from = out.search(/^\{$/m);
  const to = out.search(/^\}$/m);
  return { ...JSON.parse(out.slice(from, to + 1)), said: out };
};

/** Everything in the store but caches and the lock: what an estimate must leave as it was. */
async function contents(demo: Demo): Promise<string> {
  const store = join(demo.root, ".store");
  const files = existsSync(join(store, "objects"))
    ? (readdirSync(join(store, "objects"), { recursive: true }) as string[]).sort()
    : [];
  if (!existsSync(join(store, "catalog.duckdb"))) return "empty";
  const catalog = await Catalog.open(store);
  try {
    const tables = await catalog.query("SELECT table_name AS name FROM duckdb_tables()");
    const rows = [];
    for (const { name } of tables) {
      rows.push(name, (await catalog.query(`SELECT * FROM ${name} ORDER BY ALL`)).map(String));
      rows.push(await catalog.query(`SELECT hash(list(t ORDER BY ALL)) AS h FROM ${name} t`));
    }
    const text = (_: string, v: unknown) => typeof v === "bigint" ? String(v) : v;
    return JSON.stringify([files, rows, readdirSync(store).sort()], text);
  } finally {
    await catalog.close();
  }
}

const leftovers = (demo: Demo) =>
  readdirSync(join(demo.root, ".store")).filter((name) => name.startsWith("estimate-"));

Deno.test("what is foretold happens, and the estimate leaves no trace", async () => {
  using demo = makeSlow(GRID);
  // In a process of its own: to a system's count of a worker's peak belongs what its parent held when it started.
  const before = await estimateBy(cli, demo, "--jobs", "2");
  assert.deepEqual(leftovers(demo), []);
  assert.equal(await contents(demo), "empty");
  assert.equal(existsSync(join(demo.root, "reports")), false);
  const slow = before.stages.find((s) => s.stage === "slow")!;
  assert.deepEqual([slow.jobs, slow.measuredNow, slow.unknown], [6, 6, 0]);
  assert.equal(slow.tokens, 2 * 10 * (30 + 30 + 60));
  assert.equal(slow.diskBytes, 2 * 8 * (30 + 30 + 60));
  assert.ok(slow.peakMemoryBytes > 1e9 && slow.peakMemoryBytes < 2e9);
  // Two classes, each alone; the dearer one, which takes half of the time, twice at once.
  const pilots = before.said.match(/^pilot of .*$/gm)!;
  assert.deepEqual(pilots.filter((p) => !p.includes("generate")).length, 3, before.said);
  assert.equal(before.slowdown!.workers, 2);
  assert.deepEqual(before.slowdown!.measured.map(({ label }) => label), ["slow probes/slow1-30"]);
  const unknown = before.stages.filter((s) => s.unknown).map((s) => s.stage);
  assert.deepEqual(unknown.sort(), ["collect", "generate"]);
  assert.match(
    before.classes.find((c) => c.stage === "collect")!.reason!,
    /stage collect has no pilot, and no such job was recorded here/,
  );

  const { out, code } = await call(demo, "run", "--jobs", "2");
  assert.equal(code, 0, out);
  const took = Number(/ran \(profile quick, ([\d.]+) s\)/.exec(out)![1]);
  const catalog = await Catalog.open(join(demo.root, ".store"));
  const [{ seconds }] = await catalog.query(
    "SELECT sum(seconds) AS seconds FROM job WHERE stage = 'slow'",
  );
  await catalog.close();
  const summary = `foretold ${before.wallSeconds.toFixed(2)} s, took ${took} s; jobs: foretold ` +
    `${slow.seconds.toFixed(2)} s, took ${(seconds as number).toFixed(2)} s`;
  console.log(summary);
  assert.ok(Math.abs(Math.log2(before.wallSeconds / took)) < 1, summary);
  assert.ok(Math.abs(Math.log2(slow.seconds / (seconds as number))) < 1, summary);

  // Twice the seeds: what has been done tells the rest, and nothing is measured again.
  demo.edit("pipeline/experiments/probes.ts", "[3, 60]]", "[3, 60], [4, 30], [5, 90]]");
  const store = await contents(demo);
  const after = await estimate(demo, "--jobs", "1");
  assert.equal(await contents(demo), store);
  const again = after.stages.find((s) => s.stage === "slow")!;
  assert.deepEqual([again.fromCatalogue, again.measuredNow], [2, 2], "90 steps were never done");
  assert.equal(after.stages.find((s) => s.stage === "generate")!.fromCatalogue, 2);
  const expected = 2 * 0.15 + 0.05 * (30 + 90);
  assert.ok(Math.abs(Math.log2(again.seconds / expected)) < 0.5, `${again.seconds} s`);
  const text = await call(demo, "run", "--estimate");
  assert.match(text.out, /^slow +4 +2 +0 +2 +0 /m, text.out);
  assert.match(text.out, /^Wall time with \d+ workers?: /m);

  // What a pilot says about the cost of a job is no part of its code: nothing runs again for it.
  demo.edit("pipeline/estimate/pilots/slow.ts", "10 * steps", "20 * steps");
  // In a process that has not loaded it yet.
  const rewritten = await estimateBy(cli, demo, "--jobs", "1");
  assert.equal(rewritten.jobs, after.jobs, rewritten.said);
  assert.equal(rewritten.stages.find((s) => s.stage === "slow")!.tokens, 2 * again.tokens);

  // Other code: what was recorded says nothing about it.
  demo.edit("pipeline/stages/slow.ts", "sleep(150)", "sleep(10)");
  const edited = await estimate(demo, "--jobs", "1");
  assert.equal(edited.stages.find((s) => s.stage === "slow")!.fromCatalogue, 0);
});

Deno.test("of a stage with many kinds of jobs a sample is measured, and the others cost what it does", async () => {
  const kinds = 28;
  using demo = makeSlow(`
  const runs = {};
  for (let ms = 1; ms <= ${kinds}; ms++) runs[ms] = g.job("slow", { steps: 4, ms }, {}, "slow" + ms);
  return g.job("collect", { title: "t" }, runs, "table");`);
  const { stages, samples, classes, said } = await estimate(demo, "--jobs", "1");
  const { jobs, measuredNow, sampled, unknown, seconds } = stages.find((s) => s.stage === "slow")!;
  assert.deepEqual([jobs, measuredNow, sampled, unknown], [kinds, 24, 4, 0], said);
  assert.equal(said.match(/^pilot of slow/gm)!.length, 24);
  const of = (source: string) =>
    classes.filter((c) => c.stage === "slow" && c.source === source).map((c) => c.seconds!);
  const mean = of("pilot").reduce((sum, seconds) => sum + seconds, 0) / 24;
  assert.equal(of("sample").length, 4);
  for (const seconds of of("sample")) assert.ok(Math.abs(seconds - mean) < 1e-9);
  const [{ seconds: { value, low, high }, ...counted }] = samples;
  assert.deepEqual(counted, { stage: "slow", measured: 24, classes: kinds });
  assert.ok(Math.abs(value - kinds * mean) < 1e-6 && Math.abs(value - seconds) < 1e-6);
  assert.ok(low! < value && value < high! && high! < 1.5 * value, `${low} ${value} ${high}`);
  const { out } = await call(demo, "run", "--estimate");
  assert.match(out, /^slow +28 +24 +4 +0 +0 /m, out);
  assert.match(out, /^Like these: of the 28 kinds of slow 24 were drawn and measured; all take /m);
});

Deno.test("what cannot be measured is said to be unknown, with the reason", async () => {
  using demo = makeSlow(`
    const job = (behave, steps) => g.job("slow", { behave, steps, ms: 1 }, {}, behave + steps);
    return g.job("collect", { title: "t" },
      { a: job("silent", 9), b: job("silent", 4), c: job("fail", 9) }, "table");`);
  const { classes, stages, wallSeconds, said } = await estimate(demo);
  const reasons = Object.fromEntries(classes.map((c) => [c.label, c.reason]));
  assert.match(
    reasons["probes/silent9"]!,
    /reported no units: it must call ctx\.progress or ctx\.tick/,
  );
  assert.equal(reasons["probes/silent4"], undefined, "measured whole");
  assert.equal(reasons["probes/fail9"], "Error: no such small job");
  assert.deepEqual(stages.map((s) => s.unknown), [2, 1], said);
  assert.ok(wallSeconds > 0.15);
  const { out } = await call(demo, "run", "--estimate");
  assert.match(out, /^slow +3 +1 +0 +0 +2 +> \d/m, out);
  assert.match(out, /^Unknown: slow, 1 job such as probes\/fail9: Error: no such small job\.$/m);
  const wrong = await call(demo, "run", "--json");
  assert.match(wrong.out, /--json has an effect with --estimate only/);
  assert.equal(wrong.code, 1);
});

Deno.test("a pilot reads its input's pilot, or what is done, which stays as it was", async () => {
  using demo = makeSlow(`
    const first = g.job("slow", { steps: 9, ms: 1, seed: 7 }, {}, "first");
    return g.job("slow", { steps: 9, ms: 2 }, { first }, "second");`);
  const before = await estimate(demo, "--jobs", "1");
  assert.deepEqual(before.stages.map((s) => [s.jobs, s.measuredNow]), [[2, 2]], before.said);
  assert.equal(before.said.match(/^pilot of/gm)!.length, 2, "the input's pilot ran once");
  await call(demo, "run", "--job", "probes/first");
  const store = await contents(demo);
  const after = await estimate(demo, "--jobs", "1");
  assert.deepEqual(after.said.match(/^pilot of .*$/gm), ["pilot of slow probes/second"]);
  assert.deepEqual(after.stages.map((s) => [s.jobs, s.measuredNow]), [[1, 1]], after.said);
  assert.equal(await contents(demo), store);
  const objects = join(demo.root, ".store", "objects");
  for (const name of readdirSync(objects, { recursive: true }) as string[]) {
    const { isFile, nlink } = Deno.statSync(join(objects, name));
    if (isFile) assert.equal(nlink, 1, name);
  }
});

Deno.test("Ctrl-C leaves nothing behind, and neither does a kill for long", async () => {
  using demo = makeSlow(`return g.job("slow", { steps: 9, ms: 60000 }, {}, "endless");`);
  for (const [signal, code] of [["SIGKILL", 137], ["SIGINT", 130]] as const) {
    const running = start(demo, "run", "--estimate");
    await running.says("pilot of slow probes/endless");
    await new Promise((go) => setTimeout(go, 300));
    assert.equal(leftovers(demo).length, 1, "this one's; an earlier one's is gone");
    running.kill(signal);
    const ended = await running.ended;
    assert.equal(ended.code, code, ended.out);
  }
  assert.deepEqual(leftovers(demo), []);
  assert.equal(await contents(demo), "empty");
});
