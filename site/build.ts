/**
 * @file Builds the site from published results, on npm packages alone (`deno task site`).
 *
 * The new site is built beside the old one and swapped in, so a visitor or a server never sees half
 * of it. When neither the results nor the sources changed, nothing is loaded and nothing is written.
 */
import { createHash } from "node:crypto";
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
import { nearestFirst } from "../lib/nearest.ts";
import { PROFILES } from "../pipeline/profiles.ts";
import { helpHint, readFlags, runProgram } from "../pipeline/program.ts";
import { refuseRepeated, UsageError } from "../pipeline/usage_error.ts";
import { callerPath } from "../pipeline/user_files.ts";
import { inParts } from "./pages.ts";

export interface BuildOptions {
  /** Folder of one profile, as publish wrote it: `reports/quick`. */
  reports: string;
  /** Likewise, of another profile: its cells are compared with these. */
  beside?: string;
  /** Folder of the built site; replaced as a whole. */
  dest: string;
  /** With the SQL page: DuckDB for the browser, about 35 MB. */
  sql?: boolean;
  /** The folder is there for the site alone: whatever lies in it is replaced. */
  own?: boolean;
}

export interface Built {
  /** Absolute path of the front page. */
  index: string;
  upToDate: boolean;
  files: number;
}

interface Stamp {
  source: string;
  /** Path below the site to sha256. */
  files: Record<string, string>;
}

/** Files that are written at a time. */
const TOGETHER = 32;
const STAMP = ".built.json";
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
  const own = options.own || dest === OWN;
  const source = await fingerprint([reports, ...(beside ? [beside] : [])], sql);
  const known = await upToDate(dest, source);
  if (known) return known;
  if (!own) await refuseForeign(dest);
  await mkdir(dirname(dest), { recursive: true });
  // Of several builds one works while the others wait; the system frees the lock of one that dies.
  using lock = await Deno.open(join(dirname(dest), `.${basename(dest)}-lock`), {
    create: true,
    write: true,
  });
  await lock.lock(true);
  return await upToDate(dest, source) ?? await build(dest, source, options);
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

async function build(
  dest: string,
  source: string,
  { reports, beside, sql }: BuildOptions,
): Promise<Built> {
  // Loaded late: DuckDB, Plot and Vento take longer to load than an up-to-date check.
  const [{ readResults }, { readTables }, { renderSite }, { readLab }] = await Promise.all([
    import("./results.ts"),
    import("./compare.ts"),
    import("./render.ts"),
    import("./lab/lab.ts"),
  ]);
  const results = await readResults(reports);
  // No literal: that would make every install download the package behind it.
  const sqlModule = "./sql/files.ts";
  const files = sql ? await (await import(sqlModule)).sqlFiles() : undefined;
  const other = beside ? await readTables(beside) : undefined;
  const lab = await readLab(reports);
  const output = await renderSite(SOURCES, { results, other, sql: files, lab });
  const prefix = `.${basename(dest)}-`;
  for (const name of await readdir(dirname(dest))) { // left by a build that was killed
    if (!name.startsWith(prefix) || name === `${prefix}lock`) continue;
    await rm(join(dirname(dest), name), { recursive: true });
  }
  const building = await mkdtemp(join(dirname(dest), prefix));
  try {
    const stamp: Stamp = { source, files: {} };
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
    if (await exists(dest)) await rename(dest, retired);
    await rename(building, dest);
    await rm(retired, { recursive: true, force: true });
  } finally {
    await rm(building, { recursive: true, force: true });
  }
  return { index: join(dest, "index.html"), upToDate: false, files: output.size };
}

/** Hash of the published results, of the sources of the site and of the versions they run with. */
async function fingerprint(folders: string[], sql: boolean): Promise<string> {
  const hash = createHash("sha256").update(`sql ${sql}\0`);
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
    hash.update(`${path.replace(ROOT, "")}\0`).update(await readFile(path));
  }
  return hash.digest("hex");
}

async function readStamp(dest: string): Promise<Stamp | undefined> {
  try {
    const text = await readFile(join(dest, STAMP), "utf8");
    const { source, files } = JSON.parse(text);
    return text === stampText({ source, files }) ? { source, files } : undefined;
  } catch {
    return undefined; // absent or damaged: build again
  }
}

/** With a checksum of itself. */
function stampText(stamp: Stamp): string {
  return JSON.stringify({ ...stamp, sum: sha256(JSON.stringify(stamp)) }, null, 1) + "\n";
}

function sha256(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

/** The destination is replaced as a whole, so it must not be somebody's folder. */
async function refuseForeign(dest: string) {
  const names = await readdir(dest).catch(() => [] as string[]);
  if (!names.length || names.includes(STAMP)) return;
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

/** Profiles of which the first that was published is shown, where none is named; the next is compared with it. */
const USUAL = ["standard", "quick", "smoke"];

/**
 * The folder whose tables stand beside those of a profile: the published ones of standard, and beside these the reader's own.
 *
 * @param reports the folder that holds one for each profile
 */
export async function besideOf(reports: string, profile: string): Promise<string | undefined> {
  for (const other of USUAL) {
    const folder = join(reports, other);
    if (other !== profile && await exists(join(folder, "results.duckdb"))) return folder;
  }
}

/** `--profile`, or the first of the usual ones that has been published. */
async function chooseProfile(profile: string | undefined): Promise<string> {
  const isPublished = (name: string) => exists(join("reports", name, "results.duckdb"));
  if (profile !== undefined) {
    if (await isPublished(profile)) return profile;
    const there = await readdir("reports").catch(() => [] as string[]);
    const published: string[] = [];
    for (const name of there) if (await isPublished(name)) published.push(name);
    const known = PROFILES.some((name) => name === profile);
    throw new UsageError(
      `--profile ${profile}: nothing is published in reports/${profile}; published are ${
        nearestFirst(profile, published).join(", ") || "none"
      }.${known ? ` Make it: deno task pipeline --profile ${profile}.` : ""}`,
    );
  }
  for (const candidate of USUAL) if (await isPublished(candidate)) return candidate;
  throw new UsageError("Nothing is published yet. Make it: deno task pipeline.");
}

const HELP = `deno task site [options]: build the site of what was published

  --profile NAME   of reports/NAME: ${PROFILES.join(", ")}, or one with -set (the first of ${
  USUAL.join(", ")
} that there is)
  --reports DIR    a folder that was published, instead
  --dest DIR       where the site goes (site/_site); replaced as a whole
  --sql            with a page for SQL questions, which is DuckDB for the browser, about 35 MB
  --help, --version

Then: deno task serve`;

async function main(args: string[]): Promise<void> {
  const { values, positionals, tokens } = readFlags("deno task site", args, {
    profile: { type: "string" },
    reports: { type: "string" },
    dest: { type: "string" },
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
  if (values.profile !== undefined && values.reports !== undefined) {
    throw new UsageError("--profile has no effect beside --reports. Leave one of them out.");
  }
  const profile = values.reports === undefined ? await chooseProfile(values.profile) : undefined;
  const reports = profile === undefined ? callerPath(values.reports!) : join("reports", profile);
  const beside = profile === undefined ? undefined : await besideOf("reports", profile);
  const dest = values.dest === undefined ? "site/_site" : callerPath(values.dest);
  const { index, upToDate } = await buildSite({ reports, beside, dest, sql: values.sql });
  console.log(
    `${reports} ${upToDate ? "is already built" : "built"}: ${pathToFileURL(index).href}`,
  );
}

if (import.meta.main) process.exitCode = await runProgram({ help: HELP, main }, Deno.args);
