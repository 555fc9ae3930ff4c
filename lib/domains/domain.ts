/**
 * @file What a field is that is no forecasting of windows: onsets to pick, beats to tell apart, engines whose end is near. A module
 * that can be named in a job exports `domain`; it reads files as they were published and scores one method on them.
 */

/** Files by their paths inside what was published, as bytes. */
export type Files = ReadonlyMap<string, Uint8Array>;

/** What one method scored. */
export interface Assessment {
  /** Numbers over everything that was tested, by name. */
  readonly scores: Readonly<Record<string, number>>;
  /**
   * The same for parts of the test (records, blocks of time, engines), by name; methods are compared part by part, so all methods
   * have the same parts.
   */
  readonly parts: Readonly<Record<string, readonly number[]>>;
}

/** What a module exports as `domain`. */
export interface Domain {
  /**
   * Scores one method.
   * @throws {Error} naming the option, its value and what is allowed, or the file, the place and what is wrong there
   */
  assess(files: Files, options: unknown): Assessment;
}

/** One file of several. @throws {Error} naming those that are there */
export function fileOf(files: Files, path: string): Uint8Array {
  const found = files.get(path);
  if (found) return found;
  throw new Error(`no file ${path} among ${[...files.keys()].join(", ") || "no files"}.`);
}
