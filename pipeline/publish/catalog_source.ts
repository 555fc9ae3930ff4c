/** @file What a store has to publish: tables, the jobs behind them and their curves, read from its catalogue. */
import type { Catalog } from "../store/catalog.ts";
import { Scheduler } from "../run/scheduler.ts";
import { parseSummary, type Summary } from "../results.ts";
import type { Workspace, WorkspaceOptions } from "../workspace.ts";
import { type Noted, resolveObserved } from "./observed.ts";
import type { ExperimentRecord, JobRecord, PublishSource } from "./source.ts";
import { commandOfJob, commandOfTable, type RunOfJob, runsOfJobs } from "./run_of_job.ts";
import { seedOf } from "./seed_of_job.ts";

/**
 * Of a training curve so many evenly spaced points are published, with its first and last, its least and its greatest: a thousand
 * runs of a thousand steps do not belong in a repository. The catalogue keeps all.
 */
const PUBLISHED_POINTS = 16;
/** The file that an aggregate job leaves. */
const SUMMARY = "summary.json";

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
