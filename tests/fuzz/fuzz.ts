/** @file `deno task fuzz`: strangers' bytes to whatever reads them, until the time is over. */
import process from "node:process";
import { parseArgs } from "node:util";
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
  const { values } = parseArgs({
    args,
    options: {
      seconds: { type: "string", default: "60" },
      seed: { type: "string" },
      only: { type: "string", default: "" },
      help: { type: "boolean" },
    },
  });
  if (values.help) {
    say(HELP);
    return 0;
  }
  const seconds = Number(values.seconds);
  if (!(seconds > 0)) throw new Error(`--seconds ${values.seconds}: expected a number above 0.`);
  const seed = values.seed === undefined ? Date.now() % 10_000 : Number(values.seed);
  if (!Number.isInteger(seed)) throw new Error(`--seed ${values.seed}: expected a whole number.`);
  const chosen = targets.filter(({ name }) => name.includes(values.only));
  if (chosen.length === 0) {
    throw new Error(`--only ${values.only}: no target has this in its name.`);
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
  try {
    process.exitCode = await main(process.argv.slice(2), console.log);
  } catch (error) {
    console.error(`error: ${(error as Error).message}`);
    process.exitCode = 1;
  }
}
