/** @file The programs that a sweep file can name. */
import { filtering } from "./filtering.ts";
import type { Program } from "./program.ts";

const programs: Program[] = [filtering];

/** @throws {Error} listing the programs */
export function programOf(name: string, path: string): Program {
  const found = programs.find((program) => program.name === name);
  if (found) return found;
  const known = programs.map((program) => program.name).join(", ");
  throw new Error(`${path}: program is "${name}"; the programs are ${known}.`);
}
