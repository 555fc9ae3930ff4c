/**
 * @file `deno task pipeline`, `sweep`, `leaderboard`, `status`, `why`, `verify`, `replicate`, `gc` and `crash`.
 *
 * Commands are loaded one at a time, so that a run with nothing to do loads no more than it needs.
 */
import { nearestFirst } from "../lib/nearest.ts";
import { COMMANDS, taskOf } from "./commands/commands.ts";
import { helpFor } from "./commands/help.ts";
import { type CommandOptions, parseCommand } from "./commands/options.ts";
import { surviveLostOutput } from "./output.ts";
import { runProgram, sayFailure } from "./program.ts";
import { UsageError } from "./usage_error.ts";

type Command = (options: CommandOptions) => Promise<number>;

const LOAD: Record<string, () => Promise<{ command: Command }>> = {
  run: () => import("./commands/run.ts"),
  status: () => import("./commands/status.ts"),
  why: () => import("./commands/why.ts"),
  verify: () => import("./commands/verify.ts"),
  replicate: () => import("./commands/replicate/replicate.ts"),
  gc: () => import("./commands/gc.ts"),
  crash: () => import("./commands/crash.ts"),
  sweep: () => import("./commands/sweep.ts"),
  leaderboard: () => import("./commands/leaderboard/leaderboard.ts"),
};

/** @returns the exit code: 0, 1 when something failed, 130 after Ctrl-C */
export async function main(args: string[]): Promise<number> {
  const [name, ...rest] = args;
  if (!Object.hasOwn(LOAD, name ?? "")) {
    return await runProgram({
      help: overview,
      main() {
        const list = nearestFirst(name ?? "", Object.keys(COMMANDS)).join(", ");
        throw new UsageError(`"${name ?? ""}" is no command; the commands are ${list}.`);
      },
    }, args);
  }
  return await runProgram({
    help: () => helpFor(name),
    async main(rest) {
      const options = await parseCommand(name, rest);
      const { command } = await LOAD[name]();
      return await command(options);
    },
  }, rest);
}

/** All commands of this file. */
const overview = () =>
  Object.entries(COMMANDS).map(([name, { help }]) => `${taskOf(name).padEnd(22)} ${help}`).join(
    "\n",
  );

if (import.meta.main) {
  const output = surviveLostOutput();
  // Of whatever nobody waits for; workers end with this process.
  for (const kind of ["error", "unhandledrejection"] as const) {
    globalThis.addEventListener(kind, (event) => {
      event.preventDefault();
      sayFailure("reason" in event ? event.reason : (event as ErrorEvent).error);
      Deno.exit(1);
    });
  }
  const code = await main(Deno.args);
  if (output.problem) console.error(`error: not all could be printed: ${output.problem}`);
  Deno.exit(output.problem ? code || 1 : code);
}
