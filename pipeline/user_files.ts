/**
 * @file Files that a user names on a command line: found from the folder where the command was called, and written so that nothing is
 * lost: whole or not at all, and never over what the run has read or what the program is made of.
 */
import {
  chmodSync,
  closeSync,
  fstatSync,
  lstatSync,
  openSync,
  readlinkSync,
  realpathSync,
  rmSync,
  type Stats,
  statSync,
} from "node:fs";
import { basename, dirname, isAbsolute, join, relative, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { writeAtomic } from "../lib/data/write_atomic.ts";
import { UsageError } from "./usage_error.ts";

/**
 * A path as seen from the current folder, or a whole one where it leads out of that. `deno task` runs in the folder of deno.json and
 * leaves in INIT_CWD where it was called.
 */
export function callerPath(path: string): string {
  const folder = process.env.INIT_CWD;
  if (!folder || isAbsolute(path) || resolve(folder) === resolve(".")) return path;
  const whole = resolve(folder, path), inside = relative(resolve("."), whole) || ".";
  return inside === ".." || /^\.\.[/\\]/.test(inside) ? whole : inside;
}

/** A file that may be written, by the flag that names it. */
export interface OutputFile {
  /** As the user wrote it. */
  readonly name: string;
  /** Where it is, links followed. */
  readonly path: string;
}

/** Of the program, below its folder; what else lies there is the user's. */
const PROGRAM =
  /^(?:(?:lib|pipeline|site|tests|reports|\.git|\.ci)[/\\]|(?:deno\.json|deno\.lock|README\.md|CHANGELOG\.md|CITATION\.cff|LICENSE|\.gitignore|data[/\\](?:datasets\.json|README\.md))$)/;

/**
 * Where a flag's file would be written.
 * @param flag for messages, such as `--out`
 * @param name as the user wrote it
 * @param read files that the run reads; links to them, hard or soft, and other spellings are the same file
 * @param root folder of the program
 * @throws {UsageError} for a file that was read or belongs to the program, a folder, a device, and a folder that cannot be written
 */
export function outputFile(
  flag: string,
  name: string,
  read: readonly string[],
  root = fileURLToPath(new URL("..", import.meta.url)),
): OutputFile {
  const refuse = (why: string) => new UsageError(`${flag} ${name}: ${why}`);
  if (/[/\\]$/.test(name)) throw refuse("this names a folder. Give the name of a file in it.");
  const asked = resolve(callerPath(name));
  const path = followed(asked);
  const there = statOf(path);
  if (there?.isDirectory()) throw refuse(`this is a folder. Give the name of a file in it.`);
  // /dev/stdout may be a file: the one that the rest of the output goes to.
  if ((there && !there.isFile()) || /^\/(dev|proc)\//.test(asked)) {
    throw refuse("this is no file but a device or a pipe. Give the name of a file.");
  }
  for (const file of read) {
    const source = followed(resolve(file));
    if (isSame(path, there, source)) {
      throw refuse(
        `this is the file ${source}, which is read; writing would replace it. Give another name.`,
      );
    }
  }
  if (there && isStandardInput(there)) {
    throw refuse(
      "standard input comes from this file; writing would replace it. Give another name.",
    );
  }
  const inside = relative(followed(resolve(root)), path);
  if (there && !inside.startsWith("..") && !isAbsolute(inside) && PROGRAM.test(inside)) {
    throw refuse(
      `${inside} belongs to the program; writing would replace it. Give another name.`,
    );
  }
  requireFolder(path, refuse);
  return { name, path };
}

/** Writes a file whole or not at all; what it replaces keeps its permissions. */
export async function writeOutput({ path }: OutputFile, content: Uint8Array | string) {
  const mode = statOf(path)?.mode;
  await writeAtomic(path, content);
  if (mode !== undefined) chmodSync(path, mode & 0o777);
}

/** Whether two outputs are one file. */
export function sameOutput(a: OutputFile, b: OutputFile): boolean {
  return isSame(a.path, statOf(a.path), b.path);
}

function isSame(path: string, there: Stats | undefined, other: string): boolean {
  if (path === other) return true;
  const known = statOf(other);
  // Two names of one file, by links or by a file system that ignores case. A file system without such numbers says zero.
  return there !== undefined && known !== undefined && there.ino !== 0 &&
    there.ino === known.ino && there.dev === known.dev;
}

function isStandardInput({ ino, dev }: Stats): boolean {
  try {
    const input = fstatSync(0);
    return input.isFile() && ino !== 0 && input.ino === ino && input.dev === dev;
  } catch {
    return false; // closed
  }
}

/** The folder that exists already must be one, and take files: found out before the work, not after it. */
function requireFolder(path: string, refuse: (why: string) => UsageError): void {
  let folder = dirname(path);
  while (!statOf(folder) && dirname(folder) !== folder) folder = dirname(folder);
  if (!statOf(folder)!.isDirectory()) throw refuse(`${folder} is a file, not a folder.`);
  // Permission bits do not tell all, such as a file system that can only be read.
  const probe = join(folder, `${crypto.randomUUID()}.tmp`);
  try {
    closeSync(openSync(probe, "wx"));
    rmSync(probe);
  } catch {
    throw refuse(`the folder ${folder} cannot be written to. Choose another one.`);
  }
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

/** Links of the path followed, also those to what is not there yet. */
function followed(path: string, links = 0): string {
  try {
    return realpathSync(path);
  } catch {
    try {
      if (links < 40 && lstatSync(path).isSymbolicLink()) {
        return followed(resolve(dirname(path), readlinkSync(path)), links + 1);
      }
    } catch { /* not there: its folder may be a link */ }
    const folder = dirname(path);
    return folder === path ? path : join(followed(folder, links), basename(path));
  }
}
