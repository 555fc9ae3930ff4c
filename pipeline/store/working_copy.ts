/**
 * @file `catalog.duckdb` is whole at any instant, because nothing ever writes to it: DuckDB works on a
 * copy, which is renamed over it when it was closed in peace. After a kill the copy is worth
 * nothing; the journal has what happened since.
 *
 * DuckDB can recover by itself, and nearly always does: one kill in several hundred left a file that
 * it could not open any more.
 */
import {
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
} from "node:fs";
import { join } from "node:path";

const NAME = "catalog.duckdb";
const COPY = "catalog.work.duckdb";
const JOURNAL = "catalog.journal";

export class WorkingCopy {
  readonly original: string;
  readonly path: string;
  readonly journal: string;
  /** Transactions that DuckDB had logged beside the original; stores of earlier versions have them. */
  readonly hasLog: boolean;

  /** Copies the catalogue of a store, where there is one. */
  constructor(private readonly dir: string) {
    this.original = join(dir, NAME);
    this.path = join(dir, COPY);
    this.journal = join(dir, JOURNAL);
    this.discard();
    this.hasLog = existsSync(`${this.original}.wal`);
    if (existsSync(this.original)) {
      copyFileSync(this.original, this.path, constants.COPYFILE_FICLONE);
    }
    if (this.hasLog) copyFileSync(`${this.original}.wal`, `${this.path}.wal`);
  }

  /** Puts the copy, closed, in the place of the original, and forgets the journal that led to it. */
  replaceOriginal(): void {
    // DuckDB did not get to the end of its own work; the journal does.
    if (existsSync(`${this.path}.wal`)) return this.discard();
    sync(this.path);
    renameSync(this.path, this.original);
    sync(this.dir);
    rmSync(`${this.original}.wal`, { force: true });
    rmSync(this.journal, { force: true });
  }

  /** Also what DuckDB keeps beside it. */
  discard(): void {
    if (!existsSync(this.dir)) return;
    for (const name of readdirSync(this.dir)) {
      if (name.startsWith(COPY)) rmSync(join(this.dir, name), { recursive: true });
    }
  }
}

/** True for a store with a catalogue, or with the journal of one that was never closed. */
export function hasCatalog(dir: string): boolean {
  return existsSync(join(dir, NAME)) || existsSync(join(dir, JOURNAL));
}

/** True when `catalog.duckdb` lacks something that was recorded. */
export function isBehind(dir: string): boolean {
  return existsSync(join(dir, JOURNAL)) || existsSync(join(dir, `${NAME}.wal`));
}

function sync(path: string): void {
  const file = openSync(path, "r");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
