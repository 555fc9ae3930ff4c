/**
 * @file `deno task gc`: deletes what neither a profile's last run nor a published table refers to.
 *
 * What labels of any profile lead to is kept, and the jobs that published tables name, also those of an earlier version, with
 * everything they were made from; earlier results, objects without a job, unfinished files, checkpoints of jobs that nobody asks for
 * any more, and what a killed `verify --rerun`, `replicate` or `crash` left, go. Without `--yes` it only says so: results may have taken days.
 */
import { existsSync, lstatSync, readdirSync, rmSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { Catalog } from "../store/catalog.ts";
import { publishedKeys } from "../publish/published.ts";
import { awaitsTasks } from "../run/executors/slurm/mailbox.ts";
import { holderOf, lockStore } from "../store/lock.ts";
import { Objects } from "../store/objects.ts";
import { hasCatalog } from "../store/catalog_files.ts";
import type { CommandOptions } from "./options.ts";

export async function command(options: CommandOptions): Promise<number> {
  const dir = resolve(options.root, options.store);
  if (!hasCatalog(dir)) {
    console.log(`${dir} holds no results; there is nothing to delete.`);
    return 0;
  }
  const lock = await lockStore(dir, "gc");
  try {
    if (awaitsTasks(dir)) {
      console.error(
        `Nothing is deleted: tasks of SLURM work in ${dir}. The command that began them, without --detach, waits for them; ` +
          `where they are known to be gone (squeue --me), delete ${join(dir, "slurm")}.`,
      );
      return 1;
    }
    const catalog = await Catalog.open(dir);
    try {
      const published = await publishedKeys(join(resolve(options.root), "reports"));
      await collect(dir, catalog, published, options.yes);
    } finally {
      await catalog.close();
    }
  } finally {
    lock.release();
  }
  return 0;
}

async function collect(
  dir: string,
  catalog: Catalog,
  published: ReadonlySet<string>,
  really: boolean,
): Promise<void> {
  const objects = new Objects(dir);
  const { keep, asked } = await reachable(catalog, published);
  const jobs = (await catalog.query("SELECT key FROM job")).map((row) => row.key as string);
  const deadJobs = jobs.filter((key) => !keep.has(key));
  // With the curves that they left.
  const deadFailures = (await catalog.query("SELECT key FROM failure"))
    .map((row) => row.key as string).filter((key) => !keep.has(key));
  const used = new Set(
    (await catalog.query("SELECT job_key, sha256 FROM file"))
      .filter((row) => keep.has(row.job_key as string)).map((row) => row.sha256 as string),
  );
  const deadObjects = [...objects.list()].filter((hash) => !used.has(hash));
  const leftovers = [
    ...listing(objects.temporaryDir),
    ...listing(join(dir, "checkpoints")).filter((path) => !asked.has(basename(path))),
    ...await abandoned(dir),
  ];
  const bytes = [...deadObjects.map((hash) => objects.path(hash)), ...leftovers]
    .reduce((sum, path) => sum + bytesOf(path), 0);
  const what = `${deadJobs.length} of ${jobs.length} jobs, ${deadObjects.length} objects and ` +
    `${leftovers.length} unfinished files (${(bytes / 2 ** 20).toFixed(1)} MiB)`;
  if (!really) {
    console.log(`Would delete ${what}; "deno task gc --yes" does it.`);
    return;
  }
  // Rows first: a kill in between leaves objects without rows, never rows without objects.
  await catalog.forget([...new Set([...deadJobs, ...deadFailures])]);
  for (const hash of deadObjects) objects.remove(hash);
  for (const path of leftovers) rmSync(path, { recursive: true, force: true });
  console.log(`Deleted ${what}.`);
}

/** Keys that some label leads to, and those, and what is published, with everything they were made from. */
async function reachable(catalog: Catalog, published: ReadonlySet<string>) {
  const inputs = new Map<string, string[]>();
  for (
    const row of await catalog.query(
      "SELECT job_key, job_key_of_input FROM input WHERE job_key_of_input IS NOT NULL",
    )
  ) {
    const key = row.job_key as string;
    const list = inputs.get(key);
    if (list) list.push(row.job_key_of_input as string);
    else inputs.set(key, [row.job_key_of_input as string]);
  }
  const roots = (await catalog.query("SELECT key, done_key FROM node"))
    .flatMap((row) => [row.key, row.done_key]).filter((key) => key !== null) as string[];
  const keep = new Set<string>();
  const stack = [...roots, ...published];
  for (let key; (key = stack.pop()) !== undefined;) {
    if (keep.has(key)) continue;
    keep.add(key);
    for (const input of inputs.get(key) ?? []) stack.push(input);
  }
  return { keep, asked: new Set(roots) };
}

function listing(dir: string): string[] {
  return existsSync(dir) ? readdirSync(dir).map((name) => join(dir, name)) : [];
}

/** Stores inside the store, and unfinished files beside it, whose commands are gone. */
async function abandoned(dir: string): Promise<string[]> {
  const unfinished = [dir, join(dir, "cache")].flatMap(listing)
    .filter((path) => /\.\d+-\d+\.tmp$/.test(path));
  const stores = listing(dir).filter((path) => basename(path) === "slurm");
  for (const path of listing(dir)) {
    const own = /^(verify|crash|replicate)-\w{6}$/.test(basename(path)) &&
      lstatSync(path).isDirectory();
    if (own && !await holderOf(path)) stores.push(path);
  }
  return [...unfinished, ...stores];
}

/** Of a file, or all that a folder holds; nothing where it is not there. */
function bytesOf(path: string): number {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (!stat?.isDirectory()) return stat?.size ?? 0;
  return listing(path).reduce((sum, inside) => sum + bytesOf(inside), 0);
}
