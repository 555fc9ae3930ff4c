/**
 * @file Jobs in classes of equal cost, so that one measurement serves all jobs of a class.
 *
 * A stage says by `pilot` what its cost depends on. Jobs of a stage that says nothing are one class,
 * which no pilot can measure; only earlier runs know something about it.
 */
import type { JobNode, Node } from "../graph.ts";
import { canonical } from "../keys/canonical.ts";
import type { Fingerprints } from "../keys/fingerprint.ts";
import type { StagePart } from "../plan.ts";
import type { EngineName, Pilot, PilotInput } from "../stage.ts";

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
): Promise<CostClass[]> {
  const classes = new Map<string, CostClass>();
  for (const node of nodes) {
    const { stage } = node;
    const { code, packages } = await fingerprints.of(stage.path, node.modules);
    const pilot = pilotOf(node);
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

/** What the stage of a job says about its cost. @throws {Error} for a pilot that cannot be one */
export function pilotOf(node: JobNode): Pilot | undefined {
  const inputs = Object.entries(node.inputs).map(([name, input]) => [name, pilotInput(input)]);
  return checked(node.stage.pilot?.(node.params, Object.fromEntries(inputs)), node.label);
}

export function checked(pilot: Pilot | undefined, label: string): Pilot | undefined {
  if (!pilot) return undefined;
  const { units, of } = pilot;
  if (units > 0 && of >= units) return pilot;
  throw new Error(
    `The pilot of ${label} does ${units} of ${of} units; it must do at least one and no more than ` +
      `the job.`,
  );
}

function pilotInput(node: Node): PilotInput {
  return node.kind === "file"
    ? { stage: "file", params: { name: node.name } }
    : { stage: node.stage.name, params: node.params };
}
