/**
 * @file Which earlier job a job is the same as, should its programs turn out to have the same bytes: after an edit of the engine that
 * changes how programs are made, but not what is made, training need not run again.
 */
import { keyOf } from "./ingredients.ts";
import type { Catalog } from "../store/catalog.ts";
import type { DoneIndex } from "../store/done_index.ts";
import { hashFile, type Objects } from "../store/objects.ts";
import type { JobNode } from "../graph.ts";
import type { Ingredients } from "../content/ingredients.ts";
import type { Fingerprints } from "./fingerprint.ts";

/**
 * The key of all that a job is made of but its programs: what makes these is left out, and what runs them is in. Undefined for jobs
 * without an engine, and for engines that have no bytes of a program.
 */
export async function programBase(
  { fingerprints }: { fingerprints: Fingerprints },
  node: JobNode,
  ingredients: Ingredients,
): Promise<string | undefined> {
  const { engine, ...modules } = node.modules;
  const runtime = engine && await fingerprints.ofRule(`${engine.path}#runtime`);
  if (!runtime) return undefined;
  const own = await fingerprints.of(node.stage.path, modules);
  const { rules: _, ...rest } = ingredients;
  return keyOf({
    ...rest,
    code: `${own.code} ${runtime.code}`,
    packages: { ...own.packages, ...runtime.packages },
  });
}

/** Keys of jobs of that base whose artifacts are there and whole, by the digests of their programs. */
export async function knownPrograms(
  { index, objects }: { index: DoneIndex; objects: Objects },
  catalog: Catalog,
  base: string,
): Promise<Record<string, string>> {
  const known: Record<string, string> = {};
  for (const { key, digests } of await catalog.programs(base)) {
    const artifact = index.jobs.get(key)?.objects;
    if (artifact?.every((hash) => hashFile(objects.path(hash)) === hash)) known[digests] = key;
  }
  return known;
}
