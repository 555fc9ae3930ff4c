/**
 * @file One spelling for every value, and its sha256: what keys and content hashes are made of.
 */
import { createHash } from "node:crypto";

/** Hex sha256 of text (UTF-8) or bytes. */
export function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

/**
 * JSON with sorted object keys and no white space. NaN and the infinities become strings, because a
 * diverged run's scalars must not read as null; fields that are undefined are left out.
 *
 * @throws {TypeError} for functions, symbols, bigints and objects that are no plain data
 */
export function canonical(value: unknown): string {
  switch (typeof value) {
    case "number":
      // A negative zero is spelt 0, as JSON does.
      return Number.isFinite(value) ? String(value) : `"${value}"`;
    case "string":
      return quote(value);
    case "boolean":
      return String(value);
    case "object": {
      if (value === null) return "null";
      if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
      const prototype = Object.getPrototypeOf(value);
      if (prototype !== Object.prototype && prototype !== null) {
        throw new TypeError(
          `A ${prototype.constructor?.name ?? "class instance"} cannot be part of a key; use ` +
            `plain objects, arrays, strings, numbers and booleans.`,
        );
      }
      const record = value as Record<string, unknown>;
      let text = "";
      for (const name of Object.keys(record).sort()) {
        const field = record[name];
        if (field !== undefined) text += `${text && ","}${quote(name)}:${canonical(field)}`;
      }
      return `{${text}}`;
    }
    case "undefined":
      return "null";
    default:
      throw new TypeError(`A ${typeof value} cannot be part of a key.`);
  }
}

/** As JSON.stringify; most names and hashes hold nothing to escape, and that is quick to see. */
function quote(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);
}

const PLAIN = /^[\w ./=:@#-]*$/;

/** The hash that stands for an artifact: equal files and scalars, equal content. */
export function contentOf(
  files: Record<string, string>,
  scalars: Record<string, number>,
): string {
  return sha256(canonical({ files, scalars }));
}
