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
    // Before the listing: what changes in between leaves other stamps than these.
    const now = stampsOf(objects);
    const known = catalog === undefined ? undefined : Presence.#known(objects, catalog, now);
    if (known) return new Presence(known);
    const there = objects.list();
    const lost = new Set<string>();
    for (const job of jobs.values()) {
      for (const hash of job.objects) if (!there.has(hash)) lost.add(hash);
    }
    if (catalog && Date.now() - now.changed > RACY_MS) {
      const saved: Saved = { catalog, stamps: now.stamps, lost: [...lost] };
      writeSealed(placeOf(objects), "objects", saved);
    }
    return new Presence(lost);
  }

  /** True where it is known without a look at its jobs that nothing is lost of what a catalogue has, by its hash. */
  static isWhole(objects: Objects, catalog: string): boolean {
    return Presence.#known(objects, catalog, stampsOf(objects))?.length === 0;
  }

  static #known(objects: Objects, catalog: string, { stamps }: Stamps): string[] | undefined {
    const saved = readSealed(placeOf(objects), "objects") as Saved | undefined;
    return saved?.catalog === catalog && saved.stamps === stamps ? saved.lost : undefined;
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

const placeOf = ({ dir }: Objects) => join(dir, "cache", "objects.json");

/** One text that changes with any folder, and when the last of them changed. */
interface Stamps {
  stamps: string;
  changed: number;
}

function stampsOf(objects: Objects): Stamps {
  const stamps: string[] = [];
  let changed = 0;
  for (const folder of objects.folders().sort()) {
    const { mtimeMs, ctimeMs, ino } = statSync(join(objects.dir, "objects", folder));
    changed = Math.max(changed, mtimeMs, ctimeMs);
    stamps.push(`${folder}:${mtimeMs}:${ctimeMs}:${ino}`);
  }
  return { stamps: sha256(stamps.join()), changed };
}
