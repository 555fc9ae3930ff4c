/** @file What `status` and `why` say between runs, on the demonstration graph. */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { command as status } from "../../../pipeline/commands/status.ts";
import { command as why } from "../../../pipeline/commands/why.ts";
import { parseCommand } from "../../../pipeline/commands/options.ts";
import { cli, makeDemo } from "../helpers.ts";
import { output } from "./stored_jobs.ts";

Deno.test("before and after a part of the graph ran", async () => {
  using demo = makeDemo();
  const args = ["--root", demo.root, "--profile", "smoke"];
  const ask = (...more: string[]) =>
    output(async () => status(await parseCommand("status", [...args, ...more])));
  const told = async (job: string) =>
    (await output(async () => why(await parseCommand("why", [...args, job])))).lines;
  assert.equal((await ask()).lines.at(-1), "0 of 7 jobs are done.");
  const { code, out } = await cli(demo, "run", "--only", "means", "--profile", "smoke");
  assert.equal(code, 0, out);
  // The data of seed 1 belong to both experiments.
  assert.deepEqual((await ask()).lines, [
    "                    done  running    stale  waiting   failed  skipped",
    "slopes generate        1                 1                           ",
    "means generate         1                                             ",
    "slopes fit                               1        1                  ",
    "slopes collect                                    1                  ",
    "means fit              1                                             ",
    "means collect          1                                             ",
    "3 of 7 jobs are done.",
  ]);
  const only = await ask("--only", "means");
  assert.equal(only.lines.at(-1), "3 of 3 jobs are done.");
  const { lines: [json], ...rest } = await ask("--json");
  assert.equal(rest.code, 0);
  const jobs = JSON.parse(json) as Record<string, unknown>[];
  assert.deepEqual(
    jobs.map(({ label, stage, state, key }) => [label, stage, state, typeof key]),
    [
      ["slopes/seed=1/data", "generate", "done", "string"],
      ["slopes/seed=1/fit", "fit", "stale", "string"],
      ["slopes/seed=2/data", "generate", "stale", "string"],
      ["slopes/seed=2/fit", "fit", "waiting", "undefined"],
      ["slopes/table", "collect", "waiting", "undefined"],
      ["means/fit", "fit", "done", "string"],
      ["means/table", "collect", "done", "string"],
    ],
  );
  assert.deepEqual(jobs[0].labels, ["slopes/seed=1/data", "means/data"]);
  const [done] = await told("means/table");
  const key = String(jobs[6].key).slice(0, 12);
  assert.match(
    done,
    new RegExp(`^collect means/table is done: key ${key}, finished [-\\d]{10} [:\\d]{8}\\.$`),
  );
  assert.deepEqual(await told("slopes/table"), [
    "collect slopes/table waits for the content of inputs that will run first:",
    "  fit slopes/seed=1/fit will run, because",
    "    it never ran to its end under this label",
    "  fit slopes/seed=2/fit waits for the content of inputs that will run first:",
    "    generate slopes/seed=2/data will run, because",
    "      it never ran to its end under this label",
  ]);
});

Deno.test("an input of two jobs is told once, and a missing object is the reason", async () => {
  using demo = makeDemo();
  demo.edit("pipeline/experiments/means.ts", "{ mean }", "{ mean, again, data }");
  demo.edit(
    "pipeline/experiments/means.ts",
    "  return",
    '  const again = g.job("fit", { model: "linear" }, { data }, "again");\n  return',
  );
  const args = ["--root", demo.root, "--profile", "smoke"];
  const told = async () =>
    (await output(async () => why(await parseCommand("why", [...args, "means/table"])))).lines;
  const reason = "will run, because";
  const waits = "waits for the content of inputs that will run first:";
  const never = "it never ran to its end under this label";
  assert.deepEqual(await told(), [
    `collect means/table ${waits}`,
    `  fit means/fit ${waits}`,
    `    generate slopes/seed=1/data ${reason}`,
    `      ${never}`,
    `  fit slopes/seed=1/fit ${waits}`,
  ]);
  await cli(demo, "run", "--profile", "smoke");
  assert.match((await told())[0], /^collect means\/table is done: /);
  rmSync(join(demo.root, ".store/objects"), { recursive: true });
  assert.deepEqual(
    (await told()).map((line) => line.replace(/[0-9a-f]{12}/, "X")),
    [
      `collect means/table ${waits}`,
      `  fit means/fit ${waits}`,
      `    generate slopes/seed=1/data ${reason}`,
      "      output: object X is missing",
      `  fit slopes/seed=1/fit ${waits}`,
    ],
  );
  const { lines } = await output(async () => status(await parseCommand("status", args)));
  assert.equal(lines.at(-1), "0 of 7 jobs are done.");
});
