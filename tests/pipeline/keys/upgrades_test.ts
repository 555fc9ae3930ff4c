/**
 * @file What an upgrade of a package, or an edit of the import map, reruns: the jobs whose code reaches what changed,
 * and no others. The cache of fingerprints lies between the two looks.
 */
import assert from "node:assert/strict";
import { stopBundler } from "../../../pipeline/keys/bundle.ts";
import { type Demo, makeDemo } from "../helpers.ts";
import { keysOf, moved } from "./helpers.ts";

const GENERATE = ["means/data", "slopes/seed=1/data", "slopes/seed=2/data"];
const LINEAR = ["slopes/seed=1/fit", "slopes/seed=2/fit"];
const FIT = ["means/fit", ...LINEAR];

const IMPORTS = {
  zod: "npm:zod@4.6.7",
  range: "npm:range@^1",
  "@scope/solver/": "npm:/@scope/solver@2.0.0/",
  "#const/": "./lib/",
  "onnxruntime-node": "npm:onnxruntime-node@1.30.0",
};

const LOCK = {
  specifiers: {
    "npm:range@^1": "1.2.0",
    "npm:@scope/solver@2.0.0": "2.0.0",
    "npm:onnxruntime-node@1.30.0": "1.30.0",
    "npm:loose@1": "1.0.0",
  },
  npm: {
    "range@1.2.0": { dependencies: ["between"] },
    "between@3.0.0": { optionalDependencies: ["deepest"] },
    "deepest@4.0.0": {},
    "@scope/solver@2.0.0": {},
    "onnxruntime-node@1.30.0": { dependencies: ["beneath"] },
    "beneath@1.0.0": {},
    "loose@1.0.0": {},
  },
};

/**
 * A demonstration in which generate reaches `range` (and through it `between` and `deepest`), the linear model
 * `@scope/solver`, and nobody `loose`.
 */
function makeUpgradable(): Demo {
  const demo = makeDemo();
  demo.edit("lib/middle.ts", "import", 'import { round } from "range";\nimport');
  demo.edit("lib/middle.ts", '"./deep.ts"', '"#const/deep.ts"');
  demo.edit("lib/middle.ts", "SCALE * x", "round(SCALE * x)");
  demo.edit(
    "lib/models/linear.ts",
    "const RIDGE",
    'import s from "@scope/solver/s.js";\nconst RIDGE',
  );
  demo.edit("lib/models/linear.ts", "return xy / xx", "return s(xy / xx)");
  demo.write("lib/deeper.ts", "export const SCALE = 7;\n");
  demo.write("deno.json", JSON.stringify({ imports: IMPORTS }, null, 1));
  demo.write("deno.lock", JSON.stringify(LOCK, null, 1));
  return demo;
}

const CHANGES: { what: string; change(demo: Demo): void; reruns: string[] }[] = [
  {
    what: "a package upgraded in the lock file, under the same range",
    change: (d) => {
      d.edit("deno.lock", '"npm:range@^1": "1.2.0"', '"npm:range@^1": "1.2.1"');
      d.edit("deno.lock", '"range@1.2.0"', '"range@1.2.1"');
    },
    reruns: GENERATE,
  },
  {
    what: "a package that is reached only through another one",
    change: (d) => d.edit("deno.lock", '"between@3.0.0"', '"between@3.0.1"'),
    reruns: GENERATE,
  },
  {
    what: "an optional dependency of a dependency",
    change: (d) => d.edit("deno.lock", '"deepest@4.0.0"', '"deepest@4.1.0"'),
    reruns: GENERATE,
  },
  {
    what: "another version pinned in deno.json, which the lock file does not know yet",
    change: (d) => d.edit("deno.json", "solver@2.0.0/", "solver@2.0.1/"),
    reruns: LINEAR,
  },
  {
    what: "the engine's package, under jobs that use an engine",
    change: (d) => {
      d.edit("deno.lock", 'node@1.30.0": "1.30.0"', 'node@1.30.0": "1.30.1"');
      d.edit("deno.lock", '"onnxruntime-node@1.30.0": {', '"onnxruntime-node@1.30.1": {');
    },
    reruns: FIT,
  },
  {
    what: "a package that no job reaches",
    change: (d) => {
      d.edit("deno.lock", '"1.0.0"', '"1.0.1"');
      d.edit("deno.lock", '"loose@1.0.0"', '"loose@1.0.1"');
    },
    reruns: [],
  },
  {
    what: "a new package and a new folder in the import map that nobody imports",
    change: (d) =>
      d.edit("deno.json", '"zod"', '"new": "npm:new@1.0.0", "#new/": "./lib/",\n "zod"'),
    reruns: [],
  },
  {
    what: "the import map leads the same name to another folder",
    change: (d) => {
      Deno.mkdirSync(`${d.root}/other`);
      d.write("other/deep.ts", "export const SCALE = 7;\n");
      d.edit("deno.json", '"./lib/"', '"./other/"');
    },
    reruns: GENERATE,
  },
  {
    what: "the import map leads one name to another file of the folder",
    change: (d) =>
      d.edit("deno.json", '"#const/"', '"#const/deep.ts": "./lib/deeper.ts",\n "#const/"'),
    reruns: GENERATE,
  },
  {
    what: "the import map leads the same name to another package",
    change: (d) => d.edit("deno.json", "npm:range@^1", "npm:loose@1"),
    reruns: GENERATE,
  },
];

for (const { what, change, reruns } of CHANGES) {
  Deno.test(`${what}: reruns ${reruns.join(", ") || "nothing"}`, async () => {
    using demo = makeUpgradable();
    const before = await keysOf(demo);
    change(demo);
    const after = await keysOf(demo);
    assert.deepEqual(moved(before, after), [...reruns].sort());
    await stopBundler();
  });
}

Deno.test("the engine counts for the jobs that use one", async () => {
  using demo = makeUpgradable();
  demo.edit("deno.json", '"zod"', '"@jax-js/jax": "npm:@jax-js/jax@0.1.0",\n "zod"');
  const before = await keysOf(demo);
  assert.deepEqual(moved(before, await keysOf(demo, { engine: "jax" })), FIT);
  // Two engines of one package are still two engines.
  const [jax, webgpu] = [
    await keysOf(demo, { engine: "jax" }),
    await keysOf(demo, { engine: "jax-webgpu" }),
  ];
  assert.deepEqual(moved(jax, webgpu), FIT);
  demo.edit("deno.json", "jax@0.1.0", "jax@0.1.1");
  assert.deepEqual(moved(before, await keysOf(demo)), []);
  assert.deepEqual(moved(jax, await keysOf(demo, { engine: "jax" })), FIT);
  assert.deepEqual(moved(webgpu, await keysOf(demo, { engine: "jax-webgpu" })), FIT);
  await stopBundler();
});
