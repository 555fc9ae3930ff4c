/** @file What is fuzzed: something that reads strangers' bytes, inputs for it, and what must hold of each. */
import type { Arbitrary } from "fast-check";

/** One property of one reader. */
export interface Target<T = unknown> {
  name: string;
  /** Inputs, shrunk by themselves when one fails. */
  input: Arbitrary<T>;
  /** How an input is shown to a person. */
  show(input: T): string;
  /** @throws {Error} where the property does not hold. */
  check(input: T): void;
  /** Inputs that `deno task test` tries. */
  runs: number;
}

/** A target with the type of its inputs forgotten. */
export function target<T>(made: Target<T>): Target {
  return made as Target as Target;
}

/** Longest that one input may take; the machine may be busy with something else. */
export const MOST_SECONDS = 10;

/** Runs what may refuse its input, with errors that are for people. @returns undefined where it did. */
export function unlessRefused<T>(
  run: () => T,
  isRefusal: (error: Error) => boolean,
): T | undefined {
  try {
    return run();
  } catch (error) {
    if (error instanceof Error && isRefusal(error)) return undefined;
    throw new Error(
      `not an error for people: ${(error as Error)?.name}: ${(error as Error)?.message}`,
      { cause: error },
    );
  }
}

/** Text as a person can paste it into a test. */
export function showText(text: string): string {
  const shown = JSON.stringify(text);
  return shown.length > 4000 ? `${shown.slice(0, 4000)}… (${text.length} characters)` : shown;
}

/** Bytes as a person can paste them into a test. */
export function showBytes(bytes: Uint8Array): string {
  const hex = [...bytes.subarray(0, 1500)].map((byte) => byte.toString(16).padStart(2, "0")).join(
    "",
  );
  return `${bytes.length} bytes, hex ${hex}${bytes.length > 1500 ? "…" : ""}`;
}
