/** @file Which profiles have been published, which of them is shown unless another is named, and what stands beside it. */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { nearestFirst } from "../lib/nearest.ts";
import { PROFILES } from "../pipeline/profiles.ts";
import { UsageError } from "../pipeline/usage_error.ts";

/** Profiles of which the first that was published is shown, where none is named; the next is compared with it. */
export const USUAL = ["standard", "quick", "smoke"];

const isPublished = (reports: string, profile: string) =>
  stat(join(reports, profile, "results.duckdb")).then(() => true, () => false);

/**
 * The usual ones first, others by name.
 *
 * @param reports the folder that holds one for each profile
 */
export async function publishedProfiles(reports: string): Promise<string[]> {
  const names = (await readdir(reports).catch(() => [])).sort();
  const published: string[] = [];
  for (const name of new Set([...USUAL, ...names])) {
    if (await isPublished(reports, name)) published.push(name);
  }
  return published;
}

/**
 * The folder whose tables stand beside those of a profile: the published ones of standard, and beside these the reader's own.
 *
 * @param reports the folder that holds one for each profile
 */
export async function besideOf(reports: string, profile: string): Promise<string | undefined> {
  for (const other of USUAL) {
    if (other !== profile && await isPublished(reports, other)) return join(reports, other);
  }
}

/**
 * The profile that is asked for, or the first of the usual ones that has been published.
 *
 * @throws {UsageError} when it has not been published, or none has
 */
export async function choosePublished(reports: string, profile?: string): Promise<string> {
  const published = await publishedProfiles(reports);
  if (profile !== undefined) {
    if (published.includes(profile)) return profile;
    const known = PROFILES.some((name) => name === profile);
    throw new UsageError(
      `--profile ${profile}: nothing is published in reports/${profile}; published are ${
        nearestFirst(profile, published).join(", ") || "none"
      }.${known ? ` Make it: deno task pipeline --profile ${profile}.` : ""}`,
    );
  }
  const usual = published.find((name) => USUAL.includes(name));
  if (usual === undefined) {
    throw new UsageError("Nothing is published yet. Make it: deno task pipeline.");
  }
  return usual;
}
