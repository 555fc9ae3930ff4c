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
import { encodeSummary } from "../results.ts";
import { giveWay } from "../store/give_way.ts";
import { publisherCode } from "./code.ts";
import { markdown } from "./markdown.ts";
import { SCORES } from "./score_tables.ts";
import { jobsOf, type PublishSource } from "./source.ts";
import { asWritten, readStamp, sha256, STAMP, type Stamp } from "./stamp.ts";

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

/**
 * Publishes the results of one profile.
 *
 * @param reports folder that holds a folder for each profile
 * @param options `keepOthers`: files of other tables stay, because nobody knows whether they are still wanted
 * @throws {Error} when a cell cites a run, or a job an input, that the source does not hold; when an
 *   id repeats or cannot be a file name; nothing is written then
 */
export async function publish(
  source: PublishSource,
  reports: string,
  { keepOthers = false }: { keepOthers?: boolean } = {},
): Promise<Published> {
  const folder = join(reports, source.profile);
  checkIds(source);
  const fingerprint = sourceHash(source);
  const old = readStamp(folder);
  const names = filesOf(source);
  // A database of the same rows has other bytes each time: files that are as they were written stay.
  const kept = old?.source === fingerprint ? asWritten(folder, old, names) : [];
  if (kept.length === names.length) {
    return { folder, upToDate: true, written: [], removed: [] };
  }
  giveWay(folder, "folder");
  await mkdir(folder, { recursive: true });
  for (const name of await readdir(folder)) { // what a killed publish was building
    if (name.startsWith(".publish-")) await rm(join(folder, name), { recursive: true });
  }
  const building = await mkdtemp(join(folder, ".publish-"));
  try {
    await build(source, building);
    const written = names.filter((name) => !kept.includes(name));
    const files: Record<string, string> = {};
    for (const name of names) {
      files[name] = sha256(await readFile(join(kept.includes(name) ? folder : building, name)));
    }
    for (const name of [...written, STAMP]) {
      giveWay(join(folder, name), "file");
    }
    for (const name of written) await rename(join(building, name), join(folder, name));
    const removed = keepOthers ? [] : await removeStale(folder, new Set(names), old);
    const stamp: Stamp = { source: fingerprint, files };
    await writeFile(join(building, STAMP), JSON.stringify(stamp, null, 1) + "\n");
    await rename(join(building, STAMP), join(folder, STAMP));
    return { folder, upToDate: false, written, removed };
  } finally {
    await rm(building, { recursive: true, force: true });
  }
}

/** The names of what is written. */
function filesOf({ experiments }: PublishSource): string[] {
  const tables = experiments.flatMap(({ meta: { id } }) => [`${id}.md`, `${id}.parquet`]);
  const scored = experiments.some(({ summary }) => summary.scores?.length);
  return [...tables, ...(scored ? [SCORES] : []), "results.duckdb"];
}

async function build(source: PublishSource, folder: string): Promise<void> {
  const jobs = new Map(source.jobs.map((job) => [job.key, job]));
  for (const experiment of source.experiments) {
    const behind = jobsOf(experiment, jobs);
    const text = markdown(experiment, source.profile, behind, source.machines);
    await writeFile(join(folder, `${experiment.meta.id}.md`), text);
  }
  // Loading DuckDB takes a fifth of a second; a run in which nothing changed does without.
  const { writeTables } = await import("./duckdb.ts");
  await writeTables(source, folder);
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
    if ((id === "results" || id === "scores") && i) {
      throw new Error(`publish: the id "${id}" is taken; rename it.`);
    }
    if (i && ids.indexOf(id, 1) !== i) {
      throw new Error(`publish: two experiments have the id "${id}"; rename one.`);
    }
  }
}

/** Curves are left out: a job's curve changes only when the job ran again, which its record shows. */
function sourceHash({ profile, experiments, jobs, machines, commitDates }: PublishSource): string {
  const hash = createHash("sha256").update(publisherCode());
  for (const { meta, summary, runs, version } of experiments) {
    hash.update(JSON.stringify([meta, Object.entries(runs).sort(), version])).update(
      encodeSummary(summary),
    );
  }
  return hash.update(JSON.stringify([profile, jobs, machines, commitDates])).digest("hex");
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
