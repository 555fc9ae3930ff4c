/**
 * @file Results are numbers. NaN and infinities are what a failure looks like from behind; stored as a success they
 * turn up somewhere else, in another stage's message or as a gap in a table.
 */
import type { StageResult } from "../stage.ts";

/**
 * NaN of these says that there is no such number: see lib/tasks/gap_closed.ts; and lib/tasks/symbols.ts, where an answer whose logits
 * are not finite is wrong, but has no probability.
 */
const MAY_BE_UNDEFINED: ReadonlySet<string> = new Set(["gapClosed", "crossEntropy"]);
/** What has to be known where those are not. */
const ENDS = ["loss", "floor", "optimum"];

/**
 * Looks through scalars, tensors and JSON; curves may diverge, results may not.
 * @throws {Error} naming the first number that is not finite, and where it is
 */
export function checkFinite({ files, scalars = {} }: StageResult): void {
  for (const [name, value] of Object.entries(scalars)) {
    const ends = ENDS.every((end) => Number.isFinite(scalars[end]));
    if (ends && mayBe(name, value) || typeof value !== "number") continue;
    if (!Number.isFinite(value)) refuse(`the scalar ${name}`, value);
  }
  for (const [name, file] of Object.entries(files ?? {})) {
    if (typeof file !== "object" || file === null) continue;
    if ("tensors" in file) {
      for (const [tensor, { data, shape }] of Object.entries(file.tensors)) {
        for (let i = 0; i < data.length; i++) {
          if (Number.isFinite(data[i])) continue;
          refuse(`tensor ${tensor} of ${name} at [${indexOf(i, shape)}]`, data[i]);
        }
      }
    } else if ("json" in file) checkJson(file.json, name, []);
  }
}

/** JSON has neither: they would be stored as null. */
function checkJson(value: unknown, file: string, path: string[]): void {
  if (typeof value === "number") {
    if (Number.isFinite(value) || mayBe(path.at(-1), value)) return;
    refuse(`${path.join(".")} of ${file}`, value);
  } else if (typeof value === "object" && value !== null) {
    for (const [key, part] of Object.entries(value)) checkJson(part, file, [...path, key]);
  }
}

function mayBe(name: string | undefined, value: number): boolean {
  return Number.isNaN(value) && MAY_BE_UNDEFINED.has(name ?? "");
}

function indexOf(flat: number, shape: readonly number[]): string {
  const index: number[] = [];
  for (const size of shape.toReversed()) {
    index.unshift(flat % size);
    flat = Math.floor(flat / size);
  }
  return index.join(", ");
}

function refuse(what: string, value: number): never {
  throw new Error(
    `the result is not finite: ${what} is ${value}. Nothing is stored of it: the parameters lead out of ` +
      `the range of floating-point numbers (scales, rates, a system at the edge of what exists).`,
  );
}
