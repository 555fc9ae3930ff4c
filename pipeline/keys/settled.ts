/**
 * @file That everything was done, recognised when the same is asked again: no key is computed and no index read.
 *
 * Every key is a function of the jobs as they are asked for, of what these have in common (surroundings.ts), of rules, and of contents that
 * the catalogue has; whether a job is done, of its key, the catalogue and the objects that are there. A run that finds all done keeps
 * hashes of these in `<store>/cache/settled-<space>.json`; where each of them is the same, so is the answer. Whatever differs, even if
 * it makes no difference, has every job looked up again.
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { canonical } from "../content/canonical.ts";
import type { Graph, JobNode } from "../graph.ts";
import { hashOfCatalog } from "../store/catalog_files.ts";
import type { DoneIndex } from "../store/done_index.ts";
import type { Objects } from "../store/objects.ts";
import { Presence } from "../store/presence.ts";
import { readSealed, writeSealed } from "../store/sealed.ts";
import { entryText, type Fingerprints } from "./fingerprint.ts";
import { keyOf } from "./ingredients.ts";
import { codeOfRule, type Resolver } from "./resolver.ts";
import { type RunsOn, Surroundings } from "./surroundings.ts";

/** What a graph is asked of. */
interface Asked {
  options: RunsOn;
  storeDir: string;
  labelSpace: string;
  objects: Objects;
  fingerprints: Fingerprints;
  graph: Graph;
}

/** What a run is about to say, and to publish. */
export interface Found {
  /** sha256 of the keys, in the order of the jobs. */
  keys: string;
  /** Objects of the tables that are there, by experiment. */
  tables: Record<string, string[]>;
}

interface Saved extends Found {
  /** sha256 of the catalogue. */
  catalog: string;
  /** See {@linkcode hashOfAsked}. */
  asked: string;
  /** Codes of the rules that keys were made of, by name. */
  rules: Record<string, string>;
}

/** What the run before found, where it would be found again; undefined where every job has to be looked up. */
export async function recall(asked: Asked, nodes: readonly JobNode[]): Promise<Found | undefined> {
  const saved = readSealed(placeOf(asked), "settled") as Saved | undefined;
  if (!saved || saved.asked !== await hashOfAsked(asked, nodes)) return undefined;
  for (const [rule, code] of Object.entries(saved.rules)) {
    if (await codeOfRule(asked.fingerprints, rule) !== code) return undefined;
  }
  if (hashOfCatalog(asked.storeDir) !== saved.catalog) return undefined;
  return Presence.isWhole(asked.objects, saved.catalog) ? saved : undefined;
}

/** Keeps for the next run that each of these jobs is done, and its label recorded; the catalogue has not changed since it was indexed. */
export async function remember(
  asked: Asked & { index: DoneIndex; resolver: Resolver },
  nodes: readonly JobNode[],
): Promise<void> {
  const { catalog } = asked.index;
  if (catalog === undefined) return;
  const saved: Saved = {
    ...{ catalog, asked: await hashOfAsked(asked, nodes), rules: asked.resolver.rules },
    ...foundOf(asked, nodes),
  };
  writeSealed(placeOf(asked), "settled", saved);
}

/** What is known of these jobs, whether or not they are all done. */
export function foundOf(
  { graph, index, resolver }: { graph: Graph; index: DoneIndex; resolver: Resolver },
  nodes: readonly JobNode[],
): Found {
  const hash = createHash("sha256");
  for (const node of nodes) hash.update(`${resolver.keys.get(node)}\n`, "utf8");
  const wanted = new Set(nodes);
  const tables: Found["tables"] = {};
  for (const [experiment, node] of graph.results) {
    const key = wanted.has(node) ? resolver.keys.get(node) : undefined;
    const done = key === undefined ? undefined : index.jobs.get(key);
    if (done) tables[experiment] = done.objects;
  }
  return { keys: hash.digest("hex"), tables };
}

const placeOf = ({ storeDir, labelSpace }: Asked) =>
  join(storeDir, "cache", `settled-${labelSpace}.json`);

/** So many characters are hashed at once. */
const PIECE = 1 << 12;

/** One hash for the jobs, their labels, the files that they read, and all that is in their keys but rules and the contents of done jobs. */
async function hashOfAsked(
  { graph, fingerprints, options }: Asked,
  nodes: readonly JobNode[],
): Promise<string> {
  const surroundings = new Surroundings(fingerprints.packages, options);
  const seen = new Map<string, number>();
  const hash = createHash("sha256");
  let text = "";
  for (const { stage, modules, index, identity, label } of nodes) {
    const entry = entryText(stage.path, modules);
    let code = seen.get(entry);
    if (code === undefined) {
      seen.set(entry, code = seen.size);
      const fingerprint = await fingerprints.of(stage.path, modules);
      const shared = { ...surroundings.of(stage, fingerprint), params: undefined, inputs: {} };
      text += `code ${keyOf(shared)} ${canonical(fingerprint.tables)}\n`;
    }
    text += `${index} ${code} ${identity} ${canonical(label)}\n`;
    if (text.length < PIECE) continue;
    hash.update(text, "utf8");
    text = "";
  }
  for (const { path, name, content } of graph.files) {
    text += `${canonical([path, name, content])}\n`;
  }
  return hash.update(text, "utf8").digest("hex");
}
