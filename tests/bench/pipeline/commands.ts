/** @file Runs commands on pipelines of a moment, and says what they take. */
import { mkdtempSync, rmSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";

const CLI = fileURLToPath(new URL("../../../pipeline/cli.ts", import.meta.url));
const CONFIG = fileURLToPath(new URL("../../../deno.json", import.meta.url));
const PERMISSIONS = ["read", "write", "run", "env", "sys", "ffi"].map((p) => `--allow-${p}`);

/** Arguments of Deno before those of a command of the pipeline. */
export const COMMAND = ["run", "--quiet", `--config=${CONFIG}`, ...PERMISSIONS, CLI];

export async function inScratch<T>(work: (root: string) => T | Promise<T>): Promise<T> {
  const root = mkdtempSync("/tmp/pipeline-bench-");
  try {
    return await work(root);
  } finally {
    rmSync(root, { recursive: true });
  }
}

/** Runs a command that must succeed. @returns what it said */
export function run(command: string, args: string[], cwd: string, expected: RegExp): string {
  const { code, stdout, stderr } = new Deno.Command(command, { args, cwd }).outputSync();
  const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  if (code !== 0 || !expected.test(text)) throw new Error(`${command} ${args}: ${text}`);
  return text;
}

/** Seconds by the clock and on a processor, of a command and all processes that it has started. */
export function measure(
  command: string,
  args: string[],
  cwd: string,
  expected: RegExp,
): { wall: number; cpu: number } {
  // The second line that `times` prints is of the shell's children; of Windows nobody has told.
  const shell = ["-c", '"$@" && times', "sh", command, ...args];
  const start = performance.now();
  const lines = run("sh", shell, cwd, expected).trim().split("\n");
  const wall = (performance.now() - start) / 1000;
  const times = lines.findLast((line) => /^\d+m[\d.]+s \d+m[\d.]+s$/.test(line))!;
  const cpu = times.split(" ").reduce((sum, text) => {
    const [minutes, seconds] = text.slice(0, -1).split("m").map(Number);
    return sum + 60 * minutes + seconds;
  }, 0);
  return { wall, cpu };
}

/** Seconds on a processor that work in this process takes. */
export async function cpuOf(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}
