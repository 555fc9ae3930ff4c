/** @file Links from each page of a site to the same page of the other profiles' sites beside it. */
import { basename, relative } from "node:path";
import { readStamp, sitesWithin } from "./stamp.ts";

/** The site of another profile in the same folder. */
export interface OtherSite {
  /** Of the profile. */
  name: string;
  /** Below the folder that the sites share; empty for the one that is the folder itself. */
  place: string;
  pages: string[];
}

export interface ProfileLink {
  name: string;
  href: string;
}

/** "index.html" and "tasks/parity.html": pages of rows lie deeper, and rows of another profile are other rows. */
const DEEPEST = 2;
const depthOf = (path: string) => path.split("/").length;

/** Those of a site's files that another site leads to. */
export function pagesToLead(files: readonly string[]): string[] {
  return files.filter((path) => path.endsWith(".html") && depthOf(path) <= DEEPEST).sort();
}

/** The sites of other profiles that are built in a folder and in the folders within it. */
export async function othersIn(
  { home, dest, reports }: { home?: string; dest: string; reports: string },
): Promise<OtherSite[]> {
  if (home === undefined) return [];
  const others: OtherSite[] = [];
  for (const folder of [home, ...await sitesWithin(home)]) {
    const stamp = folder === dest ? undefined : await readStamp(folder);
    if (!stamp || stamp.profile === basename(reports)) continue;
    const place = relative(home, folder);
    others.push({ name: stamp.profile, place, pages: pagesToLead(Object.keys(stamp.files)) });
  }
  return others;
}

/**
 * @param here the place of the site that holds the pages
 * @returns for a page: where the others show the same, or else its experiment, or else begin
 */
export function profileLinks(here: string, others: readonly OtherSite[]) {
  const known = others.map(({ pages, ...other }) => ({ ...other, pages: new Set(pages) }));
  return (url: string, root: string): ProfileLink[] => {
    const path = url.slice(1);
    // A page that is shown at any address leads by absolute ones.
    const up = root === "/" || !here ? root : `../${root}`;
    return known.map(({ name, place, pages }) => {
      const target = candidates(path).find((page) => pages.has(page)) ?? "index.html";
      return { name, href: `${up}${place && `${place}/`}${root === "/" ? "index.html" : target}` };
    });
  };
}

function candidates(path: string): string[] {
  const [folder, id] = path.split("/");
  const ofExperiment = id && (folder === "experiments" || folder === "provenance");
  return [path, ...(ofExperiment ? [`experiments/${id.replace(/\.html$/, "")}.html`] : [])];
}
