/**
 * @file `deno task bench NAME`: runs one side-by-side benchmark of this folder. What it takes stands in the line "Run:" at its head,
 * which is also its help.
 */
import { readFileSync } from "node:fs";
import { nearestFirst } from "../../lib/nearest.ts";
import { helpHint, readFlags, runProgram } from "../../pipeline/program.ts";
import { UsageError } from "../../pipeline/usage_error.ts";

const folder = new URL(".", import.meta.url);
const names = [...Deno.readDirSync(folder)]
  .flatMap(({ name }) => name.endsWith(".bench.ts") ? [name.slice(0, -".bench.ts".length)] : [])
  .sort();

/** The comment at the head of a benchmark. */
function headOf(name: string): string {
  const source = readFileSync(new URL(`${name}.bench.ts`, folder), "utf8");
  const [, head] = /^\/\*\*([^]*?)\*\//.exec(source)!;
  return head.replace(/^ ?\* ?/gm, "").replace("@file", "").trim();
}

const sentence = (name: string) =>
  headOf(name).replaceAll("\n", " ").split(/(?<=[.?:])\s/)[0].replace(/[:.]$/, "");

function help([name]: string[]): string {
  if (names.includes(name)) return headOf(name);
  return [
    "deno task bench NAME [options]: measure side by side; NAME --help says what a benchmark takes",
    ...names.map((name) => `  ${name.padEnd(10)} ${sentence(name)}`),
  ].join("\n");
}

/** Refuses what the line "Run:" does not name. */
function check(name: string, args: string[]): void {
  const task = `deno task bench ${name}`;
  const [, run] = new RegExp(`Run: ${task}(.*)`).exec(headOf(name)) ?? [];
  if (run === undefined) throw new Error(`${name}.bench.ts: its head has no line "Run: ${task}".`);
  const flags = [...run.matchAll(/\[--([\w-]+)( [A-Z]+)?\]/g)].map(([, flag, value]) => {
    return [flag, { type: value ? "string" as const : "boolean" as const }] as const;
  });
  const { positionals } = readFlags(task, args, Object.fromEntries(flags));
  const most = /\[[A-Z][A-Z-]*\]/.test(run) ? 1 : 0;
  if (positionals.length > most) {
    throw new UsageError(`${task} takes no argument "${positionals[most]}". ${helpHint(task)}`);
  }
}

async function main([name = "", ...args]: string[]): Promise<void> {
  if (!names.includes(name)) {
    const list = nearestFirst(name, names).join(", ");
    throw new UsageError(
      `${name ? `no benchmark "${name}"` : "name a benchmark"}; there are ${list}. ${
        helpHint("deno task bench")
      }`,
    );
  }
  // Processes that a benchmark starts for its rows.
  if (!["--row", "--worker"].some((flag) => args.includes(flag))) check(name, args);
  const { main } = await import(`./${name}.bench.ts`);
  await main?.();
}

if (import.meta.main) {
  const code = await runProgram({ help: () => help(Deno.args), main }, Deno.args);
  if (code) Deno.exit(code);
}
