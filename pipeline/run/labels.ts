/** @file Where the labels of jobs lead, whether those ran now or were done before. */
import { sha256 } from "../content/canonical.ts";
import type { JobNode } from "../graph.ts";
import type { Catalog } from "../store/catalog.ts";
import type { NodeRow } from "../store/changes.ts";
import type { Workspace } from "../workspace.ts";
import type { Scheduler } from "./scheduler.ts";

/**
 * Notes where every label leads, so that `why` compares with the right earlier job.
 *
 * @returns false where that was noted before, so that the catalogue is as it was
 */
export async function recordLabels(workspace: Workspace, scheduler: Scheduler): Promise<boolean> {
  const { resolver, index, labelSpace } = workspace;
  const nodes = [...scheduler.statuses.keys()];
  const isDone = (node: JobNode) => resolver.contentOf(node) !== undefined;
  // Not canonical: a list has one spelling, and this one is quick.
  const stamp = JSON.stringify(
    nodes.map((n) => [n.label, resolver.keys.get(n) ?? null, isDone(n)]),
  );
  const hash = sha256(stamp);
  if (index.nodes[labelSpace] === hash) return false;
  const catalog = await workspace.catalog();
  await recordNodes(catalog, labelSpace, nodes, (node) => ({
    key: resolver.keys.get(node),
    done: isDone(node),
  }));
  await recordInputs(
    catalog,
    nodes.filter(isDone),
    (node) => isDone(node) ? resolver.keys.get(node) : undefined,
  );
  index.nodes[labelSpace] = hash;
  return true;
}

/** Records where labels lead. */
export async function recordNodes(
  catalog: Catalog,
  profile: string,
  nodes: JobNode[],
  keyOf: (node: JobNode) => { key?: string; done: boolean },
): Promise<void> {
  const before = await catalog.nodes(profile);
  const rows: NodeRow[] = [];
  for (const node of nodes) {
    const { key, done } = keyOf(node);
    if (key === undefined) continue;
    for (const label of node.labels) {
      const old = before.get(label);
      const doneKey = done ? key : old?.doneKey ?? null;
      if (old?.key !== key || old.doneKey !== doneKey) rows.push({ label, key, doneKey });
    }
  }
  await catalog.setNodes(profile, rows);
}

/**
 * A job that was done all along may have been cut off from inputs that ran again to the same bytes:
 * its provenance now leads to those, not to jobs that gc may take.
 */
export async function recordInputs(
  catalog: Catalog,
  nodes: JobNode[],
  keyOf: (node: JobNode) => string | undefined,
): Promise<void> {
  const recorded = new Map<string, string | null>();
  for (const row of await catalog.query("SELECT job_key, name, job_key_of_input FROM input")) {
    recorded.set(`${row.job_key} ${row.name}`, row.job_key_of_input as string | null);
  }
  const moved: { key: string; name: string; input: string }[] = [];
  for (const node of nodes) {
    const key = keyOf(node);
    for (const [name, input] of Object.entries(node.inputs)) {
      const now = input.kind === "job" ? keyOf(input) : undefined;
      const before = recorded.get(`${key} ${name}`);
      if (key && now && before && before !== now) moved.push({ key, name, input: now });
    }
  }
  await catalog.moveInputs(moved);
}
