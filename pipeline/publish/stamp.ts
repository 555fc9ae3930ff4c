/** @file What the files of a published folder are, as publish left them: `published.json`. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";

export interface Stamp {
  /** Hash of what the files were made from and of the code that made them. */
  source: string;
  /** File name to sha256. */
  files: Record<string, string>;
}

/** The file of the stamp. */
export const STAMP = "published.json";

/** Undefined when it is missing or damaged: what it is about is published again. */
export function readStamp(folder: string): Stamp | undefined {
  try {
    const stamp = JSON.parse(readFileSync(join(folder, STAMP), "utf8"));
    const readable = typeof stamp?.source === "string" && typeof stamp.files === "object";
    return readable && stamp.files ? stamp : undefined;
  } catch {
    return undefined;
  }
}

/** Of these files those that are as they were written. */
export function asWritten(folder: string, { files }: Stamp, names: readonly string[]): string[] {
  return names.filter((name) => isAsWritten(folder, files, name));
}

/** True when a file has the bytes that it was written with. */
export function isAsWritten(folder: string, files: Stamp["files"], name: string): boolean {
  try {
    return sha256(readFileSync(join(folder, name))) === files[name];
  } catch {
    return false; // It is missing, or a folder is there.
  }
}

/** Hex sha256 of bytes. */
export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
