/**
 * @file What a checkout holds that counts, in a form that may be compared: artifacts, curves, published tables and pages, without the
 * times that things took.
 */
import { existsSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { canonical, sha256 } from "../../content/canonical.ts";
import { Catalog } from "../../store/catalog.ts";
import { hasCatalog } from "../../store/catalog_files.ts";
import { filesIn, SERIES } from "./checkout.ts";

export interface State {
  /** Of every job that is done its label to everything that the catalogue says of it but times. */
  jobs: Record<string, string>;
  /** Published files and pages, by path, as hashes. */
  published: Record<string, string>;
  /** The user's own file. */
  series: string;
}

/** Read without a lock, and without writing. @throws {Error} for a store that cannot be read */
export async function stateOf(root: string): Promise<State> {
  return {
    jobs: await jobsOf(join(root, ".store")),
    published: await publishedOf(root),
    series: existsSync(join(root, SERIES)) ? readFileSync(join(root, SERIES), "utf8") : "",
  };
}

/** Of all jobs that labels lead to now, and that are done. */
export async function jobsOf(store: string): Promise<Record<string, string>> {
  if (!hasCatalog(store)) return {};
  const catalog = await Catalog.read(store);
  try {
    const wanted = "WHERE status = 'done' AND key IN (SELECT key FROM node)";
    const jobs = await catalog.query(`SELECT label, key, content FROM job ${wanted}`);
    const about = async (sql: string) =>
      Map.groupBy(await catalog.query(sql), ({ job_key }) => job_key as string);
    const files = await about("SELECT job_key, name, sha256 FROM file ORDER BY ALL");
    const scalars = await about("SELECT job_key, name, value FROM scalar ORDER BY ALL");
    const inputs = await about("SELECT * FROM input ORDER BY ALL");
    const points = await about("SELECT * FROM metric ORDER BY ALL");
    return Object.fromEntries(jobs.map(({ label, key, content }) => {
      const rows = [files, scalars, inputs, points].map((of) => of.get(key as string) ?? []);
      return [label as string, canonical([key, content, rows])];
    }));
  } finally {
    await catalog.close();
  }
}

/** Stamps hold hashes of the database, which has other bytes each time. */
const STAMPS = /(?:^|\/)(?:published|\.built)\.json$/;

async function publishedOf(root: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const folder of ["reports", "site/_site"]) {
    for (const path of filesIn(join(root, folder))) {
      const name = relative(root, path);
      if (STAMPS.test(name) || name.includes("/.publish-")) continue;
      found[name] = name.endsWith(".duckdb") ? await rowsOf(path) : sha256(timeless(path));
    }
  }
  return found;
}

/** A file without the seconds that a page says a job took. */
function timeless(path: string): string | Uint8Array {
  const bytes = readFileSync(path);
  if (!path.endsWith(".html")) return bytes;
  return new TextDecoder().decode(bytes).replaceAll(/<span class="took">[^<]*<\/span>/g, "");
}

/** All rows of a database but times; "unreadable" for one that is none. */
async function rowsOf(path: string): Promise<string> {
  let instance: DuckDBInstance | undefined;
  try {
    instance = await DuckDBInstance.create(path, { access_mode: "READ_ONLY", threads: "1" });
    const connection = await instance.connect();
    const rows = async (sql: string) => (await connection.runAndReadAll(sql)).getRowObjectsJson();
    const tables = await rows("SELECT table_name FROM duckdb_tables() ORDER BY ALL");
    const all: unknown[] = [];
    for (const { table_name: name } of tables) {
      const without = name === "job" ? " EXCLUDE (seconds)" : "";
      all.push([name, await rows(`SELECT *${without} FROM "${name}" ORDER BY ALL`)]);
    }
    connection.closeSync();
    return sha256(canonical(all));
  } catch {
    return "unreadable";
  } finally {
    instance?.closeSync();
  }
}

/** What is not as expected, in words; empty when all is. */
export function differences(expected: State, found: State): string[] {
  const parts: [keyof State, (name: string) => string][] = [
    ["jobs", (name) => `job ${name}`],
    ["published", (name) => name],
  ];
  const said = parts.flatMap(([part, what]) => {
    const [wanted, there] = [expected[part], found[part]] as Record<string, string>[];
    const names = [...new Set([...Object.keys(wanted), ...Object.keys(there)])].sort();
    return names.filter((name) => wanted[name] !== there[name]).map((name) =>
      `${what(name)} is ${
        name in there ? name in wanted ? "another" : "there, and should not be" : "missing"
      }`
    );
  });
  return expected.series === found.series ? said : [...said, `${SERIES} is another`];
}

/** Labels of the jobs that are done in one state as they are in another. */
export function sameJobs(one: State, other: State): string[] {
  return Object.keys(one.jobs).filter((label) => one.jobs[label] === other.jobs[label]);
}

/** What is neither as it was before nor as it should be afterwards: half of something. */
export function between(before: State, after: State, found: State): string[] {
  return Object.entries(found.published).filter(([name, hash]) =>
    hash !== before.published[name] && hash !== after.published[name]
  ).map(([name]) => `${name} is neither as before nor as after`);
}
