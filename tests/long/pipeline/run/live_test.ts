/** @file What happens while a run is going on: questions, rivals, edits, signals, deaths. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { crash } from "../../../../pipeline/commands/crash.ts";
import { Catalog } from "../../../../pipeline/store/catalog.ts";
import { cli, type Demo, makeDemo, makeProbe, start } from "../../../pipeline/helpers.ts";

const SLOW = `
  const runs = Object.fromEntries([1, 2, 3].map((seed) =>
    [seed, g.job("generate", { seed, delay: seed === 1 ? 0 : 3000 }, {}, "data" + seed)]));
  const fit = g.job("fit", { model: "linear" }, { data: runs[2] }, "fit");
  return g.job("collect", { title: "t" }, { ...runs, fit }, "table");`;

/** Waits until the file for other terminals says where a job stands; it is written a few times a second. */
async function until(demo: Demo, label: string, state: string): Promise<void> {
  const live = join(demo.root, ".store/live.json");
  const stands = () =>
    existsSync(live) &&
    JSON.parse(readFileSync(live, "utf8")).jobs.some((job: { label: string; state: string }) =>
      job.label === label && job.state === state
    );
  for (let tries = 0; !stands(); tries++) {
    assert.ok(tries < 1000, `live.json never says that ${label} is ${state}`);
    await new Promise((go) => setTimeout(go, 10));
  }
}

const untilRunning = (demo: Demo, label: string) => until(demo, label, "running");

Deno.test("status and why answer during a run, a second run is refused, Ctrl-C keeps what is done", async () => {
  using demo = makeProbe(SLOW);
  const run = start(demo, "run", "--jobs", "2");
  await until(demo, "probes/data1", "ran");
  await untilRunning(demo, "probes/data2");
  const [status, why, json, second] = await Promise.all([
    cli(demo, "status"),
    cli(demo, "why", "probes/data2"),
    cli(demo, "status", "--json"),
    cli(demo, "run"),
  ]);
  assert.match(status.out, new RegExp(`A run of profile quick is going on \\(pid ${run.pid},`));
  assert.match(status.out, /running: probes\/data2/);
  assert.match(
    why.out,
    /generate probes\/data2 is running .* because\n {2}it never ran to its end/,
  );
  const jobs = JSON.parse(json.out) as { label: string; state: string; why?: string[] }[];
  assert.equal(jobs.find((j) => j.label === "probes/data1")!.state, "done");
  const table = jobs.find((j) => j.label === "probes/table")!;
  assert.equal(table.state, "waiting");
  assert.match(table.why![0], /waits for probes\/data/);
  assert.equal(second.code, 1);
  assert.match(second.out, new RegExp(`in use by "run" \\(pid ${run.pid} on`));
  run.kill("SIGINT");
  const stopped = await run.ended;
  assert.equal(stopped.code, 130, stopped.out);
  assert.match(stopped.out, /Stopped; what was finished is kept/);
  assert.ok(stopped.seconds < 60);
  assert.ok(!existsSync(join(demo.root, ".store/live.json")));
  const rest = await cli(demo, "run");
  assert.equal(rest.code, 0, rest.out);
  assert.deepEqual(rest.ran, ["probes/data2", "probes/data3", "probes/fit", "probes/table"]);
});

Deno.test("a job that listens to nothing is ended after a moment", async () => {
  using demo = makeProbe(`return g.job("probe", { behave: "hang" }, {}, "hang");`);
  const run = start(demo, "run");
  await untilRunning(demo, "probes/hang");
  await new Promise((go) => setTimeout(go, 500));
  const begun = performance.now();
  run.kill("SIGINT");
  const { code } = await run.ended;
  assert.equal(code, 130);
  assert.ok(performance.now() - begun < 60_000, "it would run for ever");
});

Deno.test("a job that is stopped has a moment to save where it was", async () => {
  using demo = makeProbe(`return g.job("probe", { behave: "well" }, {}, "saver");`);
  demo.edit(
    "pipeline/stages/probe.ts",
    "let from = 0;",
    `let from = 0;
     const saved = await ctx.checkpoint.load();
     ctx.observe("resumed_from", saved ? saved[0] : 0);
     if (!saved) {
       while (!ctx.signal.aborted) await new Promise((go) => setTimeout(go, 20));
       await new Promise((go) => setTimeout(go, 300));
       await ctx.checkpoint.save(Uint8Array.of(9));
       ctx.signal.throwIfAborted();
     }`,
  );
  const run = start(demo, "run");
  await untilRunning(demo, "probes/saver");
  await new Promise((go) => setTimeout(go, 500));
  run.kill("SIGINT");
  assert.equal((await run.ended).code, 130);
  const { code, out } = await cli(demo, "run");
  assert.equal(code, 0, out);
  const catalog = await Catalog.open(join(demo.root, ".store"));
  try {
    const found = await catalog.query("SELECT value FROM observation WHERE name = 'resumed_from'");
    assert.deepEqual(found, [{ value: 9 }]);
  } finally {
    await catalog.close();
  }
});

Deno.test("code edited under a running job does not get its result into the cache", async () => {
  using demo = makeProbe(`return g.job("generate", { seed: 1, delay: 1500 }, {}, "data");`);
  const run = start(demo, "run");
  await untilRunning(demo, "probes/data");
  demo.edit("lib/deep.ts", "SCALE = 3", "SCALE = 4");
  const { code, out } = await run.ended;
  assert.equal(code, 1, out);
  assert.match(
    out,
    /lib\/deep\.ts (changed while the job ran|was another when the worker loaded it); its result was thrown away/,
  );
  demo.edit("lib/deep.ts", "SCALE = 4", "SCALE = 3");
  assert.deepEqual((await cli(demo, "run")).ran, ["probes/data"]);
});

Deno.test("a killed run frees its store, and a long job goes on from its checkpoint", async () => {
  using demo = makeProbe(`return g.job("probe", { behave: "resume" }, {}, "long");`);
  const run = start(demo, "run");
  const checkpoints = join(demo.root, ".store/checkpoints");
  for (let tries = 0; !existsSync(checkpoints) || !readdirSync(checkpoints).length; tries++) {
    assert.ok(tries < 1000);
    await new Promise((go) => setTimeout(go, 10));
  }
  await new Promise((go) => setTimeout(go, 200));
  run.kill("SIGKILL");
  await run.ended;
  const { code, out } = await cli(demo, "run");
  assert.equal(code, 0, out);
  assert.deepEqual(readdirSync(checkpoints), []);
  const catalog = await Catalog.open(join(demo.root, ".store"));
  try {
    const [resumed] = await catalog.query(
      "SELECT value FROM observation WHERE name = 'resumed_from'",
    );
    assert.ok(resumed.value as number >= 5, `resumed from ${resumed.value}`);
    const steps = await catalog.query("SELECT step FROM metric ORDER BY step");
    assert.deepEqual(steps.map((s) => s.step), Array.from({ length: 40 }, (_, i) => i + 1));
  } finally {
    await catalog.close();
  }
});

Deno.test("ten kills at random moments lose nothing and damage nothing", async () => {
  using demo = makeDemo();
  const log: string[] = [];
  const problems = await crash({
    root: demo.root,
    profile: "smoke",
    kills: 10,
    seed: 7,
    jobs: 2,
    log: (line) => log.push(line),
  });
  assert.deepEqual(problems, []);
  assert.equal(log.filter((line) => line.startsWith("kill ")).length, 10);
});

Deno.test("what a crash test finds is told: results that differ, and an undisturbed run that fails", async () => {
  const options = { profile: "smoke", kills: 1, seed: 1, jobs: 1, log: () => {} };
  using random = makeProbe(`return g.job("probe", { behave: "well" }, {}, "p");`);
  random.edit("pipeline/stages/probe.ts", "`${id}\\n`", "`${Math.random()}\\n`");
  assert.deepEqual(await crash({ ...options, root: random.root }), [
    "probes/p ended with another result than undisturbed",
  ]);
  assert.deepEqual(readdirSync(join(random.root, ".store")), [], "its stores are gone");
  using failing = makeProbe(`return g.job("probe", { behave: "throw" }, {}, "p");`);
  const problems = await crash({ ...options, root: failing.root });
  assert.equal(problems.length, 1);
  assert.match(problems[0], /^The undisturbed run failed:\n[^]*the probe was told to throw/);
});
