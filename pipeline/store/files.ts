/**
 * @file Files that are whole or absent: written beside their place, synced, and renamed into it.
 */
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { giveWay } from "./give_way.ts";

/** Digits that no other process has, on whatever machine: several may write into one store, where nodes share a disk. */
export const PROCESS = `${Deno.pid}${1e9 + crypto.getRandomValues(new Uint32Array(1))[0]}`;

let serial = 0;

/** Survives the death of the process at any instant; see `writeFileDurable` for power cuts. */
export function writeFileAtomic(path: string, data: string | Uint8Array): void {
  const temporary = `${path}.${PROCESS}-${serial++}.tmp`;
  mkdirSync(dirname(path), { recursive: true });
  try {
    writeFileSync(temporary, data);
    moveTo(temporary, path);
  } catch (cause) {
    rmSync(temporary, { force: true });
    throw cause;
  }
}

/**
 * A file that is made again where it is missing: that it cannot be written, in a store that may only be read or on a full disk, is
 * no reason to fail.
 *
 * @returns whether it was written
 */
export function writeCache(path: string, data: string): boolean {
  try {
    writeFileAtomic(path, data);
    return true;
  } catch {
    return false;
  }
}

/** As `writeFileAtomic`, and on the disk when it returns. The temporary file lies in `temporaryDir`. */
export function writeFileDurable(path: string, data: Uint8Array, temporaryDir: string): void {
  makeFolder(temporaryDir);
  makeFolder(dirname(path));
  const temporary = join(temporaryDir, `${PROCESS}-${serial++}`);
  try {
    const file = openSync(temporary, "w");
    try {
      writeAll(file, data, 0);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    moveTo(temporary, path);
  } catch (cause) {
    // What is there of it takes room on a disk that has none.
    rmSync(temporary, { force: true });
    throw cause;
  }
  syncPath(dirname(path));
}

/** Renames a file; a folder in its place gives way. */
export function moveTo(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (cause) {
    if (!statSync(to, { throwIfNoEntry: false })?.isDirectory()) throw cause;
    giveWay(to, "file");
    renameSync(from, to);
  }
}

/** Makes a folder and those above it; that they are there is on the disk when it returns. */
export function makeFolder(path: string): void {
  const first = mkdirSync(path, { recursive: true });
  if (first === undefined) return;
  const last = dirname(resolve(first));
  for (let at = dirname(resolve(path)); at !== last; at = dirname(at)) syncPath(at);
  syncPath(last);
}

/** Writes all of `data` from a position of an open file on; one call of the system may write less. */
export function writeAll(file: number, data: Uint8Array, position: number): void {
  for (let at = 0; at < data.length;) {
    at += writeSync(file, data, at, data.length - at, position + at);
  }
}

/** Waits until a file, or the names in a folder, are on the disk. */
export function syncPath(path: string): void {
  const file = openSync(path, "r");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
