/**
 * @file Says why a job is not done: compares what it is made of now with what it was made of last.
 */
import type { Catalog } from "../store/catalog.ts";
import type { NodeRow } from "../store/changes.ts";
import type { DoneIndex } from "../store/done_index.ts";
import type { Objects } from "../store/objects.ts";
import type { Fingerprints } from "./fingerprint.ts";
import type { JobNode } from "../graph.ts";
import { type Change, compare } from "./ingredients.ts";
import { knownPrograms, programBase } from "./programs.ts";
import type { Stale } from "./resolver.ts";

/**
 * @param last where the job's label led before, when it is known
 * @returns one line for each ingredient that changed, or what else keeps the job from being done
 */
export async function reasons(
  node: JobNode,
  stale: Stale,
  last: NodeRow | undefined,
  catalog: Catalog,
  workspace: { fingerprints: Fingerprints; index: DoneIndex; objects: Objects },
): Promise<string[]> {
  const { fingerprints } = workspace;
  const failed = await catalog.failure(stale.key);
  const note = failed === undefined
    ? []
    : [`its last run failed: ${failed.split("\n")[0]}`, ...await curveOf(stale.key, catalog)];
  const damaged = await catalog.isDamaged(stale.key);
  if (stale.missing) {
    const how = damaged ? "was found damaged by verify" : "is missing";
    return [`output: object ${stale.missing.slice(0, 12)} ${how}`, ...note];
  }
  if (damaged) return ["output: an object was found damaged by verify", ...note];
  const before = last?.doneKey ? await catalog.ingredients(last.doneKey) : undefined;
  if (!before) return ["it never ran to its end under this label", ...note];
  const details = new Map(
    await Promise.all(
      [before.code, stale.ingredients.code].map(async (code) =>
        [code, fingerprints.detail(code) ?? await catalog.codeDetail(code)] as const
      ),
    ),
  );
  const changes = compare(before, stale.ingredients, (code) => details.get(code));
  const lines = changes.map(describe);
  if (!lines.length) return [`the artifact of ${node.label} is gone`, ...note];
  // Of other parameters or inputs the programs alone say nothing.
  const ofCode = changes.every(({ ingredient }) =>
    ["code", "rule", "package"].includes(ingredient)
  );
  const base = ofCode ? await programBase(workspace, node, stale.ingredients) : undefined;
  const same = base === undefined
    ? []
    : Object.values(await knownPrograms(workspace, catalog, base));
  const end = same.length
    ? [
      `unless its programs have the bytes of those of job ${
        same.map((key) => key.slice(0, 12)).join(" or ")
      }: then it ends there, with the results of that one`,
    ]
    : [];
  return [...lines, ...end, ...note];
}

/** Where the curve of a job that failed is to be found, and how far it came; a curve that an earlier run left whole is not its own. */
async function curveOf(key: string, catalog: Catalog): Promise<string[]> {
  const [row] = await catalog.query(
    "SELECT count(*) AS points, count(DISTINCT name) AS curves, max(step) AS last FROM metric WHERE job_key = $key " +
      "AND NOT EXISTS (SELECT 1 FROM job WHERE key = $key)",
    { key },
  );
  if (!row?.points) return [];
  return [
    `its curves are kept up to step ${row.last}: table metric of the catalogue, job_key ${key} ` +
    `(${row.points} points of ${row.curves} curves)`,
  ];
}

function describe({ ingredient, text }: Change): string {
  return `${ingredient}: ${text}`;
}
