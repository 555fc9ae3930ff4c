/**
 * @file Whether the objects of jobs that are done are there, without looking at each of them.
 *
 * Which of them are lost is found by listing all folders, and kept in `<store>/cache/objects.json` beside the stamps of the folders and the
 * hash of the catalogue that it was found with. It counts while both are the same: to make, remove, rename or replace anything in a folder
 * gives that another time of change. Of a folder that has changed within a moment nothing is kept, as in pipeline/keys/file_hashes.ts.
 */
import { statSync } from "node:fs";
import { join } from "node:path";
import { sha256 } from "../content/canonical.ts";
import type { DoneIndex } from "./done_index.ts";
import type { Objects } from "./objects.ts";
import { readSealed, writeSealed } from "./sealed.ts";

interface Saved {
  /** sha256 of the catalogue, and of the stamps of all folders. */
  catalog: string;
  stamps: string;
  lost: string[];
}

/** Deno gives change times in whole seconds. */
const RACY_MS = 1100;

export class Presence {
  readonly #lost: Set<string>;

  private constructor(lost: Iterable<string>) {
    this.#lost = new Set(lost);
  }

  /** What is there now of the objects of an index. */
  static of(objects: Objects, { catalog, jobs }: DoneIndex): Presence {
    const path = join(objects.dir, "cache", "objects.json");
    // Before the listing: what changes in between leaves other stamps than these.
    const { stamps, changed } = stampsOf(objects);
    const saved = readSealed(path, "objects") as Saved | undefined;
    if (saved && saved.catalog === catalog && saved.stamps === stamps) {
      return new Presence(saved.lost);
    }
    const there = objects.list();
    const lost = new Set<string>();
    for (const job of jobs.values()) {
      for (const hash of job.objects) if (!there.has(hash)) lost.add(hash);
    }
    if (catalog && Date.now() - changed > RACY_MS) {
      writeSealed(path, "objects", { catalog, stamps, lost: [...lost] } satisfies Saved);
    }
    return new Presence(lost);
  }

  /** Of an object of some job. */
  has(hash: string): boolean {
    return !this.#lost.has(hash);
  }

  /** An object that has been written since. */
  add(hash: string): void {
    this.#lost.delete(hash);
  }
}

/** One text that changes with any folder, and when the last of them changed. */
function stampsOf(objects: Objects): { stamps: string; changed: number } {
  const stamps: string[] = [];
  let changed = 0;
  for (const folder of objects.folders().sort()) {
    const { mtimeMs, ctimeMs, ino } = statSync(join(objects.dir, "objects", folder));
    changed = Math.max(changed, mtimeMs, ctimeMs);
    stamps.push(`${folder}:${mtimeMs}:${ctimeMs}:${ino}`);
  }
  return { stamps: sha256(stamps.join()), changed };
}
