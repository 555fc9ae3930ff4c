/** @file That all is done is recognised without computing a key, and never where a key, the catalogue or an object would be another. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stopBundler } from "../../../pipeline/keys/bundle.ts";
import { foundOf, recall, remember } from "../../../pipeline/keys/settled.ts";
import { Scheduler } from "../../../pipeline/run/scheduler.ts";
import { catalogFiles } from "../../../pipeline/store/catalog_files.ts";
import {
  openPlanned,
  planWorkspace,
  selectJobs,
  type WorkspaceOptions,
} from "../../../pipeline/workspace.ts";
import { pretendItRan } from "../../bench/pipeline/many_jobs.ts";
import { call, type Demo, makeProbe } from "../helpers.ts";

const RULES = "lib/engine/sums/sum_table.ts";
const GRID = "pipeline/experiments/probes.ts";

/** Jobs with a file, an engine that has a table of rules, a module that a parameter names, and a package; and many more. */
async function makeDone(): Promise<Demo> {
  const demo = makeProbe(`
    const many = {};
    for (let i = 0; i < 60; i++) many["a" + i] = g.job("generate", { seed: i, length: 1 }, {}, "a" + i);
    const data = g.job("generate", { seed: 1 }, {}, "data");
    const text = g.job("read", {}, { text: g.file("words.txt") }, "text");
    const fit = g.job("fit", { model: "mean" }, { data }, "fit");
    return g.job("collect", { title: "all" }, { fit, text, ...many }, "table");`);
  demo.write("words.txt", "some words\n");
  demo.write(
    "pipeline/stages/read.ts",
    `import { z } from "zod";
    export const params = z.strictObject({});
    export async function run(ctx) { return { files: { "x.json": { json: z.number().parse(1) } } }; }\n`,
  );
  mkdirSync(join(demo.root, "lib/engine/sums"), { recursive: true });
  demo.write(RULES, "export const add = (x, y) => x + y;\n");
  demo.write(
    "lib/engine/engines/ort.ts",
    `import * as rules from "../sums/sum_table.ts";\nexport const compile = (op) => rules[op];\n`,
  );
  await pretendItRan(demo.root);
  return demo;
}

function planOf({ root }: Demo, over: Partial<WorkspaceOptions> = {}) {
  const options = { root, store: ".store", profile: "quick", engine: "ort" as const, set: [] };
  return planWorkspace({ ...options, ...over });
}

/** As a new process would ask. */
async function isKnown(demo: Demo, over: Partial<WorkspaceOptions> = {}): Promise<boolean> {
  const planned = await planOf(demo, over);
  const nodes = selectJobs(planned.graph, over);
  const found = await recall(planned, nodes);
  planned.fingerprints.save();
  return found !== undefined;
}

/** Looks every job up, as a run does, and keeps that all are done. @returns what it found */
async function lookUp(demo: Demo) {
  const workspace = await openPlanned(await planOf(demo));
  try {
    const { jobs } = workspace.graph;
    assert.equal(await new Scheduler(jobs, workspace.resolver).plan(), 0);
    await remember(workspace, jobs);
    return foundOf(workspace, jobs);
  } finally {
    await workspace.close();
  }
}

/** Files count as old enough to be remembered. */
function later(): Disposable {
  const { now } = Date;
  Date.now = () => now() + 1e6;
  return { [Symbol.dispose]: () => void (Date.now = now) };
}

Deno.test("what was found once is found again while nothing of it changes, and no longer", async (t) => {
  using demo = await makeDone();
  using _ = later();
  const at = (path: string) => join(demo.root, path);
  await t.step("a run says the same whether or not it looks at every job", async () => {
    const withoutTime = ({ code, out }: { code: number; out: string }) => [
      code,
      out.replace(/[\d.]+ s\)/, ""),
    ];
    const kept = at(".store/cache/settled-quick.json");
    const first = await call(demo, "run");
    assert.match(first.out, /^64 of 64 jobs were done, 0 ran/);
    assert.equal(existsSync(kept), false, "labels were recorded, which changes the catalogue");
    const second = await call(demo, "run");
    assert.ok(existsSync(kept));
    rmSync(at(".store/index.json"));
    const third = await call(demo, "run");
    assert.deepEqual([second, third].map(withoutTime), [first, first].map(withoutTime));
    const dry = await call(demo, "run", "--dry-run");
    assert.match(dry.out, /^All 64 jobs are done; nothing would run\.\n$/);
    assert.equal(existsSync(at(".store/index.json")), false, "nobody has opened the catalogue");
  });
  const found = await lookUp(demo);
  const planned = await planOf(demo);
  // Without the index: no job is looked up.
  rmSync(at(".store/index.json"), { force: true });
  assert.deepEqual(await recall(planned, planned.graph.jobs), { ...await saved(demo), ...found });
  assert.equal(found.tables.probes.length, 1);

  /** A file that is another for a moment. */
  const edits: [what: string, path: string, from: string, to: string][] = [
    ["code that a stage imports", "lib/deep.ts", "SCALE = 3", "SCALE = 4"],
    ["a module that a parameter names", "lib/models/mean.ts", "=>", "=> 1 *"],
    ["a rule", RULES, "x + y", "y + x"],
    ["a parameter", GRID, "seed: 1", "seed: 2"],
    ["a parameter of the first of many", GRID, "seed: i", "seed: i || 60"],
    ["a default", "pipeline/stages/generate.ts", "default(16)", "default(17)"],
    ["a label", GRID, '"text")', '"texts")'],
    ["an input", GRID, "{ fit, text,", "{ fit,"],
    ["the name of an input", GRID, "{ fit, text,", "{ fit, other: text,"],
    ["a byte of a file that is read", "words.txt", "some", "same"],
    ["a package", "deno.json", "zod@4.6.7", "zod@4.6.6"],
    [
      "whether a stage uses an engine",
      "pipeline/stages/fit.ts",
      "usesEngine = true",
      "usesEngine = false",
    ],
  ];
  for (const [what, path, from, to] of edits) {
    await t.step(`not with ${what} that differs`, async () => {
      demo.edit(path, from, to);
      assert.equal(await isKnown(demo), false);
      demo.edit(path, to, from);
      assert.equal(await isKnown(demo), true, "as it was before");
    });
  }
  await t.step("code that nothing reaches makes no difference", async () => {
    demo.edit("lib/deep.ts", "x - 1", "x - 2");
    assert.equal(await isKnown(demo), true);
  });
  await t.step("not with another engine, device, Deno, or some of the jobs", async () => {
    const others: Partial<WorkspaceOptions>[] = [
      { engine: "jax" },
      { device: "a GPU" },
      { deno: "1.0.0" },
      { set: ["collect.title=all"] },
    ];
    for (const over of others) assert.equal(await isKnown(demo, over), false);
    const { graph } = planned;
    assert.equal(await recall(planned, graph.jobs.slice(0, 2)), undefined);
    assert.ok(await recall(planned, graph.jobs));
  });
  await t.step("not with another catalogue, or one that a killed run left behind", async () => {
    const { original, journal } = catalogFiles(at(".store"));
    for (const path of [original, at(".store/cache/settled-quick.json")]) {
      const bytes = readFileSync(path);
      for (const place of [100, bytes.length - 100]) {
        const changed = Uint8Array.from(bytes);
        changed[place] ^= 1;
        writeFileSync(path, changed);
        assert.equal(await isKnown(demo), false);
      }
      writeFileSync(path, bytes);
      assert.equal(await isKnown(demo), true);
    }
    writeFileSync(journal, "");
    assert.equal(await isKnown(demo), false);
    rmSync(journal);
  });
  await t.step("not with an object that is gone, whoever knows of that", async () => {
    const [hash] = found.tables.probes;
    const path = planned.objects.path(hash);
    const bytes = readFileSync(path);
    rmSync(path);
    assert.equal(await isKnown(demo), false);
    const workspace = await openPlanned(await planOf(demo));
    assert.equal(await new Scheduler(workspace.graph.jobs, workspace.resolver).plan(), 1);
    await workspace.close();
    assert.equal(await isKnown(demo), false, "what was found meanwhile says that it is lost");
    writeFileSync(path, bytes);
    assert.equal(await isKnown(demo), false, "it has to be looked at again");
    await lookUp(demo);
    assert.equal(await isKnown(demo), true);
  });
  await stopBundler();
});

const saved = async (demo: Demo) =>
  (await JSON.parse(readFileSync(join(demo.root, ".store/cache/settled-quick.json"), "utf8")))
    .settled;
