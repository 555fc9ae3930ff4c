/**
 * @file Engines and their tables of rules in keys: a job holds the engine that it names, and of a table the rules that its
 * programs used. The real commands on a demonstration whose engine has a table.
 */
import assert from "node:assert/strict";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { call, makeDemo } from "../../../pipeline/helpers.ts";
import { writeSums } from "../../../pipeline/keys/sums.ts";

/** Two jobs on an engine of three rules: one computes 1 + 2, the other 2 * 3. */
function makeEngine() {
  const demo = makeDemo();
  mkdirSync(join(demo.root, "lib/engine/sums"), { recursive: true });
  demo.write(
    "lib/engine/sums/sum_table.ts",
    `import { shared } from "./shared.ts";
export const add = (x, y) => shared(x + y);
export const mul = (x, y) => shared(x * y);
export const sub = (x, y) => x - y;
`,
  );
  demo.write("lib/engine/sums/shared.ts", "export const shared = (x) => x;\n");
  const engine = (name: string) =>
    `import * as rules from "../sums/sum_table.ts";
export async function compile(op) {
  const run = async (...args) => rules[op](...args);
  return { engine: "${name}", run, report: { rules: ["lib/engine/sums/sum_table.ts#" + op] } };
}
`;
  demo.write("lib/engine/engines/ort.ts", engine("ort"));
  demo.write("lib/engine/engines/jax.ts", engine("jax"));
  demo.write(
    "pipeline/stages/compute.ts",
    `import { z } from "zod";
export const params = z.strictObject({ op: z.string(), x: z.number(), y: z.number() });
export const usesEngine = true;
export async function run(ctx) {
  const { op, x, y } = ctx.params;
  const result = await (await ctx.compile(op)).run(x, y);
  return { files: { "weight.json": { json: result } }, scalars: { weight: result } };
}
`,
  );
  writeSums(demo);
  return demo;
}

const ADD = "sums/add", MUL = "sums/mul", TABLE = "sums/table";
const table = "lib/engine/sums/sum_table.ts";

Deno.test("an edit of a rule reruns the jobs that used it, and none that did not", async () => {
  using demo = makeEngine();
  assert.deepEqual((await call(demo, "run")).ran, [ADD, MUL, TABLE]);
  assert.deepEqual((await call(demo, "run")).ran, []);
  demo.edit(table, "x - y", "y - x");
  assert.deepEqual((await call(demo, "run")).ran, [], "a rule that nobody used");
  demo.edit(table, "shared(x * y)", "shared(x * y + 0)");
  const why = await call(demo, "why", "mul");
  assert.match(why.out, /rule: lib\/engine\/sums\/sum_table\.ts#mul: [0-9a-f]{12} -> [0-9a-f]{12}/);
  // The same number: what comes after it is done.
  assert.deepEqual((await call(demo, "run")).ran, [MUL]);
  demo.edit(table, "shared(x * y + 0)", "shared(x * y)");
  assert.deepEqual((await call(demo, "run")).ran, [], "as it was before");
  demo.edit("lib/engine/sums/shared.ts", "=> x;", "=> 10 * x;");
  assert.deepEqual((await call(demo, "run")).ran, [ADD, MUL, TABLE], "what both rules call");
});

Deno.test("which rules a job used is known without the mirror and without the cache", async () => {
  using demo = makeEngine();
  await call(demo, "run");
  rmSync(join(demo.root, ".store/index.json"));
  rmSync(join(demo.root, ".store/cache"), { recursive: true });
  assert.deepEqual((await call(demo, "run")).ran, []);
  demo.edit(table, "shared(x + y)", "shared(y + x)");
  rmSync(join(demo.root, ".store/index.json"), { force: true });
  assert.deepEqual((await call(demo, "run")).ran, [ADD]);
});

Deno.test("a rule that is gone, or another one that a job uses from now on, is noticed", async () => {
  using demo = makeEngine();
  await call(demo, "run");
  demo.edit(table, "export const sub", "const sub");
  assert.deepEqual((await call(demo, "run")).ran, [], "nobody used it");
  demo.edit(
    "lib/engine/engines/ort.ts",
    `sum_table.ts#" + op]`,
    `sum_table.ts#" + op, "${table}#mul"]`,
  );
  assert.deepEqual((await call(demo, "run")).ran, [ADD, MUL]);
  demo.edit(table, "shared(x * y)", "shared(y * x)");
  assert.deepEqual((await call(demo, "run")).ran, [ADD, MUL]);
});

Deno.test("a job's key holds the engine that it names and nothing of the others", async () => {
  using demo = makeEngine();
  await call(demo, "run");
  demo.edit("lib/engine/engines/jax.ts", "rules[op](...args)", "rules[op](args[0], args[1])");
  assert.deepEqual((await call(demo, "run")).ran, []);
  assert.deepEqual((await call(demo, "run", "--engine", "jax")).ran, [ADD, MUL]);
  assert.deepEqual((await call(demo, "run", "--engine", "jax")).ran, []);
  assert.deepEqual((await call(demo, "run")).ran, [], "the results of the other engine are kept");
  demo.edit("lib/engine/engines/ort.ts", "rules[op](...args)", "rules[op](args[0], args[1])");
  assert.deepEqual((await call(demo, "run", "--engine", "jax")).ran, []);
  assert.deepEqual((await call(demo, "run")).ran, [ADD, MUL]);
  const status = await call(demo, "status", "--engine", "jax");
  assert.match(status.out, /3 of 3 jobs are done/);
});

Deno.test("a new engine is one file; a name that is none lists those that there are, nearest first", async () => {
  using demo = makeEngine();
  const unknown = await call(demo, "run", "--engine", "sum");
  assert.equal(unknown.code, 1);
  assert.match(unknown.out, /Unknown engine "sum"; the engines are /);
  demo.write(
    "lib/engine/engines/sum.ts",
    Deno.readTextFileSync(join(demo.root, "lib/engine/engines/ort.ts")),
  );
  assert.deepEqual((await call(demo, "run", "--engine", "sum")).ran, [ADD, MUL, TABLE]);
});
