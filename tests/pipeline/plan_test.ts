/** @file The plan: what is read of stages and experiments, and that its cache never shows an earlier version. */
import assert from "node:assert/strict";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
} from "node:fs";
import { join } from "node:path";
import type { EngineName } from "../../lib/engine/engines.ts";
import { stopBundler } from "../../pipeline/keys/bundle.ts";
import { FileHashes } from "../../pipeline/keys/file_hashes.ts";
import { Packages } from "../../pipeline/keys/packages.ts";
import { loadPlan, type Plan } from "../../pipeline/plan.ts";
import { type Demo, makeDemo } from "./helpers.ts";

/** As a new process would load it. */
function planOf({ root }: { root: string }, engine: EngineName = "ort"): Promise<Plan> {
  const cache = join(root, ".store/cache");
  return loadPlan(root, cache, Packages.read(root), new FileHashes(root), engine);
}

const truncateHalf = (path: string) => truncateSync(path, statSync(path).size >> 1);

const modulesIn = ({ root }: Demo) =>
  readdirSync(join(root, ".store/cache")).filter((name) => name.endsWith(".mjs"));

Deno.test("a plan has every stage by its file name, and the experiments in their order", async () => {
  using demo = makeDemo();
  demo.write("pipeline/stages/notes.md", "no stage");
  const { stages, experiments } = await planOf(demo);
  assert.deepEqual(Object.keys(stages), ["collect", "fit", "generate", "probe"]);
  for (const [name, stage] of Object.entries(stages)) {
    assert.deepEqual([stage.name, stage.path], [name, `pipeline/stages/${name}.ts`]);
  }
  assert.deepEqual(experiments.map((e) => [e.meta.id, e.path]), [
    ["slopes", "pipeline/experiments/slopes.ts"],
    ["means", "pipeline/experiments/means.ts"],
  ]);
  assert.deepEqual(stages.fit.modules!({ model: "mean" }), {
    model: { path: "lib/models/mean.ts", exports: ["fit"] },
    engine: { path: "lib/engine/engines/ort.ts", exports: ["compile"] },
  });
  assert.equal(stages.generate.modules, undefined);
  // A schema is a constant or a function that makes one.
  assert.deepEqual(stages.fit.schema.parse({ model: "mean" }), {
    model: "mean",
    optimizer: { steps: 1 },
    decimals: 12,
  });
  assert.deepEqual(stages.generate.schema.parse({ seed: 1 }), { seed: 1, length: 16, delay: 0 });
  await stopBundler();
});

Deno.test("a stage that uses a native engine may load native code, others only where they say so", async () => {
  using demo = makeDemo();
  const add = (name: string, head: string) =>
    demo.write(
      `pipeline/stages/${name}.ts`,
      `import { z } from "zod"; export const params = z.object({}); export function run() {}\n${head}`,
    );
  add("a", `export const permissions = { net: ["x.org"], write: ["data"] };`);
  add("b", `export const usesEngine = true; export const permissions = { net: true };`);
  add("c", `export const usesEngine = "yes";`);
  add("d", `export const permissions = { ffi: true };`);
  const { stages: { a, b, c, d, fit } } = await planOf(demo);
  assert.deepEqual([a, b, c, d, fit].map((s) => s.usesEngine), [false, true, false, false, true]);
  assert.deepEqual(a.permissions, { net: ["x.org"], write: ["data"] });
  assert.deepEqual(b.permissions, { net: true, ffi: true });
  assert.deepEqual(c.permissions, {});
  assert.deepEqual(d.permissions, { ffi: true });
  assert.deepEqual(fit.permissions, { ffi: true });
  // The engine's module is one that the job names; stages without an engine name none.
  const { stages } = await planOf(demo, "jax-webgpu");
  const engine = { path: "lib/engine/engines/jax_webgpu.ts", exports: ["compile"] };
  assert.deepEqual(stages.b.modules!({}), { engine });
  // It is no native one, and does not make others of the stages that say that they need native code.
  assert.deepEqual(stages.fit.permissions, {});
  assert.deepEqual(stages.b.permissions, { net: true });
  assert.deepEqual(stages.d.permissions, { ffi: true });
  assert.deepEqual(stages.fit.modules!({ model: "mean" }).engine, engine);
  assert.deepEqual([a, c, d].map((s) => s.modules), [undefined, undefined, undefined]);
  await stopBundler();
});

Deno.test("what is wrong with a module is said with its path", async () => {
  const cases: [path: string, text: string, message: RegExp][] = [
    [
      "pipeline/stages/bad.ts",
      "export const params = { x: 1 };",
      /^pipeline\/stages\/bad\.ts: a stage exports params, a zod schema or a function/,
    ],
    ["pipeline/stages/bad.ts", "export const usesEngine = true;", /a stage exports params/],
    [
      "pipeline/experiments/means.ts",
      "export const meta = { id: 'm' };",
      /means\.ts: an experiment/,
    ],
    [
      "pipeline/experiments/means.ts",
      "export const meta = { title: 'M' }; export function grid() {}",
      /^pipeline\/experiments\/means\.ts: an experiment exports meta \(with an id\) and grid/,
    ],
    ["pipeline/experiments/means.ts", "export function grid() {}", /an experiment exports meta/],
    ["pipeline/experiments/means.ts", "export const =", /means\.ts:1:14: Expected identifier/],
    [
      "pipeline/experiments/index.ts",
      "export const experiments = 1;",
      /must export experiments, a list/,
    ],
    ["pipeline/experiments/index.ts", "export {};", /index\.ts: must export experiments/],
  ];
  for (const [path, text, message] of cases) {
    using demo = makeDemo();
    demo.write(path, text);
    await assert.rejects(
      () => planOf(demo),
      ({ message: said }: Error) => message.test(said),
      path,
    );
  }
  await stopBundler();
});

Deno.test("a folder without experiments is no pipeline, one without stages is", async () => {
  using demo = makeDemo();
  rmSync(join(demo.root, "pipeline/stages"), { recursive: true });
  const { stages, experiments } = await planOf(demo);
  assert.deepEqual([stages, experiments.length], [{}, 2]);
  rmSync(join(demo.root, "pipeline/experiments/index.ts"));
  await assert.rejects(() => planOf(demo), /has no pipeline: pipeline\/experiments\/index\.ts is/);
  await stopBundler();
});

Deno.test("the science behind a stage is not loaded for the plan", async () => {
  using demo = makeDemo();
  demo.edit("lib/noise.ts", "export function", 'import "npm:no-such-package@1";\nexport function');
  demo.edit("lib/noise.ts", "let state = seed;", 'let state = seed; throw new Error("loaded");');
  assert.equal(Object.keys((await planOf(demo)).stages).length, 4);
  await stopBundler();
});

Deno.test("an edit shows in the next plan of the same process, also one behind an import", async () => {
  using demo = makeDemo();
  const titles = async () => (await planOf(demo)).experiments.map(({ meta }) => meta.title);
  assert.deepEqual(await titles(), ["Slopes", "Means"]);
  const [first] = modulesIn(demo);
  demo.edit("pipeline/experiments/means.ts", '"Means"', "TITLE");
  demo.edit(
    "pipeline/experiments/means.ts",
    "export const meta",
    'import { TITLE } from "./t.ts";\nexport const meta',
  );
  demo.write("pipeline/experiments/t.ts", 'export const TITLE = "One";\n');
  assert.deepEqual(await titles(), ["Slopes", "One"]);
  // What the cache held before is gone.
  const modules = modulesIn(demo);
  assert.equal(modules.length, 1);
  assert.notEqual(modules[0], first);
  demo.write("pipeline/experiments/t.ts", 'export const TITLE = "Two";\n');
  assert.deepEqual(await titles(), ["Slopes", "Two"]);
  demo.edit("pipeline/experiments/index.ts", '"pipeline/experiments/slopes.ts",', "");
  assert.deepEqual(await titles(), ["Two"]);
  demo.write(
    "pipeline/stages/late.ts",
    'import { z } from "zod"; export const params = z.object({});\n',
  );
  assert.ok("late" in (await planOf(demo)).stages);
  await stopBundler();
});

Deno.test("a plan whose files are unchanged is not made again", async () => {
  using demo = makeDemo();
  await planOf(demo);
  const [module] = modulesIn(demo);
  const path = join(demo.root, ".store/cache", module);
  const before = statSync(path);
  await planOf(demo);
  assert.deepEqual(modulesIn(demo), [module]);
  const { mtimeMs, ino } = statSync(path);
  assert.deepEqual([mtimeMs, ino], [before.mtimeMs, before.ino]);
  await stopBundler();
});

Deno.test("a plan is made again when its cache is damaged, or for another import map or folder", async () => {
  using demo = makeDemo();
  demo.write(
    "deno.json",
    JSON.stringify({ imports: { zod: "npm:zod@4.6.7", "#title": "./lib/one.ts" } }),
  );
  demo.write("lib/one.ts", 'export const title = "One";\n');
  demo.write("lib/two.ts", 'export const title = "Two";\n');
  demo.edit("pipeline/experiments/means.ts", '"Means"', "title + import.meta.dirname");
  demo.edit(
    "pipeline/experiments/means.ts",
    "export const",
    'import { title } from "#title";\nexport const',
  );
  const title = async (root = demo.root) => (await planOf({ root })).experiments[1].meta.title;
  const folder = join(demo.root, "pipeline/experiments");
  assert.equal(await title(), `One${folder}`);
  for (const text of ["", "{", "null"]) {
    demo.write(".store/cache/plan.json", text);
    assert.equal(await title(), `One${folder}`);
  }
  for (const damage of [rmSync, (path: string) => truncateSync(path), truncateHalf]) {
    for (const module of modulesIn(demo)) damage(join(demo.root, ".store/cache", module));
    assert.equal(await title(), `One${folder}`);
  }
  demo.edit("deno.json", "one.ts", "two.ts");
  assert.equal(await title(), `Two${folder}`);
  // Moved with its store: the bundle holds paths.
  const moved = join(demo.root, "moved");
  mkdirSync(moved);
  for (const name of ["pipeline", "lib", "deno.json", ".store"]) {
    cpSync(join(demo.root, name), join(moved, name), { recursive: true });
  }
  const [original] = modulesIn(demo);
  assert.equal(await title(moved), `Two${join(moved, "pipeline/experiments")}`);
  assert.deepEqual(modulesIn(demo), [original], "what the store was copied from is left alone");
  assert.ok(existsSync(join(moved, ".store/cache/plan.json")));
  await stopBundler();
});
