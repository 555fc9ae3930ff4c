/** @file Where the jobs of a profile stand, asked of the pipeline's store where there is one. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { StandingGraph } from "../../pipeline/run/standing.ts";
import { PROFILES } from "../../pipeline/profiles.ts";

/**
 * Where the jobs of a profile stand; undefined for one with parameters that were set by hand, of which nobody knows the graph.
 *
 * @param root of the project
 * @param store from there
 */
export async function standingIn(
  root: string,
  store: string,
  profile: string,
): Promise<StandingGraph | undefined> {
  if (!PROFILES.some((name) => name === profile) || !existsSync(resolve(root, store))) {
    return undefined;
  }
  const { readStanding } = await import("../../pipeline/run/standing.ts");
  return await readStanding({ root, store, profile }).catch((error) => {
    console.error(`Where the jobs of ${profile} stand is not shown: ${error.message}`);
    return undefined;
  });
}
