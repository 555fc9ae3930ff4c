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
import { parseArgs } from "node:util";
import { callerPath } from "../pipeline/user_files.ts";

export interface BuildOptions {
  /** Folder of one profile, as publish wrote it: `reports/quick`. */
  reports: string;
  /** Folder of the built site; replaced as a whole. */
  dest: string;
  /** With the SQL page: DuckDB for the browser, about 35 MB. */
  sql?: boolean;
}

export interface Built {
  /** Absolute path of the front page. */
  index: string;
  upToDate: boolean;
  files: number;
}

interface Stamp {
  source: string;
  /** Path below the site to size in bytes. */
  files: Record<string, number>;
}

const STAMP = ".built.json";
const ROOT = fileURLToPath(new URL("..", import.meta.url));
const SOURCES = join(ROOT, "site");

/**
 * @throws {Error} when `reports` holds no results, when `dest` is a folder that is no built site, or
 *   when a page cannot be rendered; the old site stays in place then
 */
export async function buildSite({ reports, dest, sql = false }: BuildOptions): Promise<Built> {
  dest = resolve(dest);
  const index = join(dest, "index.html");
  const source = await fingerprint(reports, sql);
  const old = await readStamp(dest);
  if (old?.source === source && await complete(dest, old.files)) {
    return { index, upToDate: true, files: Object.keys(old.files).length };
  }
  if (!old) await refuseForeign(dest);
  // Loaded late: DuckDB, Plot and Vento take longer to load than an up-to-date check.
  const [{ readResults }, { renderSite }] = await Promise.all([
    import("./results.ts"),
    import("./render.ts"),
  ]);
  const results = await readResults(reports);
  // No literal: that would make every install download the package behind it.
  const sqlModule = "./sql/files.ts";
  const files = sql ? await (await import(sqlModule)).sqlFiles() : undefined;
  const output = await renderSite(SOURCES, { results, sql: files });
  await mkdir(dirname(dest), { recursive: true });
  const prefix = `.${basename(dest)}-`;
  for (const name of await readdir(dirname(dest))) { // left by a build that was killed
    if (name.startsWith(prefix)) await rm(join(dirname(dest), name), { recursive: true });
  }
  const building = await mkdtemp(join(dirname(dest), prefix));
  try {
    const stamp: Stamp = { source, files: {} };
    for (const [path, content] of [...output].sort(([a], [b]) => a < b ? -1 : 1)) {
      await mkdir(dirname(join(building, path)), { recursive: true });
      await writeFile(join(building, path), content);
      stamp.files[path] = Buffer.byteLength(content);
    }
    await writeFile(join(building, STAMP), JSON.stringify(stamp, null, 1) + "\n");
    await chmod(building, 0o755); // mkdtemp keeps a folder to its owner; a web server is another user
    const retired = `${building}-old`;
    if (await exists(dest)) await rename(dest, retired);
    await rename(building, dest);
    await rm(retired, { recursive: true, force: true });
  } finally {
    await rm(building, { recursive: true, force: true });
  }
  return { index, upToDate: false, files: output.size };
}

/** Hash of the published results, of the sources of the site and of the versions they run with. */
async function fingerprint(reports: string, sql: boolean): Promise<string> {
  const hash = createHash("sha256").update(`sql ${sql}\0`);
  const entries = await readdir(SOURCES, { recursive: true, withFileTypes: true });
  const sources = entries.filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !path.slice(SOURCES.length).includes("_site"));
  const beside = await readdir(reports, { withFileTypes: true }).catch(() => []);
  const published = beside.filter((entry) => entry.isFile() && !entry.name.startsWith("."))
    .map(({ name }) => join(reports, name));
  for (const path of [join(ROOT, "deno.json"), ...sources.sort(), ...published.sort()]) {
    hash.update(`${path.replace(ROOT, "")}\0`).update(await readFile(path));
  }
  return hash.digest("hex");
}

async function readStamp(dest: string): Promise<Stamp | undefined> {
  try {
    const stamp = JSON.parse(await readFile(join(dest, STAMP), "utf8"));
    return typeof stamp?.source === "string" && stamp.files ? stamp : undefined;
  } catch {
    return undefined; // absent or damaged: build again
  }
}

async function complete(dest: string, files: Record<string, number>): Promise<boolean> {
  for (const [path, size] of Object.entries(files)) {
    const found = await stat(join(dest, path)).catch(() => undefined);
    if (found?.size !== size) return false;
  }
  return true;
}

/** The destination is replaced as a whole, so it must not be somebody's folder. */
async function refuseForeign(dest: string) {
  const names = await readdir(dest).catch(() => [] as string[]);
  if (names.length && !names.includes(STAMP)) {
    throw new Error(
      `${dest} is not empty and was not built by this task; building would replace it. ` +
        "Choose another folder with --dest, or remove it.",
    );
  }
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(() => true, () => false);
}

/** `--profile`, or the first of these that has been published. */
async function chooseProfile(profile: string | undefined): Promise<string> {
  if (profile) return profile;
  for (const candidate of ["quick", "standard", "smoke"]) {
    if (await exists(join("reports", candidate, "results.duckdb"))) return candidate;
  }
  return "quick";
}

if (import.meta.main) {
  const options = {
    profile: { type: "string" },
    reports: { type: "string" },
    dest: { type: "string" },
    sql: { type: "boolean", default: false },
  } as const;
  try {
    const { values } = parseArgs({ options });
    const reports = values.reports === undefined
      ? join("reports", await chooseProfile(values.profile))
      : callerPath(values.reports);
    const dest = values.dest === undefined ? "site/_site" : callerPath(values.dest);
    const { index, upToDate } = await buildSite({ reports, dest, sql: values.sql });
    console.log(
      `${reports} ${upToDate ? "is already built" : "built"}: ${pathToFileURL(index).href}`,
    );
  } catch (error) {
    console.error(`site: ${(error as Error).message}`);
    process.exitCode = 1;
  }
}
