/** @file What a sweep file's values must be, said with the place in the file. */
import { nearestFirst } from "../../lib/nearest.ts";

/** A mapping of YAML. */
export type Fields = Record<string, unknown>;

/** @throws {Error} unless the value is a finite number */
export function finite(value: unknown, path: string, where: string): void {
  if (typeof value === "number" && Number.isFinite(value)) return;
  throw new Error(`${path}: ${where} is ${show(value)}; expected a finite number.`);
}

/** Text that is not empty, or nothing. */
export function stringOf(fields: Fields, key: string, path: string, at = ""): string | undefined {
  const value = fields[key];
  if (value === undefined) return undefined;
  if (typeof value === "string" && value !== "") return value;
  throw new Error(`${path}: ${at}${key} is ${show(value)}; expected text.`);
}

/** @param hint an example of what would be right */
export function fieldsOf(value: unknown, path: string, where: string, hint?: string): Fields {
  const plain = typeof value === "object" && value !== null &&
    Object.getPrototypeOf(value) === Object.prototype;
  if (plain) return value as Fields;
  throw new Error(
    `${path}: ${where || "the file"} is ${show(value)}; expected keys with values` +
      `${hint ? `, such as ${hint}` : ""}.`,
  );
}

/** @param what leads to the list of the keys that are allowed, nearest first */
export function checkKeys(
  fields: Fields,
  allowed: readonly string[],
  path: string,
  where: string,
  what = "allowed are",
): void {
  const unknown = Object.keys(fields).find((key) => !allowed.includes(key));
  if (unknown === undefined) return;
  throw new Error(
    `${path}: unknown key "${unknown}" ${where ? `in ${where}` : "at the top"}; ${what} ` +
      `${nearestFirst(unknown, allowed).join(", ")}.`,
  );
}

/** A value as a message shows it. */
export function show(value: unknown): string {
  if (typeof value === "number") return String(value);
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
