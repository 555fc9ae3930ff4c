/**
 * @file `deno task pipeline`, `sweep`, `leaderboard`, `status`, `why`, `verify`, `replicate`, `gc` and `crash`.
 *
 * Commands are loaded one at a time, and not looked at before (see later.ts), so that a run with nothing to do loads no more than it needs.
 */
import { nearestFirst } from "../lib/nearest.ts";
import { COMMANDS, taskOf } from "./commands/commands.ts";
import { helpFor } from "./commands/help.ts";
import { type CommandOptions, parseCommand } from "./commands/options.ts";
import { later } from "./later.ts";
import { surviveLostOutput } from "./output.ts";
import { runProgram, sayFailure } from "./program.ts";
import { UsageError } from "./usage_error.ts";

type Command = (options: CommandOptions) => Promise<number>;

const LOAD: Record<string, () => Promise<{ command: Command }>> = {
  run: () => later<typeof import("./commands/run.ts")>("./commands/run.ts", import.meta.url),
  status: () =>
    later<typeof import("./commands/status.ts")>("./commands/status.ts", import.meta.url),
  why: () => later<typeof import("./commands/why.ts")>("./commands/why.ts", import.meta.url),
  verify: () =>
    later<typeof import("./commands/verify.ts")>("./commands/verify.ts", import.meta.url),
  replicate: () =>
    later<typeof import("./commands/replicate/replicate.ts")>(
      "./commands/replicate/replicate.ts",
      import.meta.url,
    ),
  gc: () => later<typeof import("./commands/gc.ts")>("./commands/gc.ts", import.meta.url),
  crash: () => later<typeof import("./commands/crash.ts")>("./commands/crash.ts", import.meta.url),
  sweep: () => later<typeof import("./commands/sweep.ts")>("./commands/sweep.ts", import.meta.url),
  leaderboard: () =>
    later<typeof import("./commands/leaderboard/leaderboard.ts")>(
      "./commands/leaderboard/leaderboard.ts",
      import.meta.url,
    ),
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
