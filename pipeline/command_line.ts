/** @file The words of a command that is printed or recorded, to be run again. */
import type { WorkspaceOptions } from "./workspace.ts";

/** The options that make the same graph in the same store, for a command that is printed. */
export function repeatOptions(options: WorkspaceOptions): string {
  const parts = [`--profile ${options.profile}`];
  if (options.engine !== "ort") parts.push(`--engine ${options.engine}`);
  if (options.store !== ".store") parts.push(`--store ${quote(options.store)}`);
  for (const assignment of options.set) parts.push(`--set ${quote(assignment)}`);
  return parts.join(" ");
}

/** For a POSIX shell. */
export function quote(word: string): string {
  return /^[\w./=:@,+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
