/**
 * @file Files under their own checksum that can be made again: what is not as it was written counts as missing.
 *
 * One is `{"sha256":"…",` and, on the next line, its name and JSON, so that it is JSON as a whole.
 */
import { readFileSync } from "node:fs";
import { sha256 } from "../content/canonical.ts";
import { writeCache } from "./files.ts";

const HEAD = '{"sha256":"';
const SUM = 64;

const sealed = (name: string, json: string) => `${HEAD}${sha256(json)}",\n"${name}":${json}}`;

/** @returns whether it was written, see {@linkcode writeCache} */
export function writeSealed(path: string, name: string, value: unknown): boolean {
  return writeCache(path, sealed(name, JSON.stringify(value)));
}

/** Undefined for what is not there or not as it was written. */
export function readSealed(path: string, name: string): unknown {
  try {
    const text = readFileSync(path, "utf8");
    const json = text.slice(HEAD.length + SUM + `",\n"${name}":`.length, -1);
    return sealed(name, json) === text ? JSON.parse(json) : undefined;
  } catch {
    return undefined;
  }
}
