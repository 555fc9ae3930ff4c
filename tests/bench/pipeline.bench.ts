/**
 * @file What the pipeline itself costs, beside the work of its jobs.
 *
 * Run: deno task bench pipeline [--json]
 *
 * Fresh runs of jobs that do next to nothing: processor time of all processes, which other work of the machine hardly changes. The
 * same of what a kill, or years of use, leave behind: making the catalogue from its journal, and collecting jobs that nobody needs. And
 * how long a run takes that has nothing to do, beside GNU make on a graph of the same shape: the wall time of a whole process, start-up
 * included, the median of several runs after one to warm the file system's cache. make compares time stamps of files that exist; the
 * pipeline computes keys from code, parameters and contents, and checks that every object is there.
 *
 * It ends with 1 where a number is over what it is promised to be.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { Catalog } from "../../pipeline/store/catalog.ts";
import { makePipeline, pretendItRan, writeJournal } from "./pipeline/many_jobs.ts";

interface Row {
  what: string;
  jobs: number;
  value: number;
  unit: "ms of CPU a job" | "s of CPU" | "s";
  atMost?: number;
}

const REPEATS = 5;
const CLI = fileURLToPath(new URL("../../pipeline/cli.ts", import.meta.url));
const CONFIG = fileURLToPath(new URL("../../deno.json", import.meta.url));
const PERMISSIONS = ["read", "write", "run", "env", "sys", "ffi"].map((p) => `--allow-${p}`);
const COMMAND = ["run", "--quiet", `--config=${CONFIG}`, ...PERMISSIONS, CLI];

async function inScratch<T>(work: (root: string) => T | Promise<T>): Promise<T> {
  const root = mkdtempSync("/tmp/pipeline-bench-");
  try {
    return await work(root);
  } finally {
    rmSync(root, { recursive: true });
  }
}

/** Runs a command that must succeed. @returns what it said */
function run(command: string, args: string[], cwd: string, expected: RegExp): string {
  const { code, stdout, stderr } = new Deno.Command(command, { args, cwd }).outputSync();
  const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  if (code !== 0 || !expected.test(text)) throw new Error(`${command} ${args}: ${text}`);
  return text;
}

/** Median wall time of a command. */
function time(command: string, args: string[], cwd: string, expected: RegExp): number {
  const seconds: number[] = [];
  for (let i = 0; i <= REPEATS; i++) {
    const start = performance.now();
    run(command, args, cwd, expected);
    seconds.push((performance.now() - start) / 1000);
  }
  return seconds.slice(1).sort((a, b) => a - b)[REPEATS >> 1];
}

/** Seconds on a processor, of a command and all processes that it has started. */
function cpuTime(args: string[], cwd: string, expected: RegExp): number {
  // The second line that `times` prints is of the shell's children; of Windows nobody has told.
  const shell = ["-c", '"$@" && times', "sh", Deno.execPath(), ...args];
  const lines = run("sh", shell, cwd, expected).trim().split("\n");
  const times = lines.findLast((line) => /^\d+m[\d.]+s \d+m[\d.]+s$/.test(line))!;
  return times.split(" ").reduce((sum, text) => {
    const [minutes, seconds] = text.slice(0, -1).split("m").map(Number);
    return sum + 60 * minutes + seconds;
  }, 0);
}

function freshRun(jobs: number): Promise<Row> {
  return inScratch((root) => {
    makePipeline(root, jobs);
    const args = [...COMMAND, "run", "--root", root, "--no-publish", "--jobs", "2"];
    const seconds = cpuTime(args, root, new RegExp(`0 of ${jobs} jobs were done, ${jobs} ran`));
    const unit = "ms of CPU a job";
    return { what: "a fresh run", jobs, value: 1000 * seconds / jobs, unit, atMost: 10 };
  });
}

/** A catalogue from a journal with a line for every job, and then without those of them that no label leads to any more. */
function longJournal(jobs: number): Promise<Row[]> {
  return inScratch(async (root) => {
    const store = join(root, ".store");
    writeJournal(store, jobs);
    const before = process.cpuUsage();
    const catalog = await Catalog.open(store);
    const { user, system } = process.cpuUsage(before);
    const [{ count }] = await catalog.query("SELECT count(*) AS count FROM job");
    if (count !== jobs) throw new Error(`${count} of ${jobs} jobs came back.`);
    await catalog.close();
    const args = [...COMMAND, "gc", "--root", root, "--yes"];
    const collecting = cpuTime(args, root, new RegExp(`Deleted ${jobs - 1} of ${jobs} jobs`));
    const [unit, atMost] = ["s of CPU", 5] as const;
    return [
      { what: "replay of a line a job", jobs, value: (user + system) / 1e6, unit, atMost },
      { what: "gc of dead jobs", jobs, value: collecting, unit, atMost },
    ];
  });
}

async function nothingToDo(jobs: number): Promise<Row[]> {
  const pipeline = await inScratch(async (root) => {
    makePipeline(root, jobs);
    await pretendItRan(root);
    const args = [...COMMAND, "run", "--root", root, "--no-publish"];
    const expected = new RegExp(`${jobs} of ${jobs} jobs were done, 0 ran`);
    // The first run records where the labels lead; the others have nothing to do at all.
    run(Deno.execPath(), args, root, expected);
    return time(Deno.execPath(), args, root, expected);
  });
  const what = "a run with nothing to do";
  return [{ what, jobs, value: pipeline, unit: "s" }, ...await timeMake(jobs)];
}

function timeMake(jobs: number): Promise<Row[]> {
  return inScratch((root) => {
    makeMakefile(root, jobs);
    try {
      const value = time("make", [], root, /Nothing to be done/);
      return [{ what: "the same, GNU make", jobs, value, unit: "s" }];
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      console.error("GNU make is not installed; its rows are left out.");
      return [];
    }
  });
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

/** Prints the table. */
export async function main(): Promise<void> {
  const rows: Row[] = [await freshRun(2000), ...await longJournal(10_000)];
  for (const jobs of [100, 2000, 10_000]) rows.push(...await nothingToDo(jobs));
  if (Deno.args.includes("--json")) console.log(JSON.stringify({ rows }));
  else {
    const table = rows.map(({ what, jobs, value, unit, atMost }) => [
      ...[what, String(jobs), `${value.toPrecision(3)} ${unit}`],
      atMost === undefined ? "" : `${atMost} ${unit}`,
    ]);
    console.log("| what | jobs | takes | at most |\n|---|---|---|---|");
    for (const cells of table) console.log(`| ${cells.join(" | ")} |`);
  }
  const over = rows.filter(({ value, atMost = Infinity }) => value > atMost);
  for (const { what, value, unit, atMost } of over) {
    console.error(`${what}: ${value.toPrecision(3)} ${unit}, and ${atMost} are promised.`);
  }
  if (over.length) Deno.exit(1);
}
