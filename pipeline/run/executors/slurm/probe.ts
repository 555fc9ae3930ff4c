/** @file Which engine a node of the cluster has: the machine that submits jobs has seldom a GPU, and keys hold the one that jobs run on. */
import { fileURLToPath } from "node:url";
import { type EngineStatus, probeEngine } from "../../../../lib/engine/available.ts";
import { type EngineName, ENGINES } from "../../../../lib/engine/engines.ts";
import { EVERYWHERE } from "../../../everywhere.ts";
import { CONFIG, runCommand } from "./commands.ts";
import type { SlurmOptions } from "./needs.ts";

/** Begins the line that holds the answer: libraries print, too. */
const MARK = "engine status: ";

/** Tries engines on a node like those that jobs will get. @throws {SlurmError} where there is none to be had */
export function probeOnNode(
  { partition, gres, sbatch }: SlurmOptions,
): (engine: EngineName) => Promise<EngineStatus> {
  return async (engine) => {
    if (EVERYWHERE.includes(engine) || !ENGINES.includes(engine)) return { engine };
    console.error(`Asking a node of the cluster what it has for ${engine} (srun).`);
    const said = await runCommand("srun", [
      ...["--ntasks=1", "--time=10", "--job-name=deep-linear-probe"],
      ...(partition === undefined ? [] : [`--partition=${partition}`]),
      ...gres.slice(0, 1).map((text) => `--gres=${text.replace(/^\w+=/, "")}`),
      ...sbatch,
      ...[Deno.execPath(), "run", "--quiet", "--allow-all", `--config=${CONFIG}`],
      ...[fileURLToPath(import.meta.url), engine],
    ]);
    const line = said.split("\n").find((text) => text.startsWith(MARK));
    if (!line) throw new Error(`A node said nothing of its engines, but: ${said.trim()}`);
    return JSON.parse(line.slice(MARK.length));
  };
}

if (import.meta.main) {
  console.log(MARK + JSON.stringify(await probeEngine(Deno.args[0] as EngineName)));
  Deno.exit(0);
}
