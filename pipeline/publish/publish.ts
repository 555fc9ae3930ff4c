/**
 * @file Writes what the pipeline found into `reports/<profile>/`: a Markdown table and a Parquet file
 * an experiment, and `results.duckdb` with everything, which the site is built from.
 *
 * Every file is written beside its place and renamed into it, so a reader never sees half a file. A
 * stamp records the content all of it was made from: when nothing changed nothing is written, and a
 * run that was killed half-way is repaired by the next.
 */
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { encodeSummary } from "../results.ts";
import { markdown } from "./markdown.ts";
import { jobsOf, type PublishSource } from "./source.ts";

export type {
  CurvePoint,
  ExperimentRecord,
  JobInput,
  JobRecord,
  MachineRecord,
  PublishSource,
  Version,
} from "./source.ts";

export interface Published {
  folder: string;
  /** True when the folder already held exactly this. */
  upToDate: boolean;
  written: string[];
  removed: string[];
}

interface Stamp {
  /** Hash of what the files were made from and of the code that made them. */
  source: string;
  /** File name to sha256. */
  files: Record<string, string>;
}

const STAMP = "published.json";

/**
 * Publishes the results of one profile.
 *
 * @param reports folder that holds a folder for each profile
 * @throws {Error} when a cell cites a run, or a job an input, that the source does not hold; when an
 *   id repeats or cannot be a file name; nothing is written then
 */
export async function publish(source: PublishSource, reports: string): Promise<Published> {
  const folder = join(reports, source.profile);
  checkIds(source);
  const fingerprint = await sourceHash(source);
  const old = await readStamp(folder);
  if (old?.source === fingerprint && await intact(folder, old.files)) {
    return { folder, upToDate: true, written: [], removed: [] };
  }
  await mkdir(folder, { recursive: true });
  for (const name of await readdir(folder)) { // what a killed publish was building
    if (name.startsWith(".publish-")) await rm(join(folder, name), { recursive: true });
  }
  const building = await mkdtemp(join(folder, ".publish-"));
  try {
    const written = await build(source, building);
    const files: Record<string, string> = {};
    for (const name of written) files[name] = sha256(await readFile(join(building, name)));
    for (const name of written) await rename(join(building, name), join(folder, name));
    const removed = await removeStale(folder, new Set(written), old);
    const stamp: Stamp = { source: fingerprint, files };
    await writeFile(join(building, STAMP), JSON.stringify(stamp, null, 1) + "\n");
    await rename(join(building, STAMP), join(folder, STAMP));
    return { folder, upToDate: false, written, removed };
  } finally {
    await rm(building, { recursive: true, force: true });
  }
}

async function build(source: PublishSource, folder: string): Promise<string[]> {
  const jobs = new Map(source.jobs.map((job) => [job.key, job]));
  const names: string[] = [];
  for (const experiment of source.experiments) {
    const behind = jobsOf(experiment, jobs);
    const name = `${experiment.meta.id}.md`;
    const text = markdown(experiment, source.profile, behind, source.machines);
    await writeFile(join(folder, name), text);
    names.push(name);
  }
  // Loading DuckDB takes a fifth of a second; a run in which nothing changed does without.
  const { writeTables } = await import("./duckdb.ts");
  return [...names, ...await writeTables(source, folder)];
}

function checkIds({ profile, experiments }: PublishSource) {
  const ids = [profile, ...experiments.map((e) => e.meta.id)];
  for (const [i, id] of ids.entries()) {
    if (!/^[a-z][a-z0-9-]*$/.test(id)) {
      throw new Error(
        `publish: ${i ? "experiment id" : "profile"} "${id}" cannot name a file; ` +
          "use lower-case letters, digits and hyphens, starting with a letter.",
      );
    }
    if (id === "results" && i) throw new Error('publish: the id "results" is taken; rename it.');
    if (i && ids.indexOf(id, 1) !== i) {
      throw new Error(`publish: two experiments have the id "${id}"; rename one.`);
    }
  }
}

/** Curves are left out: a job's curve changes only when the job ran again, which its record shows. */
async function sourceHash({ profile, experiments, jobs, machines }: PublishSource) {
  const hash = createHash("sha256");
  for (
    const part of [
      ...[
        "./publish.ts",
        "./publish_results.ts",
        "./source.ts",
        "./observed.ts",
        "./published.ts",
        "./version.ts",
      ],
      ...["./format.ts", "./markdown.ts", "./tables.ts", "./duckdb.ts", "../results.ts"],
    ]
  ) {
    hash.update(await readFile(fileURLToPath(new URL(part, import.meta.url))));
  }
  for (const { meta, summary, runs, version } of experiments) {
    hash.update(JSON.stringify([meta, Object.entries(runs).sort(), version])).update(
      encodeSummary(summary),
    );
  }
  return hash.update(JSON.stringify([profile, jobs, machines])).digest("hex");
}

async function readStamp(folder: string): Promise<Stamp | undefined> {
  try {
    const stamp = JSON.parse(await readFile(join(folder, STAMP), "utf8"));
    const readable = typeof stamp?.source === "string" && typeof stamp.files === "object";
    return readable && stamp.files ? stamp : undefined;
  } catch {
    return undefined; // absent or damaged: publish again
  }
}

async function intact(folder: string, files: Record<string, string>): Promise<boolean> {
  for (const [name, expected] of Object.entries(files)) {
    const bytes = await readFile(join(folder, name)).catch(() => undefined);
    if (!bytes || sha256(bytes) !== expected) return false;
  }
  return true;
}

/** Removes only what an earlier publish left; a reader may keep notes in the folder. */
async function removeStale(folder: string, keep: Set<string>, old: Stamp | undefined) {
  const removed: string[] = [];
  const names = await readdir(folder);
  for (const name of names) {
    const id = name.replace(/\.(md|parquet)$/, "");
    // Without a stamp, a table beside its Parquet file can only be ours.
    const ours = old
      ? name in old.files
      : names.includes(`${id}.md`) && names.includes(`${id}.parquet`);
    if (keep.has(name) || name === STAMP || id === name || !ours) continue;
    await rm(join(folder, name));
    removed.push(name);
  }
  return removed;
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
