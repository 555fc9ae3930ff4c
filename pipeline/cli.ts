/**
 * @file `deno task pipeline`, `sweep`, `leaderboard`, `status`, `why`, `verify`, `gc` and `crash`.
 *
 * Commands are loaded one at a time, so that a run with nothing to do loads no more than it needs.
 */
import { type CommandOptions, COMMANDS, helpFor, parseCommand } from "./commands/options.ts";
import { UsageError } from "./usage_error.ts";

type Command = (options: CommandOptions) => Promise<number>;

const LOAD: Record<string, () => Promise<{ command: Command }>> = {
  run: () => import("./commands/run.ts"),
  status: () => import("./commands/status.ts"),
  why: () => import("./commands/why.ts"),
  verify: () => import("./commands/verify.ts"),
  gc: () => import("./commands/gc.ts"),
  crash: () => import("./commands/crash.ts"),
  sweep: () => import("./commands/sweep.ts"),
  leaderboard: () => import("./commands/leaderboard/leaderboard.ts"),
};

/** @returns the exit code: 0, 1 when something failed, 130 after Ctrl-C */
export async function main(args: string[]): Promise<number> {
  const [name, ...rest] = args;
  if (!Object.hasOwn(LOAD, name ?? "")) {
    const list = Object.keys(COMMANDS).join(", ");
    console.error(`error: "${name ?? ""}" is no command; the commands are ${list}.`);
    return 1;
  }
  if (rest.includes("--help") || rest.includes("-h")) {
    console.log(helpFor(name));
    return 0;
  }
  try {
    const options = await parseCommand(name, rest);
    const { command } = await LOAD[name]();
    return await command(options);
  } catch (error) {
    console.error(`error: ${explain(error)}`);
    return 1;
  }
}

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof Deno.errors.NotCapable) {
    return `${error.message}\n  The task may write to .store, reports and site only; for another ` +
      `place call it as "deno run -A pipeline/cli.ts ...".`;
  }
  // An error that no check foresaw is a defect, and its place is the first thing to know.
  const unforeseen = error.constructor !== Error && !(error instanceof UsageError) &&
    !error.name.endsWith("BusyError");
  const text = unforeseen ? error.stack ?? error.message : error.message;
  return error.cause === undefined ? text : `${text}\n  because: ${explain(error.cause)}`;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
