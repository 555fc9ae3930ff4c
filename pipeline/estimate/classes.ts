/**
 * @file Jobs in classes of equal cost, so that one measurement serves all jobs of a class.
 *
 * A stage's pilot says what its cost depends on. Jobs of a stage without one are one class, which can only
 * be estimated by earlier runs.
 */
import type { JobNode } from "../graph.ts";
import { canonical } from "../content/canonical.ts";
import type { Fingerprints } from "../keys/fingerprint.ts";
import type { StagePart } from "../stage.ts";
import type { EngineName } from "../../lib/engine/engines.ts";
import { type Pilot, type PilotOf, pilotOf } from "./pilot.ts";

export interface CostClass {
  id: string;
  stage: StagePart;
  jobs: { node: JobNode; pilot?: Pilot }[];
}

/** What makes a measurement count for a job: code and packages of today, and the engine. */
export interface Circumstances {
  stage: string;
  code: string;
  packages: Record<string, string>;
  engine: EngineName | null;
}

export function classId(circumstances: Circumstances, pilot: Pilot | undefined): string {
  return canonical([circumstances, pilot ? [pilot.class, pilot.units] : null]);
}

/** In the order of the jobs. */
export async function classify(
  nodes: JobNode[],
  fingerprints: Fingerprints,
  engine: EngineName,
  pilots: Record<string, PilotOf>,
): Promise<CostClass[]> {
  const classes = new Map<string, CostClass>();
  for (const node of nodes) {
    const { stage } = node;
    const { code, packages } = await fingerprints.of(stage.path, node.modules);
    const pilot = pilotOf(node, pilots);
    const id = classId(
      { stage: stage.name, code, packages, engine: stage.usesEngine ? engine : null },
      pilot,
    );
    const found = classes.get(id) ?? { id, stage, jobs: [] };
    classes.set(id, found);
    found.jobs.push({ node, pilot });
  }
  return [...classes.values()];
}
