/** @file Mistakes in a command line. */

/** A mistake of the user's: its message is all that is printed. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** @throws {UsageError} for a flag that is given twice, of which only one could count. */
export function refuseRepeated(given: readonly string[], repeatable: readonly string[] = []): void {
  const twice = given.find((name, i) => given.indexOf(name) < i && !repeatable.includes(name));
  if (twice !== undefined) {
    throw new UsageError(
      `--${twice} is given twice, and only one can count. Leave one of them out.`,
    );
  }
}
