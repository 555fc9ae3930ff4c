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
import { hashFile } from "../store/objects.ts";
import { writeFileAtomic } from "../store/files.ts";
import type { JobNode } from "../graph.ts";
import type { JobRecord, PublishSource } from "./publish.ts";
import { readPublished } from "./published.ts";
import { commitDates } from "./about.ts";
import { publisherCode } from "./code.ts";
import { publishSource } from "./catalog_source.ts";
import { REPORTED, reportsState, writeReports } from "./reports.ts";
import { jobsOf } from "./source.ts";
import { consideredTogether } from "./verdicts.ts";
import { isOfPlan } from "./version.ts";
import { later } from "../later.ts";
import { Scheduler } from "../run/scheduler.ts";
import type { Planned, Workspace, WorkspaceOptions } from "../workspace.ts";

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
