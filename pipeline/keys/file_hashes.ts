/**
 * @file Content hashes of source files, remembered by their stat so that a no-op run reads nothing.
 *
 * A hash is trusted while size, inode, modification and change time are those it was taken with. A
 * file that was written within a moment of being hashed is not remembered: a second write in the same
 * tick of the file system's clock would look the same (git calls such an entry racily clean).
 */
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { sha256 } from "../content/canonical.ts";

export type SavedHashes = Record<string, [stamp: string, hash: string]>;

/** Deno gives change times in whole seconds. */
const RACY_MS = 1100;

/** Stands for the hash of a file that is not there. */
export const MISSING = "missing";

export class FileHashes {
  #known: SavedHashes;
  #checked = new Map<string, string>();
  changed = false;

  constructor(readonly root: string, known: SavedHashes = {}) {
    this.#known = known;
  }

  /** sha256 of a file (path from the root); looked at once in the life of this object. */
  hash(path: string): string {
    let hash = this.#checked.get(path);
    if (hash === undefined) this.#checked.set(path, hash = this.#look(path));
    return hash;
  }

  /** As `hash`, but looks again: for the check before a result is committed. */
  again(path: string): string {
    this.#checked.delete(path);
    return this.hash(path);
  }

  saved(): SavedHashes {
    return this.#known;
  }

  #look(path: string): string {
    const full = join(this.root, path);
    const stat = statSync(full, { throwIfNoEntry: false });
    if (!stat?.isFile()) return MISSING;
    const stamp = `${stat.mtimeMs}:${stat.ctimeMs}:${stat.size}:${stat.ino}`;
    const known = this.#known[path];
    if (known?.[0] === stamp) return known[1];
    const now = Date.now();
    const hash = sha256(readFileSync(full));
    this.changed = true;
    if (now - Math.max(stat.mtimeMs, stat.ctimeMs) > RACY_MS) this.#known[path] = [stamp, hash];
    else delete this.#known[path];
    return hash;
  }
}
