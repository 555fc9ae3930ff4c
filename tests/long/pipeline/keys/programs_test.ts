/**
 * @file Training is keyed by the bytes of its programs: after an edit of an engine that makes the same ones, no step is made again. The
 * real command line on a demonstration whose engine makes text of an operation and runs that.
 */
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { scalarsOf } from "../../../pipeline/log/event_file.ts";
import { call, makeDemo } from "../../../pipeline/helpers.ts";
import { writeSums } from "../../../pipeline/keys/sums.ts";
import { flipByte } from "../../../pipeline/run/helpers.ts";

const ADD = "sums/add", MUL = "sums/mul", TABLE = "sums/table";
const MAKING = "lib/engine/sums/making_table.ts", RUNNING = "lib/engine/sums/running.ts";
const ENGINE = "lib/engine/engines/ort.ts", STAGE = "pipeline/stages/compute.ts";

/** Two jobs of three steps each on such an engine, and a table of their results. */
function makeEngine() {
  const demo = makeDemo();
  mkdirSync(join(demo.root, "lib/engine/sums"), { recursive: true });
  demo.write(
    MAKING,
    `export const add = () => \`+\`;
export const mul = () => \`*\`;
`,
  );
  demo.write(
    RUNNING,
    `export const run = (text, x, y) => text === "+" ? x + y : text === "*" ? x * y : NaN;\n`,
  );
  demo.write(
    ENGINE,
    `import * as making from "../sums/making_table.ts";
import { run } from "../sums/running.ts";
export async function compile(op) {
  const text = making[op]();
  const report = { rules: ["${MAKING}#" + op], digest: text };
  return { engine: "ort", report, run: async (...args) => run(text, ...args) };
}
export const runtime = [run];
`,
  );
  demo.write(
    STAGE,
    `import { z } from "zod";
export const params = z.strictObject({ op: z.string(), x: z.number(), y: z.number() });
export const usesEngine = true;
export async function run(ctx) {
  const { op, x, y } = ctx.params;
  const program = await ctx.compile(op);
  ctx.programsCompiled();
  let result = x;
  for (let step = 1; step <= 3; step++) {
    ctx.log("a step");
    result = await program.run(result, y);
    ctx.metric("result", step, result);
  }
  return { files: { "weight.json": { json: result } }, scalars: { weight: result } };
}
`,
  );
  writeSums(demo);
  const run = async (...args: string[]) => {
    const { code, out, ran } = await call(demo, "run", ...args);
    assert.equal(code, 0, out);
    const same = [...out.matchAll(/compute (\S+) \([\d.]+ s, same programs as before\)/g)];
    return {
      ran,
      out,
      same: same.map(([, label]) => label).sort(),
      steps: out.split(": a step\n").length - 1,
    };
  };
  return Object.assign(demo, { run });
}

/** A run's labels and steps, to compare with. */
const told = ({ ran, same, steps }: { ran: string[]; same: string[]; steps: number }) => ({
  ran,
  same,
  steps,
});

Deno.test("an edit of what makes programs that makes the same ones repeats no step, and nothing after it", async () => {
  using demo = makeEngine();
  const first = await demo.run();
  assert.deepEqual(told(first), { ran: [ADD, MUL, TABLE], same: [], steps: 6 });
  // Not one that the bundler folds away: that would not even be another key.
  demo.edit(MAKING, "() => `+`", '() => ["+"][0]');
  const edited = await demo.run();
  assert.deepEqual(told(edited), { ran: [], same: [ADD], steps: 0 });
  assert.match(edited.out, /1 ran, 1 of them only until their programs, the same as before/);
  assert.deepEqual(told(await demo.run()), { ran: [], same: [], steps: 0 }, "done");
  demo.edit(ENGINE, "const text = making[op]()", "const text = [making[op]()].join()");
  assert.deepEqual(told(await demo.run()), { ran: [], same: [ADD, MUL], steps: 0 });
  assert.equal(
    first.out.includes("same"),
    false,
    "nothing is the same in a store without earlier jobs",
  );
});

Deno.test("an edit that makes other programs repeats the jobs that have them, and back again none", async () => {
  using demo = makeEngine();
  await demo.run();
  demo.edit(MAKING, "() => `*`", '() => ["+", "*"][0]');
  assert.deepEqual(told(await demo.run()), { ran: [MUL, TABLE], same: [], steps: 3 });
  // The text of the first run, made by other code than in that.
  demo.edit(MAKING, '["+", "*"][0]', '["+", "*"][1]');
  const back = await demo.run();
  assert.deepEqual(told(back), { ran: [], same: [MUL], steps: 0 });
});

Deno.test("an edit of what runs programs, of the stage, and of the parameters repeats the steps", async () => {
  using demo = makeEngine();
  await demo.run();
  demo.edit(RUNNING, "x + y", "y + x");
  assert.deepEqual(told(await demo.run()), { ran: [ADD, MUL], same: [], steps: 6 });
  demo.edit(STAGE, "let result = x", "let result = 1 * x");
  assert.deepEqual(told(await demo.run()), { ran: [ADD, MUL], same: [], steps: 6 });
  demo.edit("pipeline/experiments/sums.ts", "x: 1, y: 2", "x: 1, y: 4");
  assert.deepEqual(told(await demo.run()), { ran: [ADD, TABLE], same: [], steps: 3 });
  demo.edit(ENGINE, "export const runtime = [run];", "");
  demo.edit(ENGINE, "[op]()", "[op]().trim()");
  assert.deepEqual(told(await demo.run()), { ran: [ADD, MUL], same: [], steps: 6 }, "unknown");
});

Deno.test("why says what a job may end by before it ran, and what it ended by afterwards", async () => {
  using demo = makeEngine();
  await demo.run();
  const why = async (job: string) => (await call(demo, "why", job)).out.trim().split("\n");
  const [, key] = /is done: key ([0-9a-f]{12}), finished [^;]*\.$/.exec((await why("add"))[0])!;
  demo.edit(MAKING, "() => `+`", '() => ["+"][0]');
  const unless = `  unless its programs have the bytes of those of job ${key}: ` +
    "then it ends there, with the results of that one";
  const before = await why("add");
  assert.match(before[1], /rule: .*making_table\.ts#add/);
  assert.deepEqual(before.slice(2), [unless]);
  const { out } = await call(demo, "run", "--dry-run");
  assert.ok(out.includes(unless.trim()), out);
  await demo.run();
  const [after] = await why("add");
  assert.ok(
    after.endsWith(`; its programs were those of job ${key}, whose results it has.`),
    after,
  );
  assert.ok(!after.includes(`key ${key}`));
  demo.edit("pipeline/experiments/sums.ts", "x: 1, y: 2", "x: 1, y: 4");
  assert.ok(!(await why("add")).join().includes("unless"), "its parameters are others");
});

Deno.test("verify runs such a job to its end, and finds what an engine hides that calls other programs the same", async () => {
  using demo = makeEngine();
  await demo.run();
  demo.edit(MAKING, "() => `+`", '() => ["+"][0]');
  await demo.run();
  const honest = await call(demo, "verify", "--rerun", "9");
  assert.equal(honest.code, 0, honest.out);
  assert.match(honest.out, /Ran 3 of 3 jobs again: 0 differ/);
  assert.match(honest.out, new RegExp(`compute ${ADD}: the same bytes`));
  demo.edit(ENGINE, "digest: text", 'digest: op === "add" ? "+" : "*"');
  demo.edit(MAKING, '["+"][0]', '["*"][0]');
  assert.deepEqual(told(await demo.run()), { ran: [], same: [ADD, MUL], steps: 0 });
  const hidden = await call(demo, "verify", "--rerun", "9");
  assert.equal(hidden.code, 1, hidden.out);
  assert.match(hidden.out, new RegExp(`compute ${ADD}: DIFFERENT BYTES in weight\\.json, scalar`));
  assert.match(hidden.out, /Ran 3 of 3 jobs again: 1 differ/);
});

Deno.test("a job runs to its end where what it could end by is gone or damaged, and that is whole again", async () => {
  using demo = makeEngine();
  await demo.run();
  const objects = () =>
    [...readdirSync(join(demo.root, ".store/objects"), { recursive: true, encoding: "utf8" })]
      .map((name) => join(demo.root, ".store/objects", name))
      .filter((path) => Deno.statSync(path).isFile);
  const [weight] = objects().filter((path) => readFileSync(path, "utf8") === "7\n");
  for (
    const [harm, from, to] of [
      [flipByte, "() => `+`", '() => ["+"][0]'],
      [rmSync, '["+"][0]', '["+"].join()'],
    ] as const
  ) {
    demo.edit(MAKING, from, to);
    harm(weight);
    assert.deepEqual(told(await demo.run()), { ran: [ADD], same: [], steps: 3 });
    assert.equal(readFileSync(weight, "utf8"), "7\n");
  }
});

Deno.test("a sink is told the curve of such a job, and gc keeps what it has when the one that ran is gone", async () => {
  using demo = makeEngine();
  await demo.run();
  demo.edit(MAKING, "() => `+`", '() => ["+"][0]');
  await demo.run("--log", "tensorboard");
  const folder = join(demo.root, ".store/tensorboard");
  const curves = [...readdirSync(folder, { recursive: true, encoding: "utf8" })]
    .filter((name) => /tfevents/.test(name))
    .map((name) => JSON.stringify(scalarsOf(readFileSync(join(folder, name)))));
  const curve = JSON.stringify([["result", 1, 3], ["result", 2, 5], ["result", 3, 7]]).slice(1, -1);
  assert.ok(curves.some((text) => text.includes(curve)), curves.join("\n"));
  const gc = await call(demo, "gc", "--yes");
  assert.match(gc.out, /Deleted 1 of 4 jobs, 0 objects/);
  assert.deepEqual(told(await demo.run()), { ran: [], same: [], steps: 0 });
  const verified = await call(demo, "verify", "--rerun", "9");
  assert.match(verified.out, /every byte is as recorded[^]*Ran 3 of 3 jobs again: 0 differ/);
  const why = await call(demo, "why", "add");
  assert.match(why.out, /its programs were those of job [0-9a-f]{12}, whose results it has\./);
});
