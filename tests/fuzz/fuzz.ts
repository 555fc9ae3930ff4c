/** @file `deno task fuzz`: strangers' bytes to whatever reads them, until the time is over. */
import process from "node:process";
import { nearestFirst } from "../../lib/nearest.ts";
import { helpHint, readFlags, runProgram } from "../../pipeline/program.ts";
import { UsageError } from "../../pipeline/usage_error.ts";
import { runTarget } from "./run_target.ts";
import type { Target } from "./target.ts";
import { targets as everything } from "./targets.ts";

const HELP = `deno task fuzz [options]

Gives random files to everything that reads files of other people (series, sweeps, datasets.json, archives, tensors), and prints
the smallest one with which something goes wrong: an error that is not for people, an input that takes more than ten
seconds, a row, a number or a date that is another. The same seed tries the same files. Exit code 1 when something was found.

  --seconds N   in all (default 60)
  --seed S      a whole number; the last four digits of the time when left out
  --only TEXT   targets whose name has this in it; there are
                  ${everything.map(({ name }) => name).join("\n                  ")}
`;

/** The module of the targets. */
export const TARGETS = new URL("./targets.ts", import.meta.url).href;

/** @returns the exit code */
export async function main(
  args: string[],
  say: (line: string) => void,
  { targets, module }: { targets: readonly Target[]; module: string } = {
    targets: everything,
    module: TARGETS,
  },
): Promise<number> {
  const { values, positionals } = readFlags("deno task fuzz", args, {
    seconds: { type: "string", default: "60" },
    seed: { type: "string" },
    only: { type: "string", default: "" },
    help: { type: "boolean" },
  });
  if (values.help) {
    say(HELP);
    return 0;
  }
  if (positionals.length) {
    throw new UsageError(
      `deno task fuzz takes no argument "${positionals[0]}"; targets are chosen by --only. ${
        helpHint("deno task fuzz")
      }`,
    );
  }
  const seconds = Number(values.seconds);
  if (!(seconds > 0)) {
    throw new UsageError(`--seconds ${values.seconds}: expected a number above 0.`);
  }
  const seed = values.seed === undefined ? Date.now() % 10_000 : Number(values.seed);
  if (!Number.isInteger(seed)) {
    throw new UsageError(`--seed ${values.seed}: expected a whole number.`);
  }
  const chosen = targets.filter(({ name }) => name.includes(values.only));
  if (chosen.length === 0) {
    const names = nearestFirst(values.only, targets.map(({ name }) => name)).slice(0, 5);
    throw new UsageError(
      `--only ${values.only}: no target has this in its name; there are ${names.join(", ")}, ….`,
    );
  }
  say(`seed ${seed}, ${seconds} s for ${chosen.length} targets`);
  let failures = 0;
  for (const { name } of chosen) {
    const ms = 1000 * seconds / chosen.length;
    const { runs, failure } = await runTarget({ name, module, seed, runs: 1e9, ms });
    say(`${name}: ${failure ? "FAILED" : `${runs} inputs`}`);
    if (!failure) continue;
    failures++;
    say(`  smallest input: ${failure.input}\n  ${failure.error.replaceAll("\n", "\n  ")}`);
    say(
      `  again: deno task fuzz --only ${JSON.stringify(name)} --seed ${seed} --seconds ${seconds}`,
    );
  }
  return failures ? 1 : 0;
}

if (import.meta.main) {
  process.exitCode = await runProgram(
    { help: HELP, main: (args) => main(args, console.log) },
    process.argv.slice(2),
  );
}
