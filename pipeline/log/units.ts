/** @file What the jobs of experiments are logged as. */
import type { JobNode } from "../graph.ts";
import type { EngineName } from "../../lib/engine/engines.ts";
import type { Unit } from "./feed.ts";
import type { Commit } from "./git.ts";

/** Every job is a logged run of its own, under its first label. */
export function unitsOf(nodes: JobNode[], engine: EngineName, commit: Commit | null): Unit[] {
  return nodes.map((node) => {
    const [group, ...rest] = node.label.split("/");
    return {
      group,
      name: rest.join("/"),
      config: {
        ...node.params as Record<string, unknown>,
        stage: node.stage.name,
        ...(node.stage.usesEngine ? { engine } : {}),
        ...(commit ?? {}),
      },
      jobs: [{ node, as: "" }],
    };
  });
}
