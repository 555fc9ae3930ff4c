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

const middle = (name: string) => `",\n"${name}":`;
const sealed = (name: string, json: string) => `${HEAD}${sha256(json)}${middle(name)}${json}}`;

/** @returns whether it was written, see {@linkcode writeCache} */
export function writeSealed(path: string, name: string, value: unknown): boolean {
  return writeCache(path, sealed(name, JSON.stringify(value)));
}

/** Undefined for what is not there or not as it was written. */
export function readSealed(path: string, name: string): unknown {
  try {
    const bytes = readFileSync(path);
    const [sum, json] = [HEAD.length, HEAD.length + SUM + middle(name).length];
    const text = (from: number, to: number) => bytes.toString("latin1", from, to);
    const isWhole = text(0, sum) === HEAD && text(sum + SUM, json) === middle(name) &&
      text(bytes.length - 1, bytes.length) === "}";
    const body = bytes.subarray(json, -1);
    // Of many megabytes no copy is made before it is known what they are.
    return isWhole && text(sum, sum + SUM) === sha256(body)
      ? JSON.parse(body.toString("utf8"))
      : undefined;
  } catch {
    return undefined;
  }
}
