/**
 * @file Builds the site from published results, on npm packages alone (`deno task site`).
 *
 * The new site is built beside the old one and swapped in, so a visitor or a server never sees half
 * of it. When neither the results nor the sources changed, nothing is loaded and nothing is written.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { PROFILES } from "../pipeline/profiles.ts";
import { helpHint, readFlags, runProgram } from "../pipeline/program.ts";
import type { StandingGraph } from "../pipeline/run/standing.ts";
import { refuseRepeated, UsageError } from "../pipeline/usage_error.ts";
import { callerPath } from "../pipeline/user_files.ts";
import { inParts } from "./pages.ts";
import { besideOf, choosePublished, publishedProfiles, USUAL } from "./profiles.ts";
import type { Asked } from "./given.ts";
import { standingIn } from "./graph/standing.ts";
import { readStamp, sha256, sitesWithin, STAMP, type Stamp, stampText } from "./stamp.ts";
import { othersIn, type OtherSite } from "./switch.ts";

export interface BuildOptions extends Asked {
  /** The folder is there for the site alone: whatever lies in it is replaced. */
  own?: boolean;
}

export interface Built {
  /** Absolute path of the front page. */
  index: string;
  upToDate: boolean;
  files: number;
}

/** Files that are written at a time. */
const TOGETHER = 32;
const ROOT = fileURLToPath(new URL("..", import.meta.url));
const SOURCES = join(ROOT, "site");
/** Folders outside of it that pages are made from, and the scripts of the lab. */
const BESIDE = ["lib", "data/models", "pipeline/commands", "pipeline/experiments"].map((folder) =>
  join(ROOT, folder)
);
/** And files: sources of data. The reports in prose come besides. */
const FILES = ["deno.json", "data/datasets.json"].map((file) => join(ROOT, file));
/** Where the site of this project goes unless told otherwise. */
const OWN = join(SOURCES, "_site");

/**
 * @throws {Error} when `reports` holds no results, when `dest` is a folder that is no built site, or
 *   when a page cannot be rendered; the old site stays in place then
 */
export async function buildSite(options: BuildOptions): Promise<Built> {
  const { reports, beside, sql = false } = options;
  const dest = resolve(options.dest);
  const home = resolve(options.home ?? dest);
  const own = options.own || dest === OWN;
  const asked: Asked = { ...options, dest, home: options.home && home };
  const others = await othersIn(asked);
  const said = JSON.stringify([sql, others, options.standing?.key]);
  const source = await fingerprint([reports, ...(beside ? [beside] : [])], said);
  const known = await upToDate(dest, source);
  if (known) return known;
  if (!own) await refuseForeign(dest);
  await mkdir(dirname(home), { recursive: true });
  // Of several builds one works while the others wait; the system frees the lock of one that dies.
  using lock = await Deno.open(join(dirname(home), `.${basename(home)}-lock`), {
    create: true,
    write: true,
  });
  await lock.lock(true);
  return await upToDate(dest, source) ?? await build(asked, source, others);
}

/** The site as it was built from the same source, where it still is. */
async function upToDate(dest: string, source: string): Promise<Built | undefined> {
  const stamp = await readStamp(dest);
  if (stamp?.source !== source) return undefined;
  for (const [path, hash] of Object.entries(stamp.files)) {
    const found = await readFile(join(dest, path)).catch(() => undefined);
    if (!found || sha256(found) !== hash) return undefined;
  }
  const index = join(dest, "index.html");
  return { index, upToDate: true, files: Object.keys(stamp.files).length };
}

async function build(asked: Asked, source: string, others: OtherSite[]): Promise<Built> {
  const { reports, dest, home = dest } = asked;
  // Loaded late: DuckDB, Plot and Vento take longer to load than an up-to-date check.
  const [{ givenData }, { renderSite }] = await Promise.all([
    import("./given.ts"),
    import("./render.ts"),
  ]);
  const output = await renderSite(SOURCES, await givenData(asked, others));
  const prefix = `.${basename(home)}-`;
  for (const name of await readdir(dirname(home))) { // left by a build that was killed
    if (!name.startsWith(prefix) || name === `${prefix}lock`) continue;
    await rm(join(dirname(home), name), { recursive: true });
  }
  const building = await mkdtemp(join(dirname(home), prefix));
  try {
    const stamp: Stamp = { source, profile: basename(reports), files: {} };
    const sorted = [...output].sort(([a], [b]) => a < b ? -1 : 1);
    for (const folder of new Set(sorted.map(([path]) => dirname(join(building, path))))) {
      await mkdir(folder, { recursive: true });
    }
    for (const some of inParts(sorted, TOGETHER)) {
      await Promise.all(some.map(([path, content]) => writeFile(join(building, path), content)));
      for (const [path, content] of some) stamp.files[path] = sha256(content);
    }
    await writeFile(join(building, STAMP), stampText(stamp));
    await chmod(building, 0o755); // mkdtemp keeps a folder to its owner; a web server is another user
    const retired = `${building}-old`;
    for (const folder of await sitesWithin(dest)) {
      await rename(folder, join(building, basename(folder)));
    }
    await mkdir(dirname(dest), { recursive: true });
    if (await exists(dest)) await rename(dest, retired);
    await rename(building, dest);
    await rm(retired, { recursive: true, force: true });
  } finally {
    await rm(building, { recursive: true, force: true });
  }
  return { index: join(dest, "index.html"), upToDate: false, files: output.size };
}

/** Hash of the published results, of the sources of the site and of the versions they run with, and of what else the pages say. */
async function fingerprint(folders: string[], said: string): Promise<string> {
  const hash = createHash("sha256").update(`${said}\0`);
  const entries = (await Promise.all(
    [SOURCES, ...BESIDE].map((folder) => readdir(folder, { recursive: true, withFileTypes: true })),
  )).flat();
  const sources = entries.filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !/_(?:site|lab)/.test(path.slice(SOURCES.length)));
  const published = (await Promise.all(folders.map(async (folder) => {
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
    return entries.filter((entry) => entry.isFile() && !entry.name.startsWith("."))
      .map(({ name }) => join(folder, name));
  }))).flat();
  const prose = (await readdir(join(ROOT, "reports")).catch(() => []))
    .filter((name) => name.endsWith(".md")).map((name) => join(ROOT, "reports", name));
  for (const path of [...FILES, ...prose.sort(), ...sources.sort(), ...published.sort()]) {
    // One after the other they are read in a quarter of the time that promises take.
    hash.update(`${path.replace(ROOT, "")}\0`).update(readFileSync(path));
  }
  return hash.digest("hex");
}

/** The destination is replaced as a whole, so it must not be somebody's folder. */
async function refuseForeign(dest: string) {
  const names = await readdir(dest).catch(() => [] as string[]);
  if (names.includes(STAMP) || names.length === (await sitesWithin(dest)).length) return;
  for (const name of names.filter((name) => name.endsWith(".html"))) {
    const page = await readFile(join(dest, name), "utf8").catch(() => "");
    if (page.includes('<meta name="generator" content="deep-linear-ts">')) return;
  }
  throw new Error(
    `${dest} is not empty and was not built by this task; building would replace it. ` +
      "Choose another folder with --dest, or remove it.",
  );
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(() => true, () => false);
}

interface ProfileOptions extends Pick<BuildOptions, "sql" | "own"> {
  /** Not this profile alone, but all that are published. */
  all?: boolean;
  /** Of each profile that is built, see {@linkcode BuildOptions}. */
  standing?: (profile: string) => Promise<StandingGraph | undefined>;
}

/**
 * Builds the site of a profile beside those of the others: the first of the usual profiles that is published has `home` itself,
 * each other one a folder of its name in it.
 *
 * The others stay as they are, except that there is always a site in `home`, and that the one which had it before keeps a site.
 *
 * @param reports the folder that holds one for each profile
 * @returns with a sentence for each other profile whose site could not be built
 * @throws {Error} as `buildSite`, of the profile
 */
export async function buildProfile(
  reports: string,
  home: string,
  profile: string,
  { all, sql, own, standing: ask }: ProfileOptions = {},
): Promise<Built & { failed: string[] }> {
  const published = await publishedProfiles(reports);
  const [main] = published;
  const held = (await readStamp(home))?.profile;
  const wanted = new Set(all ? published : [profile]);
  if (held !== main) { for (const name of [main, held]) if (name) wanted.add(name); }
  // The main one is the largest and goes last: by then it knows the pages of all others.
  const order = published.filter((name) => wanted.has(name)).reverse();
  if (!own && resolve(home) !== OWN) await refuseForeign(home);
  const stand = new Map<string, StandingGraph | undefined>();
  const built = new Map<string, Built>();
  const failed = new Map<string, string>();
  // A second time for those that were built before others they lead to.
  for (let changed = true, times = 0; changed && times < 2; times++) {
    changed = false;
    for (const name of order.filter((name) => !failed.has(name))) {
      const dest = name === main ? home : join(home, name);
      const beside = await besideOf(reports, name);
      const folder = join(reports, name);
      try {
        if (!stand.has(name)) stand.set(name, await ask?.(name));
        const standing = stand.get(name);
        const made = await buildSite({
          ...{ reports: folder, beside, dest, sql, own: true, home, standing },
        });
        changed ||= !made.upToDate && order.length > 1;
        const upToDate = made.upToDate && built.get(name)?.upToDate !== false;
        built.set(name, { ...made, upToDate });
      } catch (error) {
        if (name === profile) throw error;
        failed.set(name, `The site of ${folder} was not built: ${(error as Error).message}`);
      }
    }
  }
  return { ...built.get(profile)!, failed: [...failed.values()] };
}

const HELP = `deno task site [options]: build the site of what was published

  --profile NAME   of reports/NAME alone: ${
  PROFILES.join(", ")
}, or one with -set (otherwise all that there are:
                   the first of ${USUAL.join(", ")} in DIR, the others in DIR/NAME)
  --reports DIR    a folder that was published, instead
  --dest DIR       where the site goes (site/_site); replaced as a whole
  --store DIR      whose jobs are shown with where they stand and why (.store); without a store
                   there are those that the published tables came from
  --sql            with a page for SQL questions, which is DuckDB for the browser, about 35 MB
  --help, --version

Then: deno task serve`;

async function main(args: string[]): Promise<void> {
  const { values, positionals, tokens } = readFlags("deno task site", args, {
    profile: { type: "string" },
    reports: { type: "string" },
    dest: { type: "string" },
    store: { type: "string" },
    sql: { type: "boolean", default: false },
  });
  refuseRepeated(tokens.flatMap((token) => token.kind === "option" ? [token.name] : []));
  const [word] = positionals;
  if (word !== undefined) {
    throw new UsageError(
      `deno task site takes no argument "${word}"; profiles are chosen by --profile. ${
        helpHint("deno task site")
      }`,
    );
  }
  if (values.store !== undefined && values.reports !== undefined) {
    throw new UsageError("--store has no effect beside --reports. Leave one of them out.");
  }
  if (values.profile !== undefined && values.reports !== undefined) {
    throw new UsageError("--profile has no effect beside --reports. Leave one of them out.");
  }
  const { sql } = values;
  const profile = values.reports === undefined
    ? await choosePublished("reports", values.profile)
    : undefined;
  const reports = profile === undefined ? callerPath(values.reports!) : join("reports", profile);
  const dest = values.dest === undefined ? "site/_site" : callerPath(values.dest);
  const say = ({ index, upToDate }: Built) =>
    console.log(
      `${reports} ${upToDate ? "is already built" : "built"}: ${pathToFileURL(index).href}`,
    );
  const all = values.profile === undefined;
  const store = values.store === undefined ? ".store" : callerPath(values.store);
  const standing = (name: string) => standingIn(ROOT, resolve(store), name);
  if (profile === undefined || !all && values.dest !== undefined) {
    const beside = profile === undefined ? undefined : await besideOf("reports", profile);
    const own = profile === undefined ? undefined : await standing(profile);
    return say(await buildSite({ reports, beside, dest, sql, standing: own }));
  }
  const { failed, ...built } = await buildProfile("reports", dest, profile, { all, sql, standing });
  for (const sentence of failed) console.error(sentence);
  say(built);
}

if (import.meta.main) process.exitCode = await runProgram({ help: HELP, main }, Deno.args);
