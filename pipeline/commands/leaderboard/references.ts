/** @file The reference rows of the leaderboard at the size of a profile, as a file of the repository: a fresh clone has those of quick. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { parseSummary, type PublishedSummary } from "../../results.ts";
import { writeFileAtomic } from "../../store/files.ts";

/** A published table, and where it came from. */
export interface References {
  /** The command that makes it from nothing. */
  command: string;
  /** Of the project when it was made. */
  commit: string;
  /** What made it, for a reader. */
  machine: string;
  summary: PublishedSummary;
}

/** From the root of the repository. */
export const referencesPath = (profile: string) => `reports/leaderboard/${profile}.json`;

const schema = () =>
  z.strictObject({
    command: z.string(),
    commit: z.string(),
    machine: z.string(),
    summary: z.unknown(),
  });

/** @throws {Error} for a file that is none of these; undefined where there is none. */
export function readReferences(root: string, profile: string): References | undefined {
  const name = referencesPath(profile);
  const path = join(root, name);
  if (!existsSync(path)) return undefined;
  try {
    const { summary, ...rest } = schema().parse(JSON.parse(readFileSync(path, "utf8")));
    return { ...rest, summary: parseSummary(summary, name) as PublishedSummary };
  } catch (cause) {
    throw new Error(
      `${name} is no published leaderboard; restore it (git checkout -- ${name}), or make it again: ` +
        `deno task leaderboard --publish --profile ${profile}.`,
      { cause },
    );
  }
}

export function writeReferences(root: string, profile: string, references: References): void {
  writeFileAtomic(join(root, referencesPath(profile)), JSON.stringify(references, null, 1) + "\n");
}
