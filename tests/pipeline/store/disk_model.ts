/**
 * @file What a disk may hold after a power cut: contents that were not synced may be lost, whole or in part, and so may names
 * in folders that were not synced, each by itself.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { sha256 } from "../../../pipeline/content/canonical.ts";
import type { Operation } from "./recording_fs.ts";

/** A file's contents, by whatever names it is known. */
interface File {
  now: Uint8Array;
  synced: Uint8Array;
}
type Entry = File | "folder";
/** New and removed names that come together. */
type Renaming = [path: string, entry: Entry | undefined][];

const EMPTY = new Uint8Array(0);

export class Disk {
  #now = new Map<string, Entry>();
  #synced = new Map<string, Entry>();
  #unsynced: Renaming[] = [];
  #opened = new Map<number, File>();

  /** @param root a folder that is there for good */
  constructor(private readonly root: string) {}

  apply(op: Operation): void {
    switch (op.op) {
      case "folder":
        return this.#rename([[op.path, "folder"]]);
      case "open": {
        const file = this.#file(op.path);
        // What DuckDB made itself is seen here for the first time.
        if (op.created || !this.#now.has(op.path)) this.#rename([[op.path, file]]);
        if (op.emptied) file.now = EMPTY;
        this.#opened.set(op.file, file);
        return;
      }
      case "write": {
        const file = this.#opened.get(op.file)!;
        const data = bytesOf(op.data);
        const now = new Uint8Array(Math.max(file.now.length, op.at + data.length));
        now.set(file.now);
        now.set(data, op.at);
        file.now = now;
        return;
      }
      case "truncate": {
        const file = this.#opened.get(op.file)!;
        file.now = file.now.slice(0, op.length);
        return;
      }
      case "sync": {
        if (op.content === undefined) return this.#syncFolder(op.path);
        const file = this.#opened.get(op.file)!;
        file.now = file.synced = bytesOf(op.content);
        return;
      }
      case "rename": {
        const file = this.#now.get(op.from) ?? { now: bytesOf(op.content!), synced: EMPTY };
        return this.#rename([[op.from, undefined], [op.to, file]]);
      }
      case "copy": {
        const file = this.#file(op.to);
        file.now = bytesOf(op.content);
        return this.#rename([[op.to, file]]);
      }
      case "remove":
        return this.#rename([[op.path, undefined]]);
    }
  }

  #file(path: string): File {
    const entry = this.#now.get(path);
    return entry === undefined || entry === "folder" ? { now: EMPTY, synced: EMPTY } : entry;
  }

  #rename(renaming: Renaming): void {
    for (const change of renaming) set(this.#now, change);
    this.#unsynced.push(renaming);
  }

  #syncFolder(folder: string): void {
    this.#unsynced = this.#unsynced.map((renaming) =>
      renaming.filter((change) => {
        if (dirname(change[0]) !== folder) return true;
        set(this.#synced, change);
        return false;
      })
    ).filter((renaming) => renaming.length);
  }

  /** The contents that a power cut at this moment may leave, by path from the root. */
  *afterPowerCut(): Generator<Contents> {
    const all = this.#unsynced;
    const kept = [[], all, ...all.map((one) => [one]), ...all.map((one) => without(all, one))];
    for (const names of kept) {
      const entries = new Map(this.#synced);
      for (const change of names.flat()) set(entries, change);
      for (const left of [(file: File) => file.synced, (file: File) => file.now, torn]) {
        const contents: Contents = new Map();
        for (const [path, entry] of entries) {
          if (entry === "folder" || !this.#isReached(entries, path)) continue;
          contents.set(relative(this.root, path), left(entry));
        }
        yield contents;
      }
    }
  }

  #isReached(entries: Map<string, Entry>, path: string): boolean {
    for (let at = dirname(path); at !== this.root; at = dirname(at)) {
      if (entries.get(at) !== "folder") return false;
    }
    return true;
  }
}

export type Contents = Map<string, Uint8Array>;

const hashes = new WeakMap<Uint8Array, string>();

/** Equal for equal contents. */
export function keyOf(contents: Contents): string {
  return [...contents].map(([path, bytes]) => {
    if (!hashes.has(bytes)) hashes.set(bytes, sha256(bytes));
    return `${path} ${hashes.get(bytes)}`;
  }).sort().join("\n");
}

export function writeContents(folder: string, contents: Contents): void {
  for (const [path, bytes] of contents) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  }
}

/** Half of what was added to a file. */
function torn({ now, synced }: File): Uint8Array {
  const added = now.length - synced.length;
  return added > 0 ? now.slice(0, synced.length + (added >> 1)) : synced;
}

function set(entries: Map<string, Entry>, [path, entry]: Renaming[number]): void {
  if (entry === undefined) entries.delete(path);
  else entries.set(path, entry);
}

const without = <T>(list: T[], item: T) => list.filter((other) => other !== item);

const decoded = new Map<string, Uint8Array>();

/** The same array for the same text, so that large contents are hashed once. */
function bytesOf(base64: string): Uint8Array {
  if (!decoded.has(base64)) {
    decoded.set(base64, Uint8Array.from(atob(base64), (char) => char.charCodeAt(0)));
  }
  return decoded.get(base64)!;
}
