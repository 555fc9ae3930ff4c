/**
 * @file How long a run takes that has nothing to do, beside GNU make on a graph of the same shape.
 *
 *     deno run -A tests/bench/pipeline.bench.ts [--json]
 *
 * Each number is the wall time of a whole process, start-up included: the median of several runs
 * after one to warm the file system's cache. Half of the jobs generate, half consume one of those.
 * make compares time stamps of files that exist; the pipeline computes keys from code, parameters and
 * contents, and checks that every object is there.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { stopBundler } from "../../pipeline/keys/bundle.ts";
import { contentOf, sha256 } from "../../pipeline/content/canonical.ts";
import type { DoneJob, RunInfo } from "../../pipeline/store/changes.ts";
import { Scheduler } from "../../pipeline/run/scheduler.ts";
import { openWorkspace } from "../../pipeline/workspace.ts";

interface Row {
  what: string;
  jobs: number;
  seconds: number;
}

const REPEATS = 5;
const CLI = fileURLToPath(new URL("../../pipeline/cli.ts", import.meta.url));
const CONFIG = fileURLToPath(new URL("../../deno.json", import.meta.url));
const PERMISSIONS = ["read", "write", "run", "env", "sys", "ffi"].map((p) => `--allow-${p}`);

/** A pipeline of `count` jobs with nothing in its store. */
function makePipeline(root: string, count: number): void {
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  write("deno.json", `{ "imports": { "zod": "npm:zod@4.6.7" } }`);
  write("pipeline/experiments/index.ts", `export const experiments = ["pipeline/e.ts"];\n`);
  write(
    "pipeline/e.ts",
    `export const meta = { id: "many" };
    export function grid(g) {
      const outputs = {};
      for (let i = 0; i < ${count / 2 - 1}; i++) {
        const data = g.job("make", { seed: i, length: 16, scale: 0.5 }, {}, "data" + i);
        outputs["use" + i] = g.job("use", { layers: [64, 64], rate: 0.01 }, { data }, "use" + i);
      }
      const first = g.job("make", { seed: -1 }, {}, "first");
      return g.job("use", {}, { data: first, ...outputs }, "table");
    }\n`,
  );
  const stage = (fields: string) =>
    `import { z } from "zod";
    export const params = () => z.strictObject({ ${fields} });
    export async function run(ctx) { return { files: { "x.txt": String(ctx.params.seed) } }; }\n`;
  write(
    "pipeline/stages/make.ts",
    stage(
      "seed: z.number().int(), length: z.number().default(1), scale: z.number().positive().default(1)",
    ),
  );
  write(
    "pipeline/stages/use.ts",
    stage("layers: z.array(z.number()).default([]), rate: z.number().min(0).default(1)"),
  );
}

/** Fills the store as if every job had run, in a few large transactions. */
async function pretendItRan(root: string): Promise<void> {
  const workspace = await openWorkspace({
    root,
    store: ".store",
    profile: "quick",
    engine: "ort",
    set: [],
  });
  const catalog = await workspace.catalog();
  const run: RunInfo = {
    id: "bench",
    profile: "quick",
    command: "bench",
    machine: { id: "m", description: "bench" },
  };
  for (;;) {
    const scheduler = new Scheduler(workspace.graph.jobs, workspace.resolver);
    if (!await scheduler.plan()) break;
    const done: DoneJob[] = [];
    for (const { state, stale, node } of scheduler.statuses.values()) {
      if (state !== "ready") continue;
      const hash = sha256(stale!.key);
      const path = workspace.objects.path(hash);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, stale!.key);
      const content = contentOf({ "x.txt": hash }, {});
      done.push({
        key: stale!.key,
        label: node.label,
        ingredients: stale!.ingredients,
        content,
        artifact: { files: [{ name: "x.txt", sha256: hash, bytes: 64 }], scalars: {} },
        inputs: [],
        seconds: 1,
        observations: {},
        metrics: [],
      });
      workspace.resolver.finished(node, stale!.key, content, [hash]);
    }
    await catalog.commit(run, done);
  }
  workspace.close();
  await stopBundler();
}

/** The same graph as files that are all newer than what they come from. */
function makeMakefile(root: string, count: number): void {
  const rules = ["all: table"];
  const uses: string[] = [];
  for (let i = 0; i < count / 2 - 1; i++) {
    rules.push(`data${i}: source\n\ttouch $@`, `use${i}: data${i}\n\ttouch $@`);
    uses.push(`use${i}`);
  }
  rules.push("first: source\n\ttouch $@", `table: first ${uses.join(" ")}\n\ttouch $@`);
  writeFileSync(join(root, "Makefile"), rules.join("\n") + "\n");
  let time = 1e9;
  const touch = (name: string) => {
    writeFileSync(join(root, name), name);
    Deno.utimeSync(join(root, name), time, time++);
  };
  touch("source");
  for (let i = 0; i < count / 2 - 1; i++) {
    touch(`data${i}`);
    touch(`use${i}`);
  }
  touch("first");
  touch("table");
}

/** Median wall time of a command that must succeed. */
function time(command: string, args: string[], cwd: string, expected: RegExp): number {
  const seconds: number[] = [];
  for (let i = 0; i <= REPEATS; i++) {
    const start = performance.now();
    const { code, stdout, stderr } = new Deno.Command(command, { args, cwd }).outputSync();
    seconds.push((performance.now() - start) / 1000);
    const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    if (code !== 0 || !expected.test(text)) throw new Error(`${command} ${args}: ${text}`);
  }
  return seconds.slice(1).sort((a, b) => a - b)[REPEATS >> 1];
}

export async function measure(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const jobs of [100, 10_000]) {
    const root = mkdtempSync("/tmp/pipeline-bench-");
    try {
      makePipeline(root, jobs);
      await pretendItRan(root);
      const args = ["run", "--quiet", `--config=${CONFIG}`, ...PERMISSIONS, CLI, "run"];
      args.push("--root", root, "--no-publish");
      const expected = new RegExp(`${jobs} of ${jobs} jobs were done, 0 ran`);
      // The first run records where the labels lead; the others have nothing to do at all.
      time(Deno.execPath(), args, root, expected);
      rows.push({ what: "pipeline", jobs, seconds: time(Deno.execPath(), args, root, expected) });
    } finally {
      rmSync(root, { recursive: true });
    }
    rows.push(...timeMake(jobs));
  }
  return rows;
}

function timeMake(jobs: number): Row[] {
  const root = mkdtempSync("/tmp/make-bench-");
  try {
    makeMakefile(root, jobs);
    return [{ what: "GNU make", jobs, seconds: time("make", [], root, /Nothing to be done/) }];
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    console.error("GNU make is not installed; its rows are left out.");
    return [];
  } finally {
    rmSync(root, { recursive: true });
  }
}

if (import.meta.main) {
  const rows = await measure();
  if (Deno.args.includes("--json")) console.log(JSON.stringify({ rows }));
  else {
    console.log("A run with nothing to do, seconds of wall time with start-up");
    for (const { what, jobs, seconds } of rows) {
      console.log(
        `${what.padEnd(12)}${String(jobs).padStart(8)} jobs${seconds.toFixed(3).padStart(9)}`,
      );
    }
  }
}
