/**
 * @file What all commands have in common: `--help` and `--version`, and one form in which they say what went wrong. A mistake of the
 * user's is one message; a defect of the program keeps its trace and says that it is one.
 */
import { parseArgs, type ParseArgsOptionsConfig } from "node:util";
import { nearestFirst } from "../lib/nearest.ts";
import { systemError } from "./system_errors.ts";
import { UsageError } from "./usage_error.ts";
import { VERSION, versionLine } from "./version.ts";

export interface Program {
  /** Printed by `--help`. */
  help: string | (() => string);
  /** @returns the exit code, 0 when left out */
  main(args: string[]): Promise<number | void> | number | void;
}

/** Runs a command to its end and says what went wrong. @returns the exit code: 0, 1 after an error, or what `main` says */
export async function runProgram({ help, main }: Program, args: string[]): Promise<number> {
  const asked = new Set(args.slice(0, args.includes("--") ? args.indexOf("--") : undefined));
  try {
    if (asked.has("--help") || asked.has("-h")) {
      console.log((typeof help === "string" ? help : help()).trimEnd());
      return 0;
    }
    if (asked.has("--version")) {
      console.log(versionLine);
      return 0;
    }
    return await main(args) ?? 0;
  } catch (error) {
    sayFailure(error);
    return 1;
  }
}

/** Prints an error to standard error. */
export function sayFailure(error: unknown): void {
  const red = Deno.stderr.isTerminal() && !Deno.noColor;
  console.error(`${red ? "\x1b[31merror\x1b[39m" : "error"}: ${explain(error)}`);
}

/** An error in words; of a defect also where it is. */
export function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof Deno.errors.NotCapable) {
    return `${error.message}\n  The task may not do that; for other places call its file by "deno run -A", see "tasks" in deno.json.`;
  }
  const known = systemError(error);
  if (known) return known;
  if (isForeseen(error)) return withCauses(error);
  return `${error.stack ?? error.message}\n` +
    `This is a defect of deep-linear-ts ${VERSION}, or of what was changed in it, not of the command. Please report these lines, ` +
    `and the command, where you have the project from.`;
}

function withCauses(error: Error): string {
  const { cause, message } = error;
  if (cause === undefined) return message;
  if (!(cause instanceof Error)) return `${message}\n  because: ${cause}`;
  // The place in a file of the user's; the rest of a trace is of the program.
  const place = isForeseen(cause) ? undefined : /^\s+at .*$/m.exec(cause.stack ?? "")?.[0].trim();
  return `${message}\n  because: ${withCauses(cause)}${place ? `\n  ${place}` : ""}`;
}

/** Classes of the language: nobody throws these to tell a user something. */
const UNFORESEEN = [
  ...["TypeError", "ReferenceError", "SyntaxError", "EvalError", "URIError", "AggregateError"],
  ...["AssertionError", "ZodError", "$ZodError"],
];
/** Ranges are checked with this class; these are the engine's own. */
const NATIVE_RANGE =
  /call stack size|Invalid (array|typed array|string) length|allocation failed|Invalid time value|toString\(\) radix/;

/** True for what a check found, or the system said. */
export function isForeseen(error: Error): boolean {
  const { code } = error as { code?: unknown };
  if (typeof code === "string" && /^E(?!RR_)[A-Z0-9]+$/.test(code)) return true;
  const { name } = error.constructor;
  if (name === "RangeError") return !NATIVE_RANGE.test(error.message);
  return !UNFORESEEN.includes(name) && !UNFORESEEN.includes(error.name);
}

/** Flags and words of a command line. */
type Parsed<F extends ParseArgsOptionsConfig> = ReturnType<
  typeof parseArgs<{ options: F; allowPositionals: true; tokens: true; strict: true }>
>;

/**
 * @param task for messages, such as "deno task site"
 * @throws {UsageError} for a flag that there is not, nearest ones first (`root` is for tests), and for one without its value
 */
export function readFlags<const F extends ParseArgsOptionsConfig>(
  task: string,
  args: string[],
  flags: F,
): Parsed<F> {
  try {
    return parseArgs({
      args,
      options: flags,
      allowPositionals: true,
      tokens: true,
      strict: true,
    }) as Parsed<F>;
  } catch (error) {
    const names = [...new Set([...Object.keys(flags), "help"])].filter((name) => name !== "root");
    throw new UsageError(`${mistake(error as Error, names)} ${helpHint(task)}`);
  }
}

export const helpHint = (task: string) => `See ${task} --help.`;

function mistake({ message }: Error, flags: readonly string[]): string {
  const unknown = /^Unknown option '(-[^']*)'/.exec(message)?.[1];
  if (unknown !== undefined) {
    const near = nearestFirst(unknown.replace(/^-+/, ""), flags).slice(0, 3);
    const list = near.map((name) => `--${name}`).join(", ");
    return `Unknown option ${unknown}.${list && ` Nearest: ${list}.`}`;
  }
  const lacking = /^Option '(?:-\w, )?(--[\w-]+) <value>' argument missing/.exec(message)?.[1];
  if (lacking !== undefined) return `${lacking} needs a value: ${lacking} VALUE.`;
  const idle = /^Option '(?:-\w, )?(--[\w-]+)' does not take an argument/.exec(message)?.[1];
  if (idle !== undefined) return `${idle} takes no value.`;
  const ambiguous = /^Option '(?:-\w, )?(--[\w-]+)(?: <value>)?' argument is ambiguous/.exec(
    message,
  )
    ?.[1];
  if (ambiguous !== undefined) {
    return `${ambiguous} needs a value; one that starts with a dash is joined: ${ambiguous}=-VALUE.`;
  }
  return message.replace(/[.\s]*$/, ".");
}

/** A list of choices for help, in lines of readable width. */
export function wrapped(words: readonly string[], indent = "    ", width = 100): string {
  const lines = [""];
  for (const word of words) {
    const line = lines.at(-1)!;
    if (line && indent.length + line.length + word.length + 2 > width) lines.push(word);
    else lines[lines.length - 1] = line ? `${line}, ${word}` : word;
  }
  return lines.map((line) => indent + line).join(",\n");
}
