/** @file What the jobs of a demonstration are keyed by, as a new process would find it. */
import { sha256 } from "../../../pipeline/content/canonical.ts";
import {
  openWorkspace,
  type Workspace,
  type WorkspaceOptions,
} from "../../../pipeline/workspace.ts";
import type { Demo } from "../helpers.ts";

export function open(demo: Demo, over: Partial<WorkspaceOptions> = {}): Promise<Workspace> {
  const { root } = demo;
  return openWorkspace({
    ...{ root, store: ".store", profile: "smoke", engine: "ort", set: [] },
    ...over,
  });
}

/** Label to key, where every job leaves a content that depends on its label alone. */
export async function keysOf(
  demo: Demo,
  over: Partial<WorkspaceOptions> = {},
): Promise<Record<string, string>> {
  const workspace = await open(demo, over);
  try {
    const { graph, resolver } = workspace;
    for (const node of graph.jobs) {
      const resolution = await resolver.resolve(node);
      if (resolution.state !== "stale") throw new Error(`${node.label} is ${resolution.state}`);
      resolver.finished(node, resolution.key, sha256(node.label), []);
    }
    return Object.fromEntries(
      graph.jobs.flatMap((node) => node.labels.map((label) => [label, resolver.keys.get(node)!])),
    );
  } finally {
    await workspace.close();
  }
}

/** Labels whose keys differ, sorted. */
export function moved(before: Record<string, string>, after: Record<string, string>): string[] {
  return Object.keys(before).filter((label) => before[label] !== after[label]).sort();
}
