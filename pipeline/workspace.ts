/**
 * @file What every command starts from: the graph of a profile and the store it is looked up in.
 */
import { join, resolve } from "node:path";
import { Catalog } from "./store/catalog.ts";
import type { NodeRow } from "./store/changes.ts";
import { DoneIndex } from "./store/done_index.ts";
import { Fingerprints } from "./keys/fingerprint.ts";
import { Graph, type JobNode } from "./graph.ts";
import { Objects } from "./store/objects.ts";
import { ancestors, Overrides, Refused } from "./overrides.ts";
import { Presence } from "./store/presence.ts";
import { Packages } from "./keys/packages.ts";
import { later } from "./later.ts";
import { loadPlan, type Plan } from "./plan.ts";
import { type Profile, profileOf } from "./profiles.ts";
import { nearestFirst } from "../lib/nearest.ts";
import { Resolver } from "./keys/resolver.ts";
import type { EngineName } from "../lib/engine/engines.ts";

export interface WorkspaceOptions {
  /** Folder with pipeline/stages and pipeline/experiments. */
  root: string;
  /** Where results are kept, from the root. */
  store: string;
  profile: string;
  engine: EngineName;
  /** The GPU that it runs on, and its driver; part of keys. */
  device?: string;
  /** Version of Deno, by default of this one; part of keys. */
  deno?: string;
  /** `stage.parameter=value` assignments. */
  set: string[];
  /** Experiments that are asked for; all when empty or left out. */
  only?: string[];
  /** Nobody is told which experiments lack their data. */
  quiet?: boolean;
}

/** What is asked for, before anybody has looked at what is done. */
export interface Planned {
  options: WorkspaceOptions;
  root: string;
  storeDir: string;
  profile: Profile;
  objects: Objects;
  fingerprints: Fingerprints;
  plan: Plan;
  graph: Graph;
  /** Under which labels are recorded: a run with `--set` must not pass for one of the profile. */
  labelSpace: string;
}

export interface Workspace extends Planned {
  index: DoneIndex;
  resolver: Resolver;
  /** Where labels led last. */
  labels(): Promise<Map<string, NodeRow>>;
  /** Opens the database on first use: most commands do without. In a workspace for questions it is only read. */
  catalog(): Promise<Catalog>;
  /** Closes the database and saves the caches. */
  close(): Promise<void>;
}

/** A graph other than that of the experiments. */
export interface OwnGraph {
  labelSpace: string;
  build(root: string, plan: Plan): Graph | Promise<Graph>;
}

/** The caller holds the store's lock. @throws {Error} for anything wrong with graph or options */
export async function openWorkspace(options: WorkspaceOptions, own?: OwnGraph): Promise<Workspace> {
  return await openPlanned(await planWorkspace(options, own), own !== undefined);
}

/** A workspace for questions: needs no lock, and works in a store that may only be read. @throws {Error} as `openWorkspace` */
export async function readWorkspace(options: WorkspaceOptions): Promise<Workspace> {
  return await open(await planWorkspace(options), Catalog.read, false);
}

/** Looks up what is done. The caller holds the store's lock. @param own whether the graph is another than that of the experiments */
export function openPlanned(planned: Planned, own = false): Promise<Workspace> {
  return open(planned, Catalog.open, own);
}

/** @throws {Error} for anything wrong with graph or options */
export async function planWorkspace(options: WorkspaceOptions, own?: OwnGraph): Promise<Planned> {
  const root = resolve(options.root);
  const storeDir = resolve(root, options.store);
  const profile = profileOf(options.profile);
  const cacheDir = join(storeDir, "cache");
  const fingerprints = new Fingerprints(root, cacheDir, Packages.read(root));
  const { packages, hashes } = fingerprints;
  const plan = await loadPlan(root, cacheDir, packages, hashes, options.engine);
  const graph = own
    ? await own.build(root, plan)
    : buildGraph(root, plan, profile, new Overrides(options.set), options.quiet);
  if (!own && options.set.length) await checkSet(root, graph, options);
  const labelSpace = own?.labelSpace ?? profile.name + (options.set.length ? "-set" : "");
  const objects = new Objects(storeDir);
  return { options, root, storeDir, profile, objects, fingerprints, plan, graph, labelSpace };
}

async function open(
  planned: Planned,
  openCatalog: (dir: string, sum?: string) => Promise<Catalog>,
  own: boolean,
): Promise<Workspace> {
  const { options, storeDir, profile, objects, fingerprints, labelSpace } = planned;
  let opened: Promise<Catalog> | undefined;
  let closable: Catalog | undefined;
  const mirror = DoneIndex.fromMirror(storeDir);
  const catalog = () => opened ??= openCatalog(storeDir, mirror?.catalog).then((c) => closable = c);
  const index = mirror ?? await DoneIndex.fromCatalog(storeDir, await catalog());
  const resolver = new Resolver(fingerprints, index, Presence.of(objects, index), options);
  return {
    ...planned,
    index,
    resolver,
    async labels() {
      const db = await catalog();
      const mine = await db.nodes(labelSpace);
      if (own || labelSpace === profile.name) return mine;
      return new Map([...await db.nodes(profile.name), ...mine]);
    },
    catalog,
    async close() {
      fingerprints.save();
      if (!closable) return;
      await closable.close();
      // What a question learnt may be of before a run that has just ended.
      if (openCatalog === Catalog.open) index.save();
    },
  };
}

function buildGraph(
  root: string,
  plan: Plan,
  profile: Profile,
  overrides: Overrides,
  quiet = false,
): Graph {
  if (!overrides.empty) {
    const plain = new Graph(root, plan.stages, new Overrides());
    for (const experiment of plan.experiments) plain.addExperiment(experiment, profile);
    overrides.learn(plain.jobs);
  }
  const graph = new Graph(root, plan.stages, overrides);
  for (const experiment of plan.experiments) graph.addExperiment(experiment, profile);
  for (const [id, problem] of quiet ? [] : graph.unavailable) {
    console.error(`Experiment ${id} is left out: ${problem}`);
  }
  overrides.checkAllUsed(Object.keys(plan.stages));
  return graph;
}

/** @throws {UsageError} for options that no module takes; says which overrides change nothing that is asked for. */
async function checkSet(root: string, graph: Graph, { set, only = [] }: WorkspaceOptions) {
  const jobs = graph.jobs.filter(({ experiments }) =>
    !only.length || only.some((id) => experiments.has(id))
  );
  const configured = later<typeof import("./configured.ts")>("./configured.ts", import.meta.url);
  await (await configured).checkConfigured(root, jobs);
  if (!jobs.length) return; // said by who selects
  for (const text of set) {
    if (jobs.some((node) => node.set?.includes(text))) continue;
    console.error(`note: --set ${text} changes nothing in ${only.join(", ")}.`);
  }
}

/** The jobs of some experiments, or those that one job needs, with everything they are made from. */
export function selectJobs(graph: Graph, wanted: { only?: string[]; job?: string }): JobNode[] {
  if (wanted.job !== undefined) {
    const node = findJob(graph, wanted.job);
    return [...ancestors(node), node].sort((a, b) => a.index - b.index);
  }
  const only = wanted.only ?? [];
  for (const id of only.length ? only : graph.refused.keys()) {
    if (graph.results.has(id)) continue;
    const refused = graph.refused.get(id);
    if (refused) throw new Refused(refused + takers(graph));
    const from = graph.later.get(id);
    if (from) {
      throw new Error(`Experiment "${id}" begins at the profile ${from}: --profile ${from}.`);
    }
    const problem = graph.unavailable.get(id);
    if (problem) throw new Error(`Experiment "${id}" cannot be built: ${problem}`);
    const known = nearestFirst(id, [...graph.results.keys()]).join(", ") || "none";
    throw new Error(`No experiment "${id}"; the experiments are ${known}.`);
  }
  if (!only.length) return graph.jobs;
  return graph.jobs.filter((node) => only.some((id) => node.experiments.has(id)));
}

/** @param name label, unique end or part of a label. @throws {Error} when none or several match */
export function findJob(graph: Graph, name: string): JobNode {
  const exact = graph.byLabel.get(name);
  if (exact) return exact;
  const labels = [...graph.byLabel.keys()];
  for (const test of [(l: string) => l.endsWith(name), (l: string) => l.includes(name)]) {
    const found = labels.filter(test);
    const nodes = new Set(found.map((label) => graph.byLabel.get(label)!));
    if (nodes.size === 1) return [...nodes][0];
    if (nodes.size > 1) {
      const shown = found.slice(0, 8).join("\n  ");
      throw new Error(`"${name}" matches ${nodes.size} jobs; name one of\n  ${shown}`);
    }
  }
  const refused = graph.refused.get(name.split("/")[0]);
  if (refused) throw new Refused(refused);
  const hint = nearestFirst(name, labels).slice(0, 5).join("\n  ");
  throw new Error(
    `No job "${name}" in this profile; the nearest labels are\n  ${hint || "(none)"}`,
  );
}

/** The experiments that a user may choose instead. */
function takers({ jobs, results }: Graph): string {
  const changed = new Set(
    jobs.flatMap(({ set, experiments }) => set?.length ? [...experiments] : []),
  );
  const ids = [...results.keys()].filter((id) => changed.has(id));
  return ids.length ? ` Those of this profile that can: ${ids.join(", ")}.` : "";
}
