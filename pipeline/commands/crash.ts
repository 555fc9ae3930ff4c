/**
 * @file `deno task crash`: kills runs at random moments, for real, and checks what is left.
 *
 * The whole process group gets SIGKILL, coordinator and workers at once, as a power cut or a batch
 * system would do it. After every kill each job that the run had reported as done must still be
 * there with every byte, and in the end all results must equal those of an undisturbed run. `--campaign` does more, see campaign/.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, truncateSync } from "node:fs";
import { join, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { Catalog } from "../store/catalog.ts";
import type { CommandOptions } from "./options.ts";
import { formatSeconds } from "../run/display.ts";
import { rehash } from "./verify.ts";
import { lockStore } from "../store/lock.ts";

export interface CrashOptions {
  root: string;
  profile: string;
  kills: number;
  seed: number;
  jobs: number;
  log(line: string): void;
}

export async function command(options: CommandOptions): Promise<number> {
  const { campaign, root, seed } = options;
  if (campaign) {
    const { command } = await import("./campaign/campaign.ts");
    return await command({ root, seed, ...campaign });
  }
  const problems = await crash({ ...options, log: console.log });
  for (const problem of problems) console.error(problem);
  console.log(
    problems.length
      ? `${problems.length} problems after ${options.kills} kills.`
      : `${options.kills} kills: nothing lost, nothing damaged, the same results.`,
  );
  return problems.length ? 1 : 0;
}

/** @returns what went wrong; empty when nothing did */
export async function crash(options: CrashOptions): Promise<string[]> {
  const { root, kills, log } = options;
  mkdirSync(resolve(root, ".store"), { recursive: true });
  const scratch = mkdtempSync(join(resolve(root, ".store"), "crash-"));
  // What nobody holds, `gc` takes for left by a command that was killed.
  const own = await lockStore(scratch, "crash");
  try {
    const undisturbed = join(scratch, "undisturbed");
    const reference = await runOnce(options, undisturbed);
    if (reference.code !== 0) {
      return [`The undisturbed run failed:\n${reference.output.join("\n")}`];
    }
    const expected = await results(undisturbed);
    log(`Undisturbed: ${expected.size} jobs in ${formatSeconds(reference.seconds)}.`);
    const random = generator(options.seed);
    const problems: string[] = [];
    for (let kill = 0, round = 0; kill < kills; round++) {
      const store = join(scratch, `round-${round}`);
      const reported = new Set<string>();
      for (let finished = false; !finished;) {
        // Once all kills are spent the last round is left to end.
        const moment = kill < kills ? random() * reference.seconds * 1.1 : Infinity;
        const run = await runOnce(options, store, moment);
        if (run.killed) {
          kill++;
          const news = acknowledged(run.output);
          for (const label of news) reported.add(label);
          // What DuckDB left must not matter: a kill may leave a file that cannot be read.
          const copy = join(store, "catalog.work.duckdb");
          if (existsSync(copy)) truncateSync(copy, 5000);
          const found = await inspect(store, reported);
          problems.push(...found.map((problem) => `kill ${kill}: ${problem}`));
          log(
            `kill ${kill}/${kills} after ${formatSeconds(moment)}: ` +
              `${news.length} jobs reported, ${found.length} problems`,
          );
        } else {
          finished = true;
          if (run.code !== 0) problems.push(`A rerun failed:\n${run.output.join("\n")}`);
        }
      }
      problems.push(...differences(expected, await results(store)));
      rmSync(store, { recursive: true });
      if (problems.length > 10) break;
    }
    return problems;
  } finally {
    own.release();
    rmSync(scratch, { recursive: true, force: true });
  }
}

interface Run {
  code: number | null;
  killed: boolean;
  seconds: number;
  output: string[];
}

const CLI = fileURLToPath(new URL("../cli.ts", import.meta.url));
const CONFIG = fileURLToPath(new URL("../../deno.json", import.meta.url));
const PERMISSIONS = [
  "--allow-read",
  "--allow-write",
  "--allow-run",
  "--allow-env",
  "--allow-sys",
  "--allow-ffi",
];

/** Runs the graph in a process group of its own and kills all of it after some seconds. */
function runOnce(options: CrashOptions, store: string, killAfter = Infinity): Promise<Run> {
  const { root, profile, jobs } = options;
  const start = performance.now();
  const args = ["run", "--quiet", `--config=${CONFIG}`, ...PERMISSIONS, CLI, "run"];
  args.push(
    "--root",
    root,
    "--store",
    store,
    "--profile",
    profile,
    "--jobs",
    String(jobs),
    "--no-publish",
  );
  const child = spawn(Deno.execPath(), args, { detached: true, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  child.stdout!.on("data", (data) => output += data);
  child.stderr!.on("data", (data) => output += data);
  let killed = false;
  const timer = killAfter === Infinity ? undefined : setTimeout(() => {
    killed = true;
    try {
      process.kill(-child.pid!, "SIGKILL");
    } catch {
      killed = false; // It had just ended.
    }
  }, killAfter * 1000);
  return new Promise((settle) => {
    child.on("close", (code) => {
      clearTimeout(timer);
      const seconds = (performance.now() - start) / 1000;
      settle({ code, killed: killed && code === null, seconds, output: output.split("\n") });
    });
  });
}

/** What a kill left: the store must open, hold every reported job, and every byte of them. */
async function inspect(store: string, reported: Set<string>): Promise<string[]> {
  const there = await results(store);
  const said: string[] = [];
  const lock = await lockStore(store, "crash");
  try {
    await rehash(store, (line) => said.push(line));
  } finally {
    lock.release();
  }
  return [
    ...[...reported].filter((label) => !there.has(label)).map((label) => `${label} is lost`),
    // The last line is the summary.
    ...said.slice(0, -1),
  ];
}

/** Labels of the jobs that a run said were done. */
function acknowledged(output: string[]): string[] {
  return output.flatMap((line) => /^\[\d+\/\d+\] \S+ (\S+) \([^()]*\)$/.exec(line)?.[1] ?? []);
}

/** Content of every job in a store, by label. */
async function results(dir: string): Promise<Map<string, string>> {
  const lock = await lockStore(dir, "crash");
  const catalog = await Catalog.open(dir);
  try {
    const rows = await catalog.query("SELECT label, content FROM job WHERE status = 'done'");
    return new Map(rows.map((row) => [row.label as string, row.content as string]));
  } finally {
    await catalog.close();
    lock.release();
  }
}

function differences(expected: Map<string, string>, found: Map<string, string>): string[] {
  return [...expected].flatMap(([label, content]) =>
    found.get(label) === content ? [] : [`${label} ended with another result than undisturbed`]
  );
}

/** Uniform numbers in [0, 1) from a seed (a linear congruential generator is random enough here). */
function generator(seed: number): () => number {
  let state = (seed * 2654435761 + 12345) >>> 0;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}
