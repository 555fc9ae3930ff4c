/** @file Where DuckDB can write a database. */

/**
 * The same path. DuckDB takes what follows a question mark for the query of an address, and puts its log into a folder that is none.
 *
 * @throws {Error} for a path with a question mark
 */
export function duckdbPath(path: string): string {
  if (!path.includes("?")) return path;
  throw new Error(
    `DuckDB cannot write ${path}: no folder above it may have a question mark in its name. Rename it, such as with ` +
      `an underscore.`,
  );
}
