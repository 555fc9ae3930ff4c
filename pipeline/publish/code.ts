/** @file What published files are made by: an edit of it is a reason to make them again. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const HERE = fileURLToPath(new URL(".", import.meta.url));
/** Of other folders: the shape of results and what they are made of, and how a command is spelt. */
const BESIDE = ["../results.ts", "../summary_schema.ts", "../terms.ts", "../command_line.ts"];

/** sha256 of all modules of this folder, and of what they write down. */
export function publisherCode(): string {
  const names = readdirSync(HERE).filter((name) => name.endsWith(".ts")).sort();
  const hash = createHash("sha256");
  for (const path of [...names, ...BESIDE].map((name) => join(HERE, name))) {
    hash.update(existsSync(path) ? readFileSync(path) : "").update("\0");
  }
  return hash.digest("hex");
}
