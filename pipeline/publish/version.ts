/** @file Whether a published table is what the project of today would make, told without a store. */
import { canonical } from "../content/canonical.ts";
import type { JobNode, Node } from "../graph.ts";
import type { Fingerprints } from "../keys/fingerprint.ts";
import type { WorkspaceOptions } from "../workspace.ts";
import type { JobRecord } from "./source.ts";

/**
 * Compares the jobs behind a table with those that the plan has for it: stage, parameters, code and engine of each. Versions of
 * packages and the bytes of input files are not published, so a change of these alone goes unseen.
 *
 * @param jobs as published
 * @param table the job that makes the table now
 */
export async function isOfPlan(
  jobs: readonly JobRecord[],
  table: JobNode,
  fingerprints: Fingerprints,
  { engine }: Pick<WorkspaceOptions, "engine">,
): Promise<boolean> {
  const byLabel = new Map(jobs.map((job) => [job.label, job]));
  const met = new Set<Node>([table]);
  const stack: Node[] = Object.values(table.inputs);
  for (let node; (node = stack.pop());) {
    if (node.kind === "file" || met.has(node)) continue;
    met.add(node);
    const { stage, params, modules, labels } = node;
    const job = labels.map((label) => byLabel.get(label)).find((job) => job !== undefined);
    if (!job || job.stage !== stage.name || canonical(job.params) !== canonical(params)) {
      return false;
    }
    if (job.engine !== (stage.usesEngine ? engine : "")) return false;
    if (job.code !== (await fingerprints.of(stage.path, modules)).code) return false;
    for (const input of Object.values(node.inputs)) stack.push(input);
  }
  return met.size === jobs.length + 1;
}
