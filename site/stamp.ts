/** @file What a built site says of itself, by which it is known to be one and to be as it was built. */
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

export const STAMP = ".built.json";

export interface Stamp {
  source: string;
  profile: string;
  /** Path below the site to sha256. */
  files: Record<string, string>;
}

export async function readStamp(dest: string): Promise<Stamp | undefined> {
  try {
    const text = await readFile(join(dest, STAMP), "utf8");
    const { source, profile, files } = JSON.parse(text);
    const stamp = { source, profile, files };
    return profile !== undefined && text === stampText(stamp) ? stamp : undefined;
  } catch {
    return undefined; // absent or damaged: build again
  }
}

/** With a checksum of itself. */
export function stampText(stamp: Stamp): string {
  return JSON.stringify({ ...stamp, sum: sha256(JSON.stringify(stamp)) }, null, 1) + "\n";
}

export function sha256(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

/** Folders of sites in that of another. */
export async function sitesWithin(home: string): Promise<string[]> {
  const names = await readdir(home).catch(() => []);
  const folders: string[] = [];
  for (const folder of names.sort().map((name) => join(home, name))) {
    if (await readStamp(folder)) folders.push(folder);
  }
  return folders;
}
