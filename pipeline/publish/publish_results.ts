/**
 * @file After a run: hands the results of the profile to `publish` and the site's builder.
 *
 * Runs in the coordinator, because it reads the catalogue. When every job is the one that was
 * published last, and the files are those that were written, the catalogue is not even opened.
 */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { canonical, sha256 } from "../content/canonical.ts";
import type { Catalog } from "../store/catalog.ts";
import { hashFile } from "../store/objects.ts";
import { writeFileAtomic } from "../store/files.ts";
import type { JobNode } from "../graph.ts";
import type { ExperimentRecord, JobRecord, PublishSource } from "./publish.ts";
import { readPublished } from "./published.ts";
import { commitDates } from "./about.ts";
import { publisherCode } from "./code.ts";
import { commandOfJob, commandOfTable, type RunOfJob, runsOfJobs } from "./run_of_job.ts";
import { REPORTED, reportsState, writeReports } from "./reports.ts";
import { jobsOf } from "./source.ts";
import { consideredTogether } from "./verdicts.ts";
import { seedOf } from "./seed_of_job.ts";
import { isOfPlan } from "./version.ts";
import { parseSummary, type Summary } from "../results.ts";
import { type Noted, resolveObserved } from "./observed.ts";
import { later } from "../later.ts";
import { Scheduler } from "../run/scheduler.ts";
import type { Planned, Workspace, WorkspaceOptions } from "../workspace.ts";

/**
 * Of a training curve so many evenly spaced points are published, with its first and last, its least and its greatest: a thousand
 * runs of a thousand steps do not belong in a repository. The catalogue keeps all.
 */
const PUBLISHED_POINTS = 16;
/** The file that an aggregate job leaves. */
const SUMMARY = "summary.json";

/** What was asked for, and who knows more of it, opened where that is needed. */
export interface Publishable extends Planned {
  /** sha256 of the keys of the jobs. */
  keys: string;
  workspace(): Promise<Workspace>;
}

/** @returns true when there is a site of them */
export async function publishResults(
  asked: Publishable,
  nodes: JobNode[],
  options: WorkspaceOptions,
): Promise<boolean> {
  const { root, graph, plan, keys, storeDir } = asked;
  const reports = join(root, "reports");
  // Numbers that came from changed parameters must not pass for those of the profile.
  const profile = asked.labelSpace;
  const stampPath = join(storeDir, "cache", `published-${profile}.json`);
  const isPart = nodes.length < graph.jobs.length;
  const stamp = canonical({
    jobs: keys,
    others: isPart ? await othersOf(await asked.workspace()) : undefined,
    metas: plan.experiments.map(({ meta }) => meta),
    code: publisherCode(),
    written: filesOf(join(reports, profile)),
    reports: profile === REPORTED ? reportsState(root) : undefined,
  });
  if (readOr(stampPath, "") !== sha256(stamp)) {
    const { publish } = await import("./publish.ts");
    const workspace = await asked.workspace();
    const made = await publishSource(workspace, options, profile);
    const { source: all, lost } = options.set.length
      ? { source: made, lost: false }
      : await withEarlier(made, workspace, reports);
    if (!all.experiments.length) return false;
    const source = {
      ...all,
      experiments: consideredTogether(all.experiments),
      commitDates: {
        ...all.commitDates, // of commits that are not in this repository
        ...commitDates(
          root,
          all.experiments.flatMap(({ version }) => version.commit ?? []),
        ),
      },
    };
    const { written, folder } = await publish(source, reports, { keepOthers: lost });
    if (written.length) console.log(`Published ${written.length} files in ${folder}.`);
    if (profile === REPORTED) {
      const changed = await writeReports(root, source.experiments);
      if (changed.length) console.log(`Wrote ${changed.join(", ")} in ${reports}.`);
    }
    const after = JSON.parse(stamp);
    after.written = filesOf(folder);
    if (profile === REPORTED) after.reports = reportsState(root);
    writeFileAtomic(stampPath, sha256(canonical(after)));
  }
  const { buildProfile } = await import("../../site/build.ts");
  const home = join(root, "site", "_site");
  const { index, failed } = await buildProfile(reports, home, profile, {
    own: true,
    standing: async (name) => name === profile ? await standingOfRun(asked, isPart) : undefined,
  });
  for (const sentence of failed) console.error(sentence);
  console.log(`Site: ${relative(Deno.cwd(), index) || index} (${pathToFileURL(index).href})`);
  return true;
}

/** Where all jobs stand after a run: those that it was asked for are done. */
async function standingOfRun({ keys, graph, workspace }: Publishable, isPart: boolean) {
  const standing = () =>
    later<typeof import("../run/standing.ts")>("../run/standing.ts", import.meta.url);
  return isPart
    ? await (await standing()).standingOf(await workspace())
    : { key: `done ${keys}`, jobs: async () => (await standing()).doneGraph(graph.jobs) };
}

/** What the tables that a run left out are compared with, as a hash. */
async function othersOf({ graph, resolver, fingerprints }: Workspace): Promise<string> {
  await new Scheduler(graph.jobs, resolver).plan();
  const jobs: unknown[] = [];
  for (const node of graph.jobs) {
    const { stage, modules, params, label } = node;
    // Without its inputs a job has no key.
    const key = resolver.keys.get(node);
    jobs.push(key ?? [label, params, (await fingerprints.of(stage.path, modules)).code]);
  }
  return sha256(canonical(jobs));
}

/**
 * With the tables that were published before and that this store cannot make: a fresh checkout that runs one experiment must
 * not lose the others.
 *
 * @returns with `lost` where nobody can say any more which these are
 */
async function withEarlier(
  source: PublishSource,
  { plan, graph, fingerprints, options }: Workspace,
  reports: string,
): Promise<{ source: PublishSource; lost: boolean }> {
  const made = new Set(source.experiments.map(({ meta }) => meta.id));
  const others = [...graph.results.keys(), ...graph.unavailable.keys()].some((id) => !made.has(id));
  let lost = false;
  const earlier = await readPublished(join(reports, source.profile)).catch((error) => {
    if (!others) return; // Nothing that is not made again now.
    lost = true;
    console.error(
      `${error.message}\n  Tables that this store cannot make are left out of it; their files stay.`,
    );
  });
  const kept = (earlier?.experiments ?? []).filter(({ meta }) =>
    !made.has(meta.id) && (graph.results.has(meta.id) || graph.unavailable.has(meta.id))
  );
  if (!earlier || !kept.length) return { source, lost };
  const byKey = new Map(earlier.jobs.map((job) => [job.key, job]));
  const own = new Set(source.jobs.map(({ key }) => key));
  const jobs = new Map<string, JobRecord>();
  for (const experiment of kept) {
    const behind = jobsOf(experiment, byKey);
    const node = graph.results.get(experiment.meta.id);
    // What lacks its data cannot be compared.
    const older = !node || !await isOfPlan(behind, node, fingerprints, options);
    experiment.version = { ...experiment.version, older };
    for (const job of behind) if (!own.has(job.key)) jobs.set(job.key, job);
  }
  const place = new Map(plan.experiments.map(({ meta }, i) => [meta.id, i]));
  const known = new Set(source.machines.map(({ id }) => id));
  const used = new Set([...jobs.values()].map(({ machine }) => machine));
  const whole: PublishSource = {
    ...source,
    commitDates: earlier.commitDates,
    experiments: [...source.experiments, ...kept]
      .sort((a, b) => place.get(a.meta.id)! - place.get(b.meta.id)!),
    jobs: [...source.jobs, ...jobs.values()].sort((a, b) =>
      a.label < b.label ? -1 : a.label > b.label ? 1 : 0
    ),
    machines: [
      ...source.machines,
      ...earlier.machines.filter(({ id }) => used.has(id) && !known.has(id)),
    ],
    async curves() {
      const [now, before] = [await source.curves(), await earlier.curves()];
      return [...now, ...before.filter(({ job }) => jobs.has(job))];
    },
  };
  return { source: whole, lost };
}

/**
 * Collects what publish needs. Experiments that this run left out (`--only`) keep the results that
 * they had last; those that never finished are absent.
 */
export async function publishSource(
  workspace: Workspace,
  options: WorkspaceOptions,
  profile: string,
): Promise<PublishSource> {
  const catalog = await workspace.catalog();
  const labels = await workspace.labels();
  // Also what this run left out: whether it is what the project of today would make.
  await new Scheduler(workspace.graph.jobs, workspace.resolver).plan();
  const found: (Omit<ExperimentRecord, "summary"> & { summary: Summary })[] = [];
  const roots: string[] = [];
  const made = await runsOfJobs(catalog);
  for (const { meta } of workspace.plan.experiments) {
    const node = workspace.graph.results.get(meta.id);
    if (!node) continue; // not part of this profile
    const current = workspace.resolver.contentOf(node) !== undefined;
    const key = current ? workspace.resolver.keys.get(node) : labels.get(node.label)?.doneKey;
    if (!key) continue;
    const { files } = await catalog.artifact(key);
    const file = files.find((f) => f.name === SUMMARY);
    if (!file) continue;
    const text = new TextDecoder().decode(
      workspace.objects.read(file.sha256, `Summary of experiment ${meta.id}`),
    );
    const inputs = await catalog.query(
      "SELECT name, job_key_of_input AS job FROM input " +
        "WHERE job_key = $key AND job_key_of_input IS NOT NULL",
      { key },
    );
    found.push({
      meta: { ...meta, command: commandOfTable(made.get(key), meta.id, options) },
      summary: parseSummary(JSON.parse(text), `${SUMMARY} of experiment ${meta.id}`),
      runs: Object.fromEntries(inputs.map(({ name, job }) => [name, job as string])),
      version: { key, commit: made.get(key)?.commit ?? null, older: !current },
    });
    for (const { job } of inputs) roots.push(job as string);
  }
  // A job that an experiment of then has made may be one of another's by now.
  const today = new Map(
    workspace.graph.jobs.map((node) => [workspace.resolver.keys.get(node), node.label]),
  );
  const jobs = await jobRecords(catalog, roots, options, { made, today });
  const byKey = new Map(jobs.map((job) => [job.key, job]));
  const noted = await notedOf(catalog);
  const experiments: ExperimentRecord[] = found.map(({ meta, summary, runs, version }) => ({
    meta,
    runs,
    version,
    summary: resolveObserved(summary, runs, byKey, noted),
  }));
  const machines = await catalog.query("SELECT id, description FROM machine ORDER BY id");
  const used = new Set(jobs.map((job) => job.machine));
  return {
    profile,
    experiments,
    jobs,
    machines: machines.filter(({ id }) =>
      used.has(id as string)
    ) as unknown as PublishSource["machines"],
    curves: () => curvesOf(catalog, jobs.map((job) => job.key)),
  };
}

/**
 * The jobs with these keys and everything they were made from.
 * @param today labels that keys have now; others have the one that they were made under.
 */
async function jobRecords(
  catalog: Catalog,
  roots: string[],
  options: WorkspaceOptions,
  { made, today }: {
    made: ReadonlyMap<string, RunOfJob>;
    today: ReadonlyMap<string | undefined, string>;
  },
): Promise<JobRecord[]> {
  const rows = new Map((await catalog.query("SELECT * FROM job")).map((r) => [r.key as string, r]));
  const inputs = new Map<string, JobRecord["inputs"]>();
  for (
    const { job_key, name, job_key_of_input, content } of await catalog.query(
      "SELECT * FROM input ORDER BY job_key, name",
    )
  ) {
    const list = inputs.get(job_key as string) ?? [];
    list.push({
      name: name as string,
      job: job_key_of_input as string | null,
      content: content as string,
    });
    inputs.set(job_key as string, list);
  }
  const records = new Map<string, JobRecord>();
  const stack = [...roots];
  for (let key; (key = stack.pop()) !== undefined;) {
    const row = rows.get(key);
    if (!row || records.has(key)) continue;
    const params = JSON.parse(row.params as string);
    const label = today.get(key) ?? row.label as string;
    const mine = inputs.get(key) ?? [];
    records.set(key, {
      key,
      stage: row.stage as string,
      label,
      params,
      code: row.code as string,
      engine: (row.engine as string | null) ?? "",
      engineVersion: (row.engine_version as string | null) ?? "",
      machine: row.machine as string | null,
      seed: seedOf(params),
      seconds: row.seconds as number | null,
      commit: made.get(key)?.commit ?? null,
      command: commandOfJob(made.get(key), label, options),
      inputs: mine,
    });
    for (const { job } of mine) if (job !== null) stack.push(job);
  }
  return [...records.values()].sort((a, b) => a.label < b.label ? -1 : a.label > b.label ? 1 : 0);
}

/** Observations and scalars of every job. */
async function notedOf(catalog: Catalog): Promise<Map<string, Noted>> {
  const noted = new Map<string, Noted>();
  for (const kind of ["observation", "scalar"] as const) {
    for (const row of await catalog.query(`SELECT job_key, name, value FROM ${kind}`)) {
      const key = row.job_key as string;
      const entry = noted.get(key) ?? { observations: {}, scalars: {} };
      noted.set(key, entry);
      entry[`${kind}s`][row.name as string] = row.value as number;
    }
  }
  return noted;
}

async function curvesOf(catalog: Catalog, keys: string[]) {
  const wanted = new Set(keys);
  const rows = await catalog.query(
    `SELECT job_key, name, step, value FROM (
       SELECT *, count(*) OVER curve AS points, row_number() OVER (curve ORDER BY step) AS place,
         row_number() OVER (curve ORDER BY isnan(value), value, step) AS least,
         row_number() OVER (curve ORDER BY isnan(value), value DESC, step) AS most
       FROM metric WINDOW curve AS (PARTITION BY job_key, name)
     ) WHERE place % greatest(1, points // ${PUBLISHED_POINTS}) = 0 OR place = points OR place = 1
       OR least = 1 OR most = 1
     ORDER BY job_key, name, step`,
  );
  return rows.filter((row) => wanted.has(row.job_key as string)).map((row) => ({
    job: row.job_key as string,
    name: row.name as string,
    step: row.step as number,
    value: row.value as number,
  }));
}

/** The files of a folder by their hashes: one that is lost or edited is a reason to publish again. */
function filesOf(folder: string): Record<string, string | undefined> {
  const isFolder = existsSync(folder) && statSync(folder).isDirectory();
  const entries = isFolder ? readdirSync(folder, { withFileTypes: true }) : [];
  return Object.fromEntries(
    entries.filter((entry) => entry.isFile())
      .map(({ name }) => [name, hashFile(join(folder, name))]),
  );
}

function readOr(path: string, fallback: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return fallback;
  }
}
