/**
 * @file The files of the catalogue, and how a new one takes the place of the old.
 *
 *     <store>/catalog.duckdb       whole at any instant: it only ever appears by rename
 *     <store>/catalog.journal      what happened since
 *     <store>/catalog.work.duckdb  the copy that DuckDB works on; worth nothing after a kill
 *     <store>/catalog.next.duckdb  for a moment: the copy, closed by DuckDB itself, with all of the journal
 *
 * DuckDB recovers by itself nearly always; but a kill has left a file that it could not open any more.
 */
import { constants, copyFileSync, existsSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { syncPath } from "./files.ts";

const NAME = "catalog.duckdb";
const JOURNAL = "catalog.journal";
const COPY = "catalog.work.duckdb";
const NEXT = "catalog.next.duckdb";
/** What DuckDB keeps beside a file. Earlier versions let it work on the catalogue itself. */
const LOGS = [".wal", ".wal.checkpoint", ".wal.recovery"];

export class WorkingCopy {
  readonly original: string;
  readonly path: string;
  readonly journal: string;
  /** True when the copy begins with a log that the original lacks. */
  readonly hasLog: boolean;

  /** Copies the catalogue of a store, where there is one. */
  constructor(private readonly dir: string) {
    this.original = join(dir, NAME);
    this.path = join(dir, COPY);
    this.journal = join(dir, JOURNAL);
    this.#settle();
    this.discard();
    if (existsSync(this.original)) {
      copyFileSync(this.original, this.path, constants.COPYFILE_FICLONE);
      for (const log of LOGS.filter((log) => existsSync(this.original + log))) {
        copyFileSync(this.original + log, this.path + log);
      }
    }
    this.hasLog = this.#logged();
  }

  /** Puts the copy, closed, in the place of the original. @throws {Error} leaving all as it was */
  replaceOriginal(): void {
    if (this.#logged()) throw new Error("DuckDB could not write its file; is the disk full?");
    syncPath(this.path);
    renameSync(this.path, join(this.dir, NEXT));
    syncPath(this.dir);
    this.#settle();
  }

  /** Also what DuckDB keeps beside it. */
  discard(): void {
    if (!existsSync(this.dir)) return;
    for (const name of readdirSync(this.dir)) {
      if (name.startsWith(COPY)) rmSync(join(this.dir, name), { recursive: true });
    }
  }

  /** Nothing was recorded beside the original, though a kill may have left an empty journal. */
  forgetJournal(): void {
    rmSync(this.journal, { force: true });
  }

  /**
   * The logs go before the file that holds all of them is the catalogue: DuckDB would put its own into
   * that once more, and every row would be there twice.
   */
  #settle(): void {
    const next = join(this.dir, NEXT);
    if (!existsSync(next)) return;
    for (const log of LOGS) rmSync(this.original + log, { force: true });
    rmSync(this.journal, { force: true });
    syncPath(this.dir);
    renameSync(next, this.original);
    syncPath(this.dir);
  }

  #logged(): boolean {
    return LOGS.some((log) => existsSync(this.path + log));
  }
}

/** True for a store with a catalogue, or with what is to become one. */
export function hasCatalog(dir: string): boolean {
  return [NAME, JOURNAL, NEXT].some((name) => existsSync(join(dir, name)));
}

/** True when `catalog.duckdb` lacks something that was recorded. */
export function isBehind(dir: string): boolean {
  return [JOURNAL, NEXT, ...LOGS.map((log) => NAME + log)].some((n) => existsSync(join(dir, n)));
}
