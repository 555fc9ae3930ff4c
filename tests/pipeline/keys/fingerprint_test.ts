/**
 * @file The promises about reruns, checked on the keys' ingredients: what may be edited without a
 * rerun, and what may not.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { stopBundler } from "../../../pipeline/keys/bundle.ts";
import { Fingerprints } from "../../../pipeline/keys/fingerprint.ts";
import { Packages } from "../../../pipeline/keys/packages.ts";
import { openWorkspace } from "../../../pipeline/workspace.ts";
import { type Demo, makeDemo } from "../helpers.ts";

/** Stage and label to code fingerprint and packages, as a new process would find them. */
async function codes(demo: Demo): Promise<Record<string, string>> {
  const workspace = await openWorkspace({
    root: demo.root,
    store: ".store",
    profile: "smoke",
    engine: "ort",
    set: [],
  });
  try {
    const found: Record<string, string> = {};
    for (const node of workspace.graph.jobs) {
      const { code, packages } = await workspace.fingerprints.of(node.stage.path, node.modules);
      for (const label of node.labels) found[label] = `${code} ${JSON.stringify(packages)}`;
    }
    return found;
  } finally {
    await workspace.close();
  }
}

const GENERATE = ["slopes/seed=1/data", "slopes/seed=2/data", "means/data"];
const LINEAR = ["slopes/seed=1/fit", "slopes/seed=2/fit"];
const MEAN = ["means/fit"];
const COLLECT = ["slopes/table", "means/table"];

const EDITS: {
  what: string;
  prepare?(demo: Demo): void;
  edit(demo: Demo): void;
  reruns: string[];
}[] = [
  {
    what: "a comment",
    edit: (d) => {
      d.edit("lib/deep.ts", "export const SCALE = 3;", "// why\nexport const SCALE = /* or */ 3;");
      d.edit("lib/noise.ts", "let state = seed;", "let state = seed; // the seed");
      d.edit("pipeline/stages/fit.ts", "const { x } =", "/** Data. */\n  const { x } =");
    },
    reruns: [],
  },
  {
    what: "reformatting",
    edit: (d) => {
      d.edit("lib/models/linear.ts", "let [xy, xx] = [0, RIDGE];", "let [xy,xx]=[\n0,RIDGE ] ;");
      d.edit("lib/models/linear.ts", "return xy / xx;", "return (xy/xx)");
    },
    reruns: [],
  },
  {
    what: "a type annotation",
    edit: (d) => {
      d.edit("lib/deep.ts", "export const SCALE = 3;", "export const SCALE: number = 3 as number;");
      d.edit("lib/noise.ts", "let state = seed;", "let state: number = seed satisfies number;");
      d.edit("lib/noise.ts", "length: number;\n}", "length: number;\n  unused?: string;\n}");
    },
    reruns: [],
  },
  {
    what: "a type import",
    edit: (d) => {
      d.write("lib/types.ts", "export interface T { a: number }\nexport const X = 1;\n");
      d.edit("lib/deep.ts", "export const", 'import type { T } from "./types.ts";\nexport const');
    },
    reruns: [],
  },
  {
    what: "a function that no job reaches",
    edit: (d) => {
      d.edit("lib/deep.ts", "return x - 1;", "return performance.now() - x;");
      d.edit("lib/models/linear.ts", '"y = w x"', '"y = x w"');
    },
    reruns: [],
  },
  {
    what: "a new function with imports of its own, before everything else",
    edit: (d) => {
      d.write("lib/aaa.ts", "export const SCALE = 9;\nexport function noise() { return SCALE; }\n");
      d.edit("lib/noise.ts", "import {", 'import { noise as other } from "./aaa.ts";\nimport {');
      d.edit(
        "lib/noise.ts",
        "export interface",
        "export const again = () => other();\nexport interface",
      );
    },
    reruns: [],
  },
  {
    what: "an import for unreached code that changes the order of the modules",
    prepare: (d) => {
      d.write("lib/p.ts", "export const same = 1;\n");
      d.write("lib/q.ts", "export const same = 2;\nexport const dead = 3;\n");
      d.edit(
        "lib/middle.ts",
        "import",
        'import { same as p } from "./p.ts";\nimport { same as q } from "./q.ts";\nimport',
      );
      d.edit("lib/middle.ts", "SCALE * x", "SCALE * x + p - q");
    },
    edit: (d) => {
      d.edit("lib/middle.ts", "import", 'import { dead } from "./q.ts";\nimport');
      d.edit("lib/middle.ts", "export", "export const unused = () => dead;\nexport");
    },
    reruns: [],
  },
  {
    what: "a constant that no job reaches, whatever it calls",
    edit: (d) => {
      d.edit(
        "lib/deep.ts",
        "export const SCALE",
        "export const TABLE = new Map([[Math.random(), SCALE]]);\nexport const SCALE",
      );
    },
    reruns: [],
  },
  {
    what: "another model",
    edit: (d) => {
      d.write("lib/models/cubic.ts", "export function fit() { return 3; }\n");
      d.edit("lib/models/index.ts", "mean:", 'cubic: "lib/models/cubic.ts",\n  mean:');
    },
    reruns: [],
  },
  {
    what: "an edit of the engine's module",
    edit: (d) => d.edit("lib/engine/engines/ort.ts", "without", "with no"),
    reruns: [...LINEAR, ...MEAN],
  },
  {
    what: "an edit of another engine's module, or a further one",
    edit: (d) => {
      d.edit("lib/engine/engines/jax.ts", "without", "with no");
      d.write("lib/engine/engines/tfjs.ts", "export const compile = 1;\n");
    },
    reruns: [],
  },
  {
    what: "an edit of another model",
    edit: (d) => d.edit("lib/models/mean.ts", "sum + v", "v + sum"),
    reruns: MEAN,
  },
  {
    what: "another experiment",
    edit: (d) => {
      d.write(
        "pipeline/experiments/new.ts",
        `export const meta = { id: "new" };
         export function grid(g) { return g.job("generate", { seed: 1 }, {}, "data"); }`,
      );
      d.edit("pipeline/experiments/index.ts", "[", '["pipeline/experiments/new.ts", ');
    },
    reruns: [],
  },
  {
    what: "an edit of an experiment",
    edit: (d) => d.edit("pipeline/experiments/means.ts", '"Means"', '"The means"'),
    reruns: [],
  },
  {
    what: "the schema of parameters, as long as the parameters stay",
    edit: (d) =>
      d.edit("pipeline/stages/fit.ts", ".int().default(12)", ".int().min(0).default(12)"),
    reruns: [],
  },
  {
    what: "a constant three imports deep",
    edit: (d) => d.edit("lib/deep.ts", "SCALE = 3", "SCALE = 4"),
    reruns: GENERATE,
  },
  {
    what: "a private constant of a model",
    edit: (d) => d.edit("lib/models/linear.ts", "1e-14", "1e-8"),
    reruns: LINEAR,
  },
  {
    what: "a function in between",
    edit: (d) => d.edit("lib/middle.ts", "SCALE * x", "SCALE * x + 0"),
    reruns: GENERATE,
  },
  {
    what: "a stage",
    edit: (d) => d.edit("pipeline/stages/collect.ts", '"\\n") + "\\n"', '"\\n")'),
    reruns: COLLECT,
  },
  {
    what: "a statement that runs when the module is loaded",
    edit: (d) => d.edit("lib/middle.ts", "export function", "console.log(1);\nexport function"),
    reruns: GENERATE,
  },
];

for (const { what, prepare, edit, reruns } of EDITS) {
  Deno.test(`${what}: reruns ${reruns.join(", ") || "nothing"}`, async () => {
    using demo = makeDemo();
    prepare?.(demo);
    const before = await codes(demo);
    edit(demo);
    const after = await codes(demo);
    const changed = Object.keys(before).filter((label) => before[label] !== after[label]);
    assert.deepEqual(changed.sort(), [...reruns].sort());
    await stopBundler();
  });
}

Deno.test("two jobs with the same code have the same fingerprint, others not", async () => {
  using demo = makeDemo();
  const found = await codes(demo);
  assert.equal(found[LINEAR[0]], found[LINEAR[1]]);
  assert.notEqual(found[LINEAR[0]], found[MEAN[0]]);
  assert.equal(new Set(Object.values(found)).size, 4);
  await stopBundler();
});

Deno.test("of a module that a job names only the exports that it names count", async () => {
  using demo = makeDemo();
  const path = "lib/models/linear.ts";
  const of = async (...exports: string[]) => {
    const cache = join(demo.root, "cache");
    const fingerprints = new Fingerprints(demo.root, cache, Packages.read(demo.root));
    return (await fingerprints.of("pipeline/stages/fit.ts", { model: { path, exports } })).code;
  };
  const one = await of("fit");
  demo.edit(path, 'return "y = w x"', 'return "y = wx"'); // an export that nobody names
  assert.equal(await of("fit"), one);
  demo.edit(path, "export function fit", "export const extra = () => 1;\nexport function fit");
  assert.equal(await of("fit"), one);
  const both = await of("fit", "extra");
  assert.notEqual(both, one);
  assert.equal(await of("extra", "fit"), both);
  demo.edit(path, "() => 1", "() => 2");
  assert.notEqual(await of("fit", "extra"), both);
  assert.equal(await of("fit"), one);
  await stopBundler();
});

Deno.test("packages count only where the reached code imports them, by resolved version", async () => {
  using demo = makeDemo();
  demo.edit(
    "lib/middle.ts",
    "import",
    'import { z } from "zod";\nimport ort from "onnxruntime-node";\nimport',
  );
  demo.edit("lib/middle.ts", "return SCALE * x;", "return z.number().parse(SCALE * x);");
  demo.edit(
    "lib/middle.ts",
    "export function",
    "export const other = () => ort.env;\nexport function",
  );
  const lock = (zod: string) =>
    JSON.stringify({
      specifiers: { "npm:zod@4.6.7": zod, "npm:onnxruntime-node@1.30.0": "1.30.0" },
      npm: {
        [`zod@${zod}`]: { dependencies: ["tiny"] },
        "tiny@2.0.0": {},
        "onnxruntime-node@1.30.0": { dependencies: ["large@1.0.0"] },
      },
    });
  demo.write("deno.lock", lock("4.6.7"));
  const before = await codes(demo);
  assert.ok(before[GENERATE[0]].endsWith('{"tiny":"2.0.0","zod":"4.6.7"}'), before[GENERATE[0]]);
  assert.ok(before[COLLECT[0]].endsWith("{}"));
  demo.write("deno.lock", lock("4.6.8"));
  const after = await codes(demo);
  assert.ok(after[GENERATE[0]].endsWith('{"tiny":"2.0.0","zod":"4.6.8"}'));
  assert.equal(after[COLLECT[0]], before[COLLECT[0]]);
  await stopBundler();
});

Deno.test("when nothing changed no bundler is started", async () => {
  using demo = makeDemo();
  const make = () => {
    const packages = Packages.read(demo.root);
    const asked: string[] = [];
    packages.resolve = (specifier) => {
      asked.push(specifier); // by the bundler alone
      return Packages.prototype.resolve.call(packages, specifier);
    };
    return { asked, prints: new Fingerprints(demo.root, join(demo.root, "cache"), packages) };
  };
  const first = make();
  const { code } = await first.prints.of("pipeline/stages/generate.ts", {});
  assert.notDeepEqual(first.asked, []);
  first.prints.save();
  const second = make();
  assert.equal((await second.prints.of("pipeline/stages/generate.ts", {})).code, code);
  assert.deepEqual(second.asked, []);
});

Deno.test("an import that leads nowhere names the file and the line", async () => {
  using demo = makeDemo();
  demo.edit("lib/middle.ts", '"./deep.ts"', '"shallow"');
  await assert.rejects(() => codes(demo), /lib\/middle\.ts:2:\d+: "shallow" is not in the imports/);
  demo.edit("lib/middle.ts", '"shallow"', '"./gone.ts"');
  await assert.rejects(
    () => codes(demo),
    /lib\/middle\.ts:2:\d+: Could not resolve "\.\/gone\.ts"/,
  );
  await stopBundler();
});

Deno.test("a name that a module lacks has no fingerprint, though it could be that of a type", async () => {
  using demo = makeDemo();
  demo.write("lib/m.ts", "export const there = 1;\nexport interface Shape { x: number }\n");
  const fingerprints = new Fingerprints(
    demo.root,
    join(demo.root, "cache"),
    Packages.read(demo.root),
  );
  assert.ok(await fingerprints.ofRule("lib/m.ts#there"));
  for (const rule of ["lib/m.ts#gone", "lib/m.ts#Shape", "lib/none.ts#there"]) {
    assert.equal(await fingerprints.ofRule(rule), undefined, rule);
  }
  await stopBundler();
});
