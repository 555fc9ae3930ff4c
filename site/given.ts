/** @file What the pages of a site are made from, besides their sources: the same for both builders. */
import { relative } from "node:path";
import type { StandingGraph } from "../pipeline/run/standing.ts";
import { readTables } from "./compare.ts";
import { readLab } from "./lab/lab.ts";
import { readResults } from "./results.ts";
import { type OtherSite, profileLinks } from "./switch.ts";

export interface Asked {
  /** Folder of one profile, as publish wrote it: `reports/quick`. */
  reports: string;
  /** Likewise, of another profile: its cells are compared with these. */
  beside?: string;
  /** Folder of the built site. */
  dest: string;
  /** With the SQL page: DuckDB for the browser, about 35 MB. */
  sql?: boolean;
  /** Where the jobs of the profile stand in a store; without it the graph is that of the published tables. */
  standing?: StandingGraph;
  /**
   * The folder that the sites of several profiles share, which is `dest` or the one it lies in: pages lead to those of the other
   * sites that are built there.
   */
  home?: string;
}

/**
 * Data by the names under which pages and layouts know them.
 *
 * @throws {Error} when the folders hold no results
 */
export async function givenData(
  { reports, beside, dest, sql, standing, home = dest }: Asked,
  others: readonly OtherSite[],
) {
  // No literal: that would make every install download the package behind it.
  const sqlModule = "./sql/files.ts";
  return {
    results: await readResults(reports),
    other: beside ? await readTables(beside) : undefined,
    sql: sql ? await (await import(sqlModule)).sqlFiles() : undefined,
    lab: await readLab(reports),
    standing: await standing?.jobs(),
    profileLinks: others.length ? profileLinks(relative(home, dest), others) : undefined,
  };
}
