/**
 * @file Stands in for `node:fs` in a recorded program: does what that does, and remembers every operation that changes a
 * disk or waits for one.
 */
import * as real from "node:fs";
import type { Buffer } from "node:buffer";

export * from "node:fs";

/** What was done, with paths as they were given; `data` and `content` in base64. */
export type Operation =
  | { op: "open"; path: string; file: number; created: boolean; emptied: boolean }
  | { op: "write"; file: number; at: number; data: string }
  | { op: "truncate"; file: number; length: number }
  /** `content`: all that the file then holds; undefined for a folder. */
  | { op: "sync"; path: string; file: number; content?: string }
  | { op: "rename"; from: string; to: string; content?: string }
  | { op: "copy"; to: string; content: string }
  | { op: "remove"; path: string }
  | { op: "folder"; path: string }
  /** Something that the program was told is done. */
  | { op: "acknowledged"; what: string; state: unknown };

export const operations: Operation[] = [];

let toFail: { op: string; path: string } | undefined;

/** Lets the next operation of that kind on a file fail as on a disk that is full or broken. */
export function failNext(op: "write" | "sync", path: string): void {
  toFail = { op, path };
}

function perhapsFail(op: string, path: string): void {
  if (toFail?.op !== op || !path.endsWith(toFail.path)) return;
  toFail = undefined;
  throw Object.assign(new Error(`EIO: i/o error, ${op}`), { code: "EIO" });
}

let shortWrites = false;

/** Lets every long write write less than it was asked to. */
export function writeInPieces(): void {
  shortWrites = true;
}

/** Files that are open: their paths, and where a write without a position goes. */
const opened = new Map<number, { path: string; position: number }>();

const contentOf = (path: string) =>
  real.statSync(path).isFile() ? real.readFileSync(path).toString("base64") : undefined;

export function openSync(path: string, flags: string | number = "r", mode?: number): number {
  const existed = real.existsSync(path);
  const file = real.openSync(path, flags, mode);
  opened.set(file, { path, position: 0 });
  const emptied = typeof flags === "number"
    ? (flags & real.constants.O_TRUNC) !== 0
    : flags.startsWith("w");
  if (real.fstatSync(file).isFile()) {
    operations.push({ op: "open", path, file, created: !existed, emptied });
  }
  return file;
}

export function closeSync(file: number): void {
  real.closeSync(file);
  opened.delete(file);
}

export function writeSync(
  file: number,
  data: Uint8Array,
  from = 0,
  length = data.length - from,
  position?: number | null,
): number {
  const { path } = opened.get(file)!;
  const at = position ?? opened.get(file)!.position;
  // The system may write less than it was asked to.
  const some = shortWrites && length > 64 ? length >> 1 : length;
  const count = real.writeSync(file, data, from, some, position ?? null);
  if (position === undefined || position === null) opened.get(file)!.position += count;
  const written = data.subarray(from, from + count) as Buffer;
  operations.push({ op: "write", file, at, data: base64(written) });
  // Later than half of it, so that there is something to put right.
  perhapsFail("write", path);
  return count;
}

export function writeFileSync(path: string, data: string | Uint8Array): void {
  const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
  const file = openSync(path, "w");
  try {
    for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
  } finally {
    closeSync(file);
  }
}

export function ftruncateSync(file: number, length = 0): void {
  real.ftruncateSync(file, length);
  operations.push({ op: "truncate", file, length });
}

export function fsyncSync(file: number): void {
  const { path } = opened.get(file)!;
  perhapsFail("sync", path);
  real.fsyncSync(file);
  operations.push({ op: "sync", path, file, content: contentOf(path) });
}

export const fdatasyncSync = fsyncSync;

export function renameSync(from: string, to: string): void {
  real.renameSync(from, to);
  operations.push({ op: "rename", from, to, content: contentOf(to) });
}

export function copyFileSync(from: string, to: string, mode?: number): void {
  real.copyFileSync(from, to, mode);
  operations.push({ op: "copy", to, content: contentOf(to)! });
}

export function rmSync(path: string, options?: real.RmOptions): void {
  const existed = real.existsSync(path);
  real.rmSync(path, options);
  if (existed) operations.push({ op: "remove", path });
}

export const unlinkSync = (path: string) => rmSync(path);

export function mkdirSync(path: string, options?: real.MakeDirectoryOptions): string | undefined {
  const first = real.mkdirSync(path, options);
  if (first === undefined) return undefined;
  const rest = path.slice(first.length).split("/").filter(Boolean);
  let at = first;
  operations.push({ op: "folder", path: at });
  for (const name of rest) operations.push({ op: "folder", path: at += `/${name}` });
  return first;
}

function base64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}
