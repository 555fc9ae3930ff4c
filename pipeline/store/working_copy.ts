/**
 * @file The copy of the catalogue that DuckDB works on. DuckDB recovers by itself nearly always; but a kill has left a file that
 * it could not open any more, so after a kill the copy is worth nothing.
 */
import { constants, copyFileSync, existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { catalogFiles, replaceCatalog, settle } from "./catalog_files.ts";
import { syncPath } from "./files.ts";

const NAME = "catalog.work.duckdb";
/** What DuckDB keeps beside a file that it could not write whole. */
const LOGS = [".wal", ".wal.checkpoint", ".wal.recovery"];

export class WorkingCopy {
  readonly path: string;
  /** sha256 of what it is a copy of. */
  #sum = "none";

  constructor(private readonly dir: string) {
    this.path = join(dir, NAME);
    settle(dir);
    this.discard();
  }

  /**
   * Takes the catalogue of the store, where there is one.
   *
   * @param sum its sha256
   */
  copy(sum: string): void {
    const { original } = catalogFiles(this.dir);
    this.#sum = sum;
    if (existsSync(original)) copyFileSync(original, this.path, constants.COPYFILE_FICLONE);
  }

  /** Puts the copy, closed, in the place of the original. @throws {Error} leaving all as it was */
  replaceOriginal(): void {
    if (LOGS.some((log) => existsSync(this.path + log))) {
      throw new Error("DuckDB could not write its file; is the disk full?");
    }
    syncPath(this.path);
    replaceCatalog(this.dir, this.path, this.#sum);
  }

  /** Also what DuckDB keeps beside it. */
  discard(): void {
    if (!existsSync(this.dir)) return;
    for (const name of readdirSync(this.dir)) {
      if (name.startsWith(NAME)) rmSync(join(this.dir, name), { recursive: true });
    }
  }
}
